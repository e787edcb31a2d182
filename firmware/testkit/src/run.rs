use crate::{
    launch::{Body, How, Program},
    log::Log,
    Failure, Launch,
};
use rustix::{
    event::{poll, PollFd, PollFlags, Timespec},
    process::{kill_process_group, pidfd_open, test_kill_process_group, Pid, PidfdFlags, Signal},
};
use std::{
    fmt,
    os::{
        fd::OwnedFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, Stdio},
    sync::mpsc::{sync_channel, Receiver},
    thread,
    time::Duration,
};

/// How a device ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A device under test, running.
pub(crate) struct Run {
    life: Life,
    end: Option<End>,
    pub(crate) log: Log,
}

enum Life {
    Process(Child),
    Thread(Receiver<i32>),
}

/// The fake kernel's ends of the pipes.
pub(crate) struct Pipes {
    pub(crate) to_device: OwnedFd,
    pub(crate) from_device: OwnedFd,
}

pub(crate) fn start(launch: Launch) -> Result<(Run, Pipes), Failure> {
    match launch.how {
        How::Process(program) => start_process(&program),
        How::Thread(body) => start_thread(body),
    }
}

fn start_process(program: &Program) -> Result<(Run, Pipes), Failure> {
    let mut child = Command::new(&program.path)
        .args(&program.args)
        .envs(program.env.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| {
            Failure::new(format!(
                "{} cannot be started: {error}",
                program.path.display()
            ))
        })?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Failure::new("the device's pipes are not there"));
    };
    let run = Run {
        life: Life::Process(child),
        end: None,
        log: Log::read(stderr),
    };
    Ok((
        run,
        Pipes {
            to_device: stdin.into(),
            from_device: stdout.into(),
        },
    ))
}

fn start_thread(body: Body) -> Result<(Run, Pipes), Failure> {
    let (device_input, to_device) = std::io::pipe()?;
    let (from_device, device_output) = std::io::pipe()?;
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        let code = body(device_input.into(), device_output.into());
        // A test that is over does not listen.
        let _ = sender.send(code);
    });
    let run = Run {
        life: Life::Thread(receiver),
        end: None,
        log: Log::default(),
    };
    Ok((
        run,
        Pipes {
            to_device: to_device.into(),
            from_device: from_device.into(),
        },
    ))
}

impl Run {
    /// Waits for its end.
    pub(crate) fn wait(&mut self, patience: Duration) -> Option<End> {
        if self.end.is_none() {
            self.end = self.life.wait(patience);
        }
        self.end
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        match &self.life {
            Life::Process(child) => Some(child.id()),
            Life::Thread(_) => None,
        }
    }

    /// Whether any process of its group is left.
    pub(crate) fn has_leftovers(&self) -> bool {
        self.group()
            .is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let group = self
            .group()
            .ok_or_else(|| Failure::new("a device in this process takes no signal"))?;
        kill_process_group(group, signal)
            .map_err(|error| Failure::new(format!("no signal: {error}")))
    }

    fn group(&self) -> Option<Pid> {
        self.pid()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Nothing of a test outlives it. Children of a device that is dead already are in its group too.
        let _ = self.signal(Signal::KILL);
        if let Life::Process(child) = &mut self.life {
            let _ = child.wait();
        }
    }
}

impl Life {
    fn wait(&mut self, patience: Duration) -> Option<End> {
        match self {
            Self::Thread(receiver) => receiver.recv_timeout(patience).ok().map(End::Exit),
            Self::Process(child) => {
                wait_readable(child, patience)?;
                let status = child.wait().ok()?;
                status
                    .code()
                    .map(End::Exit)
                    .or(status.signal().map(End::Signal))
            }
        }
    }
}

fn wait_readable(child: &Child, patience: Duration) -> Option<()> {
    let pid = Pid::from_raw(i32::try_from(child.id()).ok()?)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let timeout = Timespec::try_from(patience).ok()?;
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)).ok()?;
    (ended > 0).then_some(())
}
