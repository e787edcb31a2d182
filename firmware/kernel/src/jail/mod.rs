//! `dkvm jail OPTIONS -- COMMAND…`: what stands between the kernel and a device. It gives up all that the
//! device does not need, and becomes the device.

mod options;

pub use options::{Identity, JailOptions, OptionsError};

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Becomes the command. Returns only when that failed, with the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> i32 {
    let options = match JailOptions::parse(args) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("<error> {error}");
            return dkvm_wire::ExitCode::BadConfig.code();
        }
    };
    let error = Command::new(&options.command[0]).args(&options.command[1..]).exec();
    eprintln!("<error> cannot run {:?}: {error}", options.command[0]);
    dkvm_wire::ExitCode::BadConfig.code()
}
