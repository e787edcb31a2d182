//! The shell: from the start of the program to its end.

use crate::{
    config::{Config, ReadyWhen},
    program::Program,
};
use dkvm_sdk::{Fault, Incoming, Link};
use std::{fs, os::unix::fs::MetadataExt, path::Path, time::Duration};

/// How often the file that means ready is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How often the file that is required is looked for.
const LOOK_FOR_REQUIRED: Duration = Duration::from_secs(2);
/// Left of the time that the kernel gives, for the killing.
const MARGIN: Duration = Duration::from_millis(200);
/// For a program to end, when the kernel is gone and gives no time.
const PATIENCE_WITHOUT_KERNEL: Duration = Duration::from_secs(1);

/// Runs until the program ends or the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    if wait_for_required(&mut link, &config).await? == Waited::Leaving {
        return Ok(());
    }
    let mut sign = Sign::new(&config.ready);
    let mut program = Program::start(&link, &config)?;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { deadline_ms, .. } => {
                    program.stop(config.stop_signal.number(), patience(deadline_ms)).await;
                    return Ok(());
                }
                // An answer that cannot be sent is followed by the end of the link, which is handled above.
                Incoming::Request(request) => drop(request.unknown()),
                _ => {}
            },
            ended = program.ended() => return Ok(ended?),
            _ = look.tick(), if sign.awaited => if sign.has_come() { link.ready()?; },
        }
    }
}

/// How waiting for the required file went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waited {
    /// It is there, or none is required.
    There,
    /// The kernel said goodbye.
    Leaving,
}

/// Without the file there is nothing to do, and that is no fault: most nodes have no SSH key. So this device waits, in place of
/// ending and being started again and again, with a line in the log each time.
async fn wait_for_required(link: &mut Link, config: &Config) -> Result<Waited, Fault> {
    let Some(path) = config.requires.as_ref().filter(|path| !path.exists()) else {
        return Ok(Waited::There);
    };
    let program = config.program.first().map_or("", String::as_str);
    let path_shown = path.display();
    dkvm_sdk::info!("{program} is started as soon as {path_shown} is there");
    link.ready()?;
    let mut look = tokio::time::interval(LOOK_FOR_REQUIRED);
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(Waited::Leaving),
                Incoming::Request(request) => drop(request.unknown()),
                _ => {}
            },
            _ = look.tick() => if path.exists() { return Ok(Waited::There); },
        }
    }
}

fn patience(deadline_ms: u32) -> Duration {
    match Duration::from_millis(deadline_ms.into()) {
        Duration::ZERO => PATIENCE_WITHOUT_KERNEL,
        given => given.saturating_sub(MARGIN),
    }
}

/// What says that the program is ready.
struct Sign<'a> {
    when: &'a ReadyWhen,
    awaited: bool,
    /// The file as it was before the start: what an earlier life left behind says nothing.
    before: Option<Print>,
}

/// Tells a file from the one that was there before: inode, and the time of its last change.
type Print = (u64, i64, i64);

impl<'a> Sign<'a> {
    fn new(when: &'a ReadyWhen) -> Self {
        let before = match when {
            ReadyWhen::Started => None,
            ReadyWhen::File(path) => print(path),
        };
        Self {
            when,
            awaited: true,
            before,
        }
    }

    /// Once true, it is not awaited any more.
    fn has_come(&mut self) -> bool {
        let come = match self.when {
            ReadyWhen::Started => true,
            ReadyWhen::File(path) => {
                let now = print(path);
                now.is_some() && now != self.before
            }
        };
        self.awaited = !come;
        come
    }
}

fn print(path: &Path) -> Option<Print> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some((meta.ino(), meta.ctime(), meta.ctime_nsec()))
}
