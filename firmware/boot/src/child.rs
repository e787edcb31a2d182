//! Programs that may hang, since a dying card can hold a process in the kernel where not even SIGKILL reaches it.

use rustix::event::{poll, PollFd, PollFlags, Timespec};
use std::io::{self, PipeReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use thiserror::Error;

/// What a program may say: no more is kept in memory.
const MOST_OUTPUT: usize = 64 * 1024;

/// Why there is no result of a program.
#[derive(Debug, Error)]
pub enum ChildError {
    /// It is not there, or cannot run.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It takes too long.
    #[error("{program} did not end within {} s", deadline.as_secs())]
    Late {
        /// Its name.
        program: String,
        /// What it was given.
        deadline: Duration,
        /// What it wrote until then.
        output: String,
    },
}

/// What a program that ended has left.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it wrote, both outputs.
    pub output: String,
}

/// Runs a program to its end, or gives up at the deadline: it is killed then, and nobody waits for it to obey.
pub fn run(command: &mut Command, deadline: Duration) -> Result<Ended, ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let start = |source| ChildError::Start {
        program: program.clone(),
        source,
    };
    let (mut child, mut reader) = spawn(command).map_err(start)?;
    let left = || deadline.saturating_sub(started.elapsed());
    let output = read_until(&mut reader, left);
    // The reader stays until the end: a late one that still talks would die of its loss, and pass for one that has ended.
    if let Some(status) = wait_until(&mut child, left) {
        return Ok(Ended { status, output });
    }
    let _ = child.kill();
    Err(ChildError::Late {
        program,
        deadline,
        output,
    })
}

fn spawn(command: &mut Command) -> io::Result<(Child, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    let child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn();
    // The command keeps our ends of the pipe, and with them it would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok((child?, reader))
}

fn read_until(reader: &mut PipeReader, left: impl Fn() -> Duration) -> String {
    let mut output = Vec::new();
    let mut chunk = [0; 4096];
    while is_readable(reader, left()) {
        match reader.read(&mut chunk) {
            // What is too much is read all the same: without a reader Linux ends the program in the middle of its work.
            Ok(n) if n > 0 => output.extend_from_slice(&chunk[..n.min(MOST_OUTPUT - output.len())]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&output).into_owned()
}

fn is_readable(fd: &impl std::os::fd::AsFd, left: Duration) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let timeout = Timespec::try_from(left).ok();
    !left.is_zero() && poll(&mut fds, timeout.as_ref()).is_ok_and(|ready| ready > 0)
}

/// Waits for a program that was started before; at the deadline it is left alone.
pub fn finish(mut child: Child, deadline: Duration) {
    let started = Instant::now();
    wait_until(&mut child, || deadline.saturating_sub(started.elapsed()));
}

fn wait_until(child: &mut Child, left: impl Fn() -> Duration) -> Option<ExitStatus> {
    let pid = rustix::process::Pid::from_child(child);
    let fd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?;
    is_readable(&fd, left());
    child.try_wait().ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, deadline: Duration) -> Result<Ended, ChildError> {
        run(Command::new("/bin/sh").args(["-c", script]), deadline)
    }

    #[test]
    fn output_and_status() {
        let ended = sh("echo a; echo b >&2; exit 3", Duration::from_secs(60)).expect("it ends");
        assert_eq!(
            (ended.output.as_str(), ended.status.code()),
            ("a\nb\n", Some(3))
        );
    }

    #[test]
    fn one_that_hangs_is_given_up() {
        let late = sh("echo a; exec sleep 1000", Duration::from_secs(1));
        let Err(ChildError::Late { output, .. }) = late else {
            panic!("it is not late: {late:?}");
        };
        assert_eq!(output, "a\n");
    }

    #[test]
    fn one_that_is_not_there() {
        let none = run(
            &mut Command::new("/nowhere/mke2fs"),
            Duration::from_secs(60),
        );
        assert!(matches!(none, Err(ChildError::Start { .. })));
    }

    #[test]
    fn one_that_says_too_much_comes_to_its_own_end() {
        let ended = sh("exec head -c 1000000 /dev/zero", Duration::from_secs(60)).expect("it ends");
        assert_eq!(
            (ended.output.len(), ended.status.code()),
            (MOST_OUTPUT, Some(0))
        );
    }

    #[test]
    fn one_that_talks_without_end_is_given_up() {
        let late = sh("exec yes", Duration::from_secs(1));
        let Err(ChildError::Late { output, .. }) = late else {
            panic!("it is not late: {:?}", late.map(|ended| ended.status));
        };
        assert!(output.len() <= MOST_OUTPUT);
    }
}
