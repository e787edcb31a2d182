//! The program while it runs.

use crate::{config::Config, find, launch, Error};
use dkvm_sdk::{Fault, Link};
use rustix::process::{kill_process_group, Pid, Signal};
use std::{io, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// A started program, the leader of a process group of its own.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
}

impl Program {
    /// Starts it.
    pub fn start(link: &Link, config: &Config) -> Result<Self, Fault> {
        let Some((name, arguments)) = config.program.split_first() else {
            return Err(link
                .refuse(
                    "program",
                    "write the program and its arguments, like [\"mdev\", \"-df\"]",
                )
                .into());
        };
        let Some(path) = find::program(name) else {
            let reason = format!(
                "there is no program {name:?} that can be run: install it, or write its path"
            );
            return Err(link.refuse("program", reason).into());
        };
        let failed = |source| Error::Start {
            program: name.clone(),
            source,
        };
        let mut command = launch::command(&path, arguments).map_err(failed)?;
        command.envs(&config.environment);
        let child = Command::from(command).spawn().map_err(failed)?;
        Ok(Self {
            name: name.clone(),
            child,
        })
    }

    /// Waits until it has ended by itself. Cancel-safe.
    pub async fn ended(&mut self) -> Result<(), Error> {
        let status = self.child.wait().await;
        match status {
            Ok(status) if status.success() => {
                dkvm_sdk::info!("{} has ended", self.name);
                Ok(())
            }
            status => Err(Error::Ended {
                program: self.name.clone(),
                how: words(status),
            }),
        }
    }

    /// Tells it to end, and all that is in its group; ends them when it does not in `patience`.
    pub async fn stop(&mut self, signal: Signal, patience: Duration) {
        if let Some(pid) = self.pid() {
            // It may have ended meanwhile: then there is nothing to tell.
            let _ = kill_process_group(pid, signal);
            if timeout(patience, self.child.wait()).await.is_err() {
                dkvm_sdk::warn!(
                    "{} did not end within {} ms: killed",
                    self.name,
                    patience.as_millis()
                );
                self.kill_group(pid).await;
            }
        }
    }

    /// The program with all that it started and that is still in its group.
    async fn kill_group(&mut self, pid: Pid) {
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.wait().await;
    }

    /// `None` once its end was seen: the number may then mean another process.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }
}

fn words(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}{}", name_of(signal)),
            (None, None) => format!("ended: {status}"),
        },
        Err(error) => format!("cannot be waited for: {error}"),
    }
}

/// Of those that tell something.
fn name_of(signal: i32) -> &'static str {
    match Signal::from_named_raw(signal) {
        Some(Signal::KILL) => " (SIGKILL)",
        Some(Signal::TERM) => " (SIGTERM)",
        Some(Signal::SEGV) => " (SIGSEGV)",
        Some(Signal::ABORT) => " (SIGABRT)",
        Some(Signal::BUS) => " (SIGBUS)",
        Some(Signal::SYS) => " (SIGSYS)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_words() {
        let told = |raw| words(Ok(ExitStatus::from_raw(raw)));
        assert_eq!(told(3 << 8), "ended with exit code 3");
        assert_eq!(told(9), "was ended by signal 9 (SIGKILL)");
        assert_eq!(told(30), "was ended by signal 30");
        let failed = words(Err(io::Error::other("no")));
        assert_eq!(failed, "cannot be waited for: no");
    }
}
