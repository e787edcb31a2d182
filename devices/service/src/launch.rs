//! What stands between this device and its program: this same file once more, which binds its life to the device's and then
//! becomes the program. So no code of ours runs between fork and exec.

use rustix::process::{getpid, getppid, set_parent_process_death_signal, Signal};
use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

/// Followed by the device's process id, the program, and its arguments. Only this device writes it.
const BECOME: &str = "--become";
/// What a shell answers when it cannot run a program.
const CANNOT_RUN: i32 = 126;

/// The command that starts `program` with `arguments`. This file is told what it is by the same first words as now.
pub fn command(program: &Path, arguments: &[String]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(std::env::args_os().skip(1))
        .arg(BECOME)
        .arg(getpid().as_raw_nonzero().to_string())
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .process_group(0);
    Ok(command)
}

/// Becomes the program, if the arguments say so; comes back only when that failed, with the exit code.
pub fn take_over(args: impl Iterator<Item = OsString>) -> Option<i32> {
    let mut words = args.skip_while(|word| word != BECOME).skip(1);
    let (device, program) = (words.next()?, words.next()?);
    let error = become_program(&device, &program, words);
    eprintln!("<error> cannot run {}: {error}", program.display());
    Some(CANNOT_RUN)
}

fn become_program(
    device: &OsStr,
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
) -> io::Error {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // The device may have died before the line above: then nobody would end the program.
    let parent = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if parent.as_deref().map(OsStr::new) != Some(device) {
        return io::Error::other("the device that started it is gone");
    }
    Command::new(program).args(arguments).exec()
}
