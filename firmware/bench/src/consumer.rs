//! A consumer device: looks at each frame and gives it back.

use crate::frame::{now_ns, TOPIC, WARM_UP};
use crate::stats::Latencies;
use dkvm_sdk::wire::vocab::video::FrameInfo;
use dkvm_sdk::{Body, ConfigError, Exit, ExitCode, FrameReader, Identity, Incoming, Lease, Link};
use serde::Deserialize;

/// How a consumer's report begins in the log.
pub const REPORT: &str = "report ";

#[derive(Deserialize)]
struct Config {
    frames: usize,
}

/// Why a consumer ends.
#[derive(Debug)]
struct Failed(String, ExitCode);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Exit for Failed {
    fn exit_code(&self) -> ExitCode {
        self.1
    }
}

impl From<ConfigError> for Failed {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string(), ExitCode::BadConfig)
    }
}

fn internal(error: impl std::fmt::Display) -> Failed {
    Failed(error.to_string(), ExitCode::Internal)
}

pub fn main() -> i32 {
    let identity = Identity {
        consumes: &[TOPIC],
        ..Identity::new("bench-consumer", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, run)
}

async fn run(mut link: Link) -> Result<(), Failed> {
    let config: Config = link.config()?;
    let reader = FrameReader::new(&link);
    link.ready().map_err(internal)?;
    link.sender().want(TOPIC).map_err(internal)?;
    let mut latencies = Latencies::new(config.frames, WARM_UP);
    loop {
        match link.next().await.map_err(internal)? {
            Incoming::Event { body, leases, .. } => look(&reader, &mut latencies, &body, &leases)?,
            Incoming::Goodbye { .. } => return Ok(()),
            _ => {}
        }
    }
}

fn look(
    reader: &FrameReader,
    latencies: &mut Latencies,
    body: &Body,
    leases: &[Lease],
) -> Result<(), Failed> {
    let info: FrameInfo = body.decode(TOPIC).map_err(internal)?;
    let Some(lease) = leases.first() else {
        return Ok(());
    };
    let view = reader.view(lease).map_err(internal)?;
    let first = view.first().copied();
    let latency = now_ns().saturating_sub(info.captured_ns);
    let expected = (info.sequence % 251) as u8;
    if first != Some(expected) || view.last() != Some(&expected) {
        return Err(internal(format!(
            "frame {} holds {first:?}, not {expected}",
            info.sequence
        )));
    }
    if let Some(report) = latencies.add(info.sequence, latency) {
        let text = serde_json::to_string(&report).map_err(internal)?;
        dkvm_sdk::info!("{REPORT}{text}");
    }
    Ok(())
}
