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

#[allow(clippy::cast_precision_loss)]
fn rows(ours: &Run, peer: &Run) -> Vec<Row> {
    let (our, their): (Report, Report) = (worst(&ours.reports), worst(&peer.reports));
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
        row("latency worst", "us", us(our.max_ns), us(their.max_ns)),
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

/// Prints both sides, as a table or as JSON.
pub fn print(consumers: usize, ours: &Run, peer: &Run, json: bool) -> Result<()> {
    let name = |row: &Row| format!("frames to {consumers}: {}", row.name);
    for row in rows(ours, peer) {
        if json {
            let Row {
                unit, ours, peer, ..
            } = row;
            let value =
                serde_json::json!({"name": name(&row), "unit": unit, "ours": ours, "peer": peer});
            println!("{value}");
        } else {
            println!(
                "{:<40} {:>10} {:>10} {:>8}",
                name(&row),
                cell(Some(row.ours), row.unit),
                cell(row.peer, row.unit),
                ratio(&row)
            );
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
