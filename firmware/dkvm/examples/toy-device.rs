//! A device for the tests of `dkvm`: says who it is, and ticks.

use dkvm_sdk::wire::QueueClass;
use dkvm_sdk::{Identity, Incoming, Link, SendError};
use serde::Deserialize;
use std::time::Duration;

const TICK: &str = "toy.tick";
const INTERVAL: Duration = Duration::from_millis(20);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    ticks: bool,
    /// Ready so late.
    late_ms: u64,
    /// Never ready.
    broken: bool,
    /// Answers every request with nothing.
    echoes: bool,
}

fn main() {
    let identity = Identity {
        consumes: &[TICK],
        produces: &[(TICK, QueueClass::State)],
        ..Identity::new("toy", env!("CARGO_PKG_VERSION"))
    };
    std::process::exit(dkvm_sdk::main(identity, run));
}

async fn run(mut link: Link) -> Result<(), SendError> {
    let config: Config = link.config().unwrap_or_default();
    let ticks = config.ticks;
    let (sender, mut timer, mut count) = (link.sender(), tokio::time::interval(INTERVAL), 0u64);
    dkvm_sdk::warn!("this is life {} of {}", link.generation(), link.name());
    if config.broken {
        std::process::exit(70);
    }
    tokio::time::sleep(Duration::from_millis(config.late_ms)).await;
    link.ready()?;
    loop {
        tokio::select! {
            incoming = link.next() => match incoming {
                Ok(Incoming::Goodbye { .. }) | Err(_) => return Ok(()),
                Ok(Incoming::Request(request)) if config.echoes => request.reply(&())?,
                Ok(_) => {}
            },
            _ = timer.tick(), if ticks => {
                count += 1;
                if count % 10 == 0 {
                    dkvm_sdk::info!("tick {count}");
                }
                sender.emit(TICK, &count)?;
            }
        }
    }
}
