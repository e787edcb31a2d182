//! The rows: name, ours, peer, ratio.

use crate::cpu::Used;
use crate::node::Run;
use crate::stats::{worst, Report};
use anyhow::Result;

/// One measure of both sides.
struct Row {
    name: &'static str,
    unit: &'static str,
    ours: f64,
    peer: Option<f64>,
}

#[allow(clippy::cast_precision_loss)]
fn us(ns: u64) -> f64 {
    ns as f64 / 1000.0
}

#[allow(clippy::cast_precision_loss)]
fn percent(used_ns: u64, before: &Used, after: &Used) -> f64 {
    used_ns as f64 * 100.0 / (after.at_ns - before.at_ns).max(1) as f64
}

#[allow(clippy::cast_precision_loss)]
fn copied(run: &Run) -> f64 {
    let frames = (run.after.at_ns - run.before.at_ns) as f64 / 1e9 * crate::frame::RATE as f64;
    (run.after.copied - run.before.copied) as f64 / frames / 1024.0
}

fn all_cpu(run: &Run) -> f64 {
    percent(
        run.after.all_ns - run.before.all_ns,
        &run.before,
        &run.after,
    )
}

/// One comparison.
#[derive(Debug)]
pub struct Results {
    pub consumers: usize,
    pub ours: Run,
    pub peer: Run,
    /// Latencies of two bare hops.
    pub floor: Vec<Report>,
}

#[allow(clippy::cast_precision_loss)]
fn rows(results: &Results) -> Vec<Row> {
    let Results { ours, peer, .. } = results;
    let (our, their) = (worst(&ours.reports), worst(&peer.reports));
    let floor = worst(&results.floor);
    let middle = percent(
        ours.after.middle_ns - ours.before.middle_ns,
        &ours.before,
        &ours.after,
    );
    let row = |name, unit, ours, peer| Row {
        name,
        unit,
        ours,
        peer: Some(peer),
    };
    vec![
        row(
            "latency median",
            "us",
            us(our.median_ns),
            us(their.median_ns),
        ),
        row("latency p99", "us", us(our.p99_ns), us(their.p99_ns)),
        row(
            "median, peer two bare pipe hops",
            "us",
            us(our.median_ns),
            us(floor.median_ns),
        ),
        row(
            "p99, peer two bare pipe hops",
            "us",
            us(our.p99_ns),
            us(floor.p99_ns),
        ),
        row("copied per frame", "KiB", copied(ours), copied(peer)),
        Row {
            name: "CPU of the kernel process",
            unit: "%",
            ours: middle,
            peer: None,
        },
        row("CPU of all processes", "%", all_cpu(ours), all_cpu(peer)),
        row("frames lost", "", our.lost as f64, their.lost as f64),
    ]
}

/// Prints all of it, as a table or as JSON.
pub fn print(results: &Results, json: bool) -> Result<()> {
    for row in rows(results) {
        let name = format!("frames to {}: {}", results.consumers, row.name);
        if json {
            let Row {
                unit, ours, peer, ..
            } = row;
            println!(
                "{}",
                serde_json::json!({"name": name, "unit": unit, "ours": ours, "peer": peer})
            );
        } else {
            let (ours, peer) = (cell(Some(row.ours), row.unit), cell(row.peer, row.unit));
            println!("{name:<46} {ours:>10} {peer:>10} {:>7}", ratio(&row));
        }
    }
    Ok(())
}

fn cell(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| format!("{value:.1} {unit}").trim_end().to_owned(),
    )
}

/// Ours over the peer's: under 1 is better.
fn ratio(row: &Row) -> String {
    match row.peer {
        Some(peer) if peer > 0.0 => format!("{:.3}", row.ours / peer),
        _ => "-".to_owned(),
    }
}
