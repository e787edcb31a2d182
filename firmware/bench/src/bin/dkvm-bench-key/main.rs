//! # dkvm-bench-key
//!
//! The way of a key, measured on the node itself, whose own USB host has the gadget: one clock. From the WebSocket
//! message that a page sends to the event that the target's side gets, and bare, from a write on the gadget's device
//! file to the same event. What the first takes longer is ours.

mod page;
mod target;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use page::Page;
use rustix::time::{clock_gettime, ClockId};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;
use target::{Gadget, Keyboard};

/// The key that is pressed: F13 types nothing anywhere.
const USAGE: u8 = 0x68;
/// Not measured: caches, page faults, the first turn through every process.
const WARM_UP: usize = 20;
/// Pauses between keys come from here to twice here, so that no poll interval is met in step.
const PAUSE_US: u64 = 4000;

/// Measure how long a key takes from a page's WebSocket to the target
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Presses and releases measured
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    #[command(subcommand)]
    way: Way,
}

#[derive(Debug, Subcommand)]
enum Way {
    /// From a write on the gadget's device file
    Bare {
        /// The keyboard function
        #[arg(long, default_value = "/dev/hidg0")]
        device: PathBuf,
    },
    /// From a page's WebSocket
    Page {
        /// The node's port on this machine
        #[arg(long, default_value_t = 443)]
        port: u16,
        /// The certificate to trust
        #[arg(long, default_value = "/var/lib/dkvm/web/certificate.pem")]
        certificate: PathBuf,
        /// Set as the node's, if it has none
        #[arg(long)]
        password: String,
    },
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dkvm-bench-key: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<()> {
    let mut keyboard = Keyboard::find()?;
    let mut press: Box<dyn FnMut(Key) -> Result<()>> = match &args.way {
        Way::Bare { device } => {
            let mut gadget = Gadget::open(device)?;
            Box::new(move |key| gadget.write(key))
        }
        Way::Page {
            port,
            certificate,
            password,
        } => {
            let mut page = Page::open(*port, certificate, password)?;
            Box::new(move |key| page.step(key))
        }
    };
    let mut samples = Vec::with_capacity(args.count as usize);
    for n in 0..args.count as usize + WARM_UP {
        let key = if n % 2 == 0 { Key::Down } else { Key::Up };
        pause(n);
        let sent = now_ns();
        press(key)?;
        let came = keyboard.next(key)?;
        if n >= WARM_UP {
            samples.push(came.saturating_sub(sent));
        }
    }
    if args.count % 2 == 1 {
        press(Key::Up)?;
    }
    report(samples)
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Down,
    Up,
}

/// CLOCK_REALTIME, which the input layer stamps events with.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Even over the range, without a generator: steps of the golden ratio.
fn pause(n: usize) {
    let share = (n as u64).wrapping_mul(0x9e37_79b9) & 0xffff;
    sleep(Duration::from_micros(
        PAUSE_US + PAUSE_US * share / 0x1_0000,
    ));
}

fn report(mut samples: Vec<u64>) -> Result<()> {
    samples.sort_unstable();
    let last = samples.len().checked_sub(1).context("no key came")?;
    let at = |percent: usize| samples[last * percent / 100] / 1000;
    let line = serde_json::json!({
        "keys": samples.len(), "median_us": at(50), "p99_us": at(99), "max_us": at(100),
    });
    println!("{line}");
    Ok(())
}
