//! # dkvm-bench-frames
//!
//! The handoff of 1080p60 raw frames from one producer to one and to four consumer processes: through a real kernel and
//! shared memory, against pipes that copy. Latency is from the last byte written to the first byte that a consumer can
//! read, on CLOCK_MONOTONIC. The same program is the producer and the consumer devices, and the peer's processes.

mod consumer;
mod cpu;
mod floor;
mod frame;
mod node;
mod pipes;
mod producer;
mod stats;
mod table;

use clap::{Parser, Subcommand};
use frame::Painter;
use node::Plan;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure the handoff of 1080p60 raw frames: shared memory through the kernel, against pipes that copy
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The `dkvm` binary; by default the one beside this program
    #[arg(long, value_name = "PATH")]
    dkvm: Option<PathBuf>,
    /// Seconds measured per run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Print one JSON object per line in place of a table
    #[arg(long)]
    json: bool,
    /// Run the kernel and its devices at real-time priority, as on the Pi. To be fair to the peer and to see through a busy
    /// machine, run the whole under `chrt -f 10`
    #[arg(long)]
    realtime: bool,
    /// Frames are written by hardware, not by the producer's CPU
    #[arg(long)]
    dma: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What this program is when the benchmark starts it again.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
enum Role {
    #[command(hide = true)]
    Producer,
    #[command(hide = true)]
    Consumer,
    #[command(hide = true)]
    PipeConsumer { frames: usize, bytes: usize },
    #[command(hide = true)]
    Relay { consumers: usize, frames: usize },
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.role {
        Some(Role::Producer) => exit(producer::main()),
        Some(Role::Consumer) => exit(consumer::main()),
        Some(Role::PipeConsumer { frames, bytes }) => told(pipes::consume(frames, bytes)),
        Some(Role::Relay { consumers, frames }) => told(floor::relay(consumers, frames)),
        None => told(measure(&args)),
    }
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

fn told(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("dkvm-bench-frames: {error:#}");
    ExitCode::FAILURE
}

fn measure(args: &Args) -> anyhow::Result<()> {
    let dkvm = args.dkvm.clone().map_or_else(node::beside, Ok)?;
    let frames = args.seconds as usize * frame::RATE;
    let (realtime, painter) = (args.realtime, Painter::from(args.dma));
    for consumers in [1, 4] {
        let plan = Plan {
            consumers,
            frames,
            realtime,
            painter,
        };
        let ours = node::run(&dkvm, plan)?;
        let peer = pipes::run(plan)?;
        let floor = floor::run(plan)?;
        table::print(
            &table::Results {
                consumers,
                ours,
                peer,
                floor,
            },
            args.json,
        )?;
    }
    Ok(())
}
