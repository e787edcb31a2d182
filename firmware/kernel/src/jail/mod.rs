//! `dkvm jail OPTIONS -- COMMAND…`: what stands between the kernel and a device. It gives up all that the
//! device does not need, and becomes the device.
//!
//! Each step is a safe call in this one thread. A step that protects and fails ends the device; one that this
//! Linux does not know (landlock, seccomp) or that only makes things better (priority) costs a warning.

mod error;
mod files;
mod limits;
mod options;
mod priority;
mod privileges;
mod syscalls;

pub use error::JailError;
pub use options::{Identity, JailOptions, OptionsError};

use rustix::fs::Mode;
use rustix::process::{
    getppid, set_parent_process_death_signal, setpgid, setpriority_process, umask, Signal,
};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Files that a device makes are not for others: rwxr-x---.
const UMASK: u32 = 0o027;
/// After stdin, stdout and stderr.
const FIRST_FOREIGN: i32 = 3;

/// Becomes the command. Returns only when that failed, with the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> i32 {
    let failed = JailOptions::parse(args)
        .map_err(JailError::from)
        .and_then(|options| enter(&options));
    let Err(error) = failed else { return 0 };
    eprintln!("<error> {error}");
    error.exit_code().code()
}

/// Never returns `Ok`: then it is another program.
fn enter(options: &JailOptions) -> Result<(), JailError> {
    let warn = |text: String| {
        if options.tell {
            eprintln!("<warn> {text}");
        }
    };
    // The kernel has made it the leader of its group already; by hand it may not be.
    let _ = setpgid(None, None);
    umask(Mode::from_raw_mode(UMASK));
    // What whoever started the kernel left open is none of the device's business.
    close_fds::set_fds_cloexec(FIRST_FOREIGN, &[]);
    limits::set(options.realtime, options.identity.is_some())?;
    set_priority(options);
    let root = options
        .identity
        .as_ref()
        .is_some_and(|identity| identity.uid == 0);
    if let Some(identity) = &options.identity {
        privileges::give_up(identity, privileges::kept(options))?;
    }
    die_with_parent(options.parent)?;
    rustix::thread::set_no_new_privs(true)
        .map_err(|e| JailError::step("give up new privileges", e))?;
    // root keeps its files: configfs and device nodes have no fixed place.
    if options.identity.is_some() && !root {
        files::confine(options, &warn)?;
        syscalls::confine(options.network, privileges::kept(options), &warn)?;
    }
    let source = Command::new(&options.command[0])
        .args(&options.command[1..])
        .exec();
    Err(JailError::Exec {
        program: options.command[0].clone(),
        source,
    })
}

fn set_priority(options: &JailOptions) {
    priority::set(options.realtime);
    if let Err(e) = setpriority_process(None, options.nice) {
        eprintln!("<warn> cannot set the nice value {}: {e}", options.nice);
    }
}

/// After the change of user, which clears it. The kernel may have died before: then nobody would end us.
fn die_with_parent(parent: u32) -> Result<(), JailError> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|e| JailError::step("bind its life to the kernel's", e))?;
    let now = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if parent != 0 && now != parent {
        return Err(JailError::Orphan);
    }
    Ok(())
}
