//! A program whose life is bound to this device's: dnsmasq keeps its port, and one that outlived us would keep it from the
//! next. This program starts itself for it: Linux's "end with your parent" is set by the child, and stays over exec.

use rustix::process::{getppid, set_parent_process_death_signal, Signal};
use std::{
    env,
    ffi::OsString,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{self, Command},
};

/// Says that the words after it are the parent's number and a command.
const WORD: &str = "--bound-to";
/// What sysexits.h calls a failure that may pass.
const FAILED: i32 = 75;

/// The program and the first words of the command that runs another bound to this process.
pub fn prefix() -> (PathBuf, Vec<OsString>) {
    // Linux's name for us also where the file was replaced by an update.
    let program = PathBuf::from("/proc/self/exe");
    let mut words: Vec<_> = env::args_os().skip(1).collect();
    words.extend([WORD.into(), process::id().to_string().into()]);
    (program, words)
}

/// Becomes the other program where this process was started for that; returns only when it could not, with the exit code.
pub fn run_if_asked() -> Option<i32> {
    let mut words = env::args_os().skip_while(|word| word != WORD).skip(1);
    let parent = words.next()?;
    let program = words.next()?;
    if let Err(error) = bind(&parent) {
        eprintln!(
            "cannot bind the life of {} to this device's: {error}",
            program.display()
        );
        return Some(FAILED);
    }
    let error = Command::new(&program).args(words).exec();
    eprintln!(
        "cannot start {}: {error}; is it in the image?",
        program.display()
    );
    Some(FAILED)
}

fn bind(parent: &OsString) -> std::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before: then nobody would end us.
    let now = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if now.as_deref() == parent.to_str() {
        return Ok(());
    }
    Err(std::io::Error::other("it is gone already"))
}
