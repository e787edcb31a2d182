//! The log: lines of devices and of the kernel itself, kept, shown and handed on.

mod keep;
mod line;
mod output;

pub(crate) use keep::Ring;
pub(crate) use line::{Assembler, Parsed};
pub(crate) use output::{Job, Output, Settles};

use dkvm_wire::service::{Level, LogLine};

/// A line as it is shown: uptime, level, who, what.
pub(crate) fn show(line: &LogLine) -> String {
    let seconds = line.at_uptime_ms / 1000;
    let millis = line.at_uptime_ms % 1000;
    let level = level_name(line.level);
    match line.generation.0 {
        0 => format!(
            "{seconds:>6}.{millis:03} {level:<5} {} {}",
            line.device, line.text
        ),
        generation => format!(
            "{seconds:>6}.{millis:03} {level:<5} {}[{generation}] {}",
            line.device, line.text
        ),
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
