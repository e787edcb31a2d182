//! The floor: what two hops over bare pipes cost on this machine at this moment, with nothing decided on the way. A producer
//! thread writes a small message every sixtieth of a second, a relay process passes it to each consumer process.
//! What ours takes beyond it is the kernel's and the SDK's own work; what the floor takes is Linux waking processes.

use crate::frame::{interval, now_ns, Painter, BYTES, RATE, WARM_UP};
use crate::node::Plan;
use crate::pipes::{consumer, SEQUENCE, TIME};
use crate::stats::Report;
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::time::Instant;

/// As long as the event that ours sends for a frame.
const MESSAGE: usize = 128;

/// Latencies of each consumer.
pub fn run(plan: Plan) -> Result<Vec<Report>> {
    let Plan {
        consumers,
        frames,
        painter,
        ..
    } = plan;
    let mut relay = Command::new(std::env::current_exe()?)
        .args(["relay", &consumers.to_string(), &frames.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let pipe = relay.stdin.take().context("no pipe to the relay")?;
    feed(pipe, painter, frames + WARM_UP)?;
    let output = relay.wait_with_output()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    told.lines()
        .map(|line| serde_json::from_str(line).context("a consumer told no report"))
        .collect()
}

fn feed(mut pipe: ChildStdin, painter: Painter, total: usize) -> Result<()> {
    let start = Instant::now();
    let mut message = [0; MESSAGE];
    // Nobody reads it: it empties the caches as ours does, for a machine's hops are slower when all is cold.
    let mut picture = vec![0; BYTES];
    for sequence in 1..=(total + RATE) as u64 {
        let due = start + interval() * u32::try_from(sequence).unwrap_or(u32::MAX);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        painter.paint(&mut picture, sequence);
        std::hint::black_box(&picture);
        message[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
        message[TIME].copy_from_slice(&now_ns().to_le_bytes());
        // The relay ends when its consumers have all they wanted.
        if pipe.write_all(&message).is_err() {
            break;
        }
    }
    Ok(())
}

/// The relay's process.
pub fn relay(consumers: usize, frames: usize) -> Result<()> {
    let started = (0..consumers).map(|_| consumer(frames, MESSAGE).stdin(Stdio::piped()).spawn());
    let mut children = started.collect::<std::io::Result<Vec<_>>>()?;
    let mut pipes: Vec<ChildStdin> = children
        .iter_mut()
        .filter_map(|child| child.stdin.take())
        .collect();
    let mut message = [0; MESSAGE];
    let mut input = std::io::stdin().lock();
    while input.read_exact(&mut message).is_ok() {
        pipes.retain_mut(|pipe| pipe.write_all(&message).is_ok());
    }
    drop(pipes);
    for child in &mut children {
        child.wait()?;
    }
    Ok(())
}
