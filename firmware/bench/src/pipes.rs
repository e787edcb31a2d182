//! The peer: a producer that writes each frame into a pipe per consumer, and consumers that read it whole.

use crate::cpu::Used;
use crate::frame::{interval, now_ns, Painter, BYTES, RATE, WARM_UP};
use crate::node::{Plan, Run};
use crate::stats::{Latencies, Report};
use anyhow::{Context, Result};
use rustix::pipe::fcntl_setpipe_size;
use std::io::{Read, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// In front of each frame: its number and the time.
const HEAD: usize = 16;
/// Where its number is.
pub const SEQUENCE: Range<usize> = 0..8;
/// Where the time is.
pub const TIME: Range<usize> = 8..HEAD;
/// The largest that Linux gives to an ordinary user: fewer turns per frame, to the peer's advantage.
const PIPE: usize = 1 << 20;

/// One frame on its way to all writers.
type Frame = Arc<Vec<u8>>;

pub fn run(plan: Plan) -> Result<Run> {
    let Plan {
        consumers,
        frames,
        painter,
        ..
    } = plan;
    let total = frames + WARM_UP;
    let mut children = Vec::new();
    let mut writers = Vec::new();
    for _ in 0..consumers {
        let mut child = spawn(frames)?;
        let pipe = child.stdin.take().context("no pipe to a consumer")?;
        children.push(child);
        writers.push(writer(pipe));
    }
    let mut pids: Vec<u32> = children.iter().map(Child::id).collect();
    pids.push(std::process::id());
    let feeder = std::thread::spawn(move || feed(&writers, painter, total + RATE));
    std::thread::sleep(interval() * WARM_UP as u32);
    let before = Used::by(None, &pids)?;
    std::thread::sleep(Duration::from_millis((frames * 1000 / RATE) as u64));
    let after = Used::by(None, &pids)?;
    let reports = children.into_iter().map(finish).collect::<Result<_>>()?;
    let _ = feeder.join();
    Ok(Run {
        reports,
        before,
        after,
    })
}

fn spawn(frames: usize) -> Result<Child> {
    Ok(consumer(frames, HEAD + BYTES)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?)
}

/// A consumer process of messages of so many bytes.
pub fn consumer(frames: usize, bytes: usize) -> Command {
    // Where this program is was asked at its start already.
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.args(["pipe-consumer", &frames.to_string(), &bytes.to_string()]);
    command
}

/// A thread per consumer, so that one does not wait for the other.
fn writer(mut pipe: ChildStdin) -> SyncSender<Frame> {
    let (sender, frames): (_, Receiver<Frame>) = sync_channel(2);
    let _ = fcntl_setpipe_size(&pipe, PIPE);
    std::thread::spawn(move || {
        for frame in frames {
            // The consumer has all it wanted.
            if pipe.write_all(&frame).is_err() {
                return;
            }
        }
    });
    sender
}

/// A frame every sixtieth of a second. One that a writer has no place for is dropped for it.
fn feed(writers: &[SyncSender<Frame>], painter: Painter, total: usize) {
    let start = Instant::now();
    let mut spare: Vec<Frame> = (0..8).map(|_| Arc::new(vec![0; HEAD + BYTES])).collect();
    for sequence in 1..=total as u64 {
        let due = start + interval() * u32::try_from(sequence).unwrap_or(u32::MAX);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let place = (sequence % 8) as usize;
        let Some(frame) = Arc::get_mut(&mut spare[place]) else {
            continue;
        };
        painter.paint(&mut frame[HEAD..], sequence);
        frame[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
        frame[TIME].copy_from_slice(&now_ns().to_le_bytes());
        for writer in writers {
            let _ = writer.try_send(spare[place].clone());
        }
    }
}

fn finish(child: Child) -> Result<Report> {
    let output = child.wait_with_output()?;
    serde_json::from_slice(&output.stdout).context("a pipe consumer told no report")
}

/// The consumer's side, in a process of its own.
pub fn consume(frames: usize, bytes: usize) -> Result<()> {
    let mut latencies = Latencies::new(frames, WARM_UP);
    let mut frame = vec![0; bytes.max(HEAD)];
    let mut input = std::io::stdin().lock();
    loop {
        input
            .read_exact(&mut frame)
            .context("the producer ended early")?;
        let word = |at: Range<usize>| {
            frame[at]
                .first_chunk()
                .map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let latency = now_ns().saturating_sub(word(TIME));
        if let Some(report) = latencies.add(word(SEQUENCE), latency) {
            println!("{}", serde_json::to_string(&report)?);
            return Ok(());
        }
    }
}
