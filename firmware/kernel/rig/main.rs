//! What the process tests of the kernel run: the kernel itself, its jail, and a device that does what it is told.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod habits;
mod puppet;
mod wire;

use std::path::Path;
use std::process::exit;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let verb = args.next().unwrap_or_default();
    match verb.to_str() {
        Some("jail") => exit(dkvm_kernel::jail::main(args)),
        Some("kernel") => {
            let config = args.next().expect("dkvm-rig kernel CONFIG");
            if let Err(error) = dkvm_kernel::run(Path::new(&config)) {
                eprintln!("{error}");
                exit(1);
            }
        }
        Some("puppet") => puppet::run(args.filter_map(|arg| arg.into_string().ok()).collect()),
        Some("habit") => habits::run(&args.next().unwrap_or_default().to_string_lossy()),
        _ => {
            eprintln!("dkvm-rig kernel CONFIG | jail … | puppet [PRODUCES:CLASS…] [+CONSUMES…] | habit NAME");
            exit(64);
        }
    }
}
