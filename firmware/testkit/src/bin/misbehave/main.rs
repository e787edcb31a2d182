//! `dkvm-misbehave HABIT`: a device that does one thing wrong, for tests of the kernel.
//!
//! It speaks the protocol by hand, because the SDK makes most of these faults impossible.

mod habits;
mod peer;

use clap::{Parser, ValueEnum};
use serde::Deserialize;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Habit {
    /// Nothing: behaves.
    Well,
    /// Never says hello.
    Silent,
    /// Prints text where the preamble is due.
    Garbage,
    /// Sends bytes that are no message once it is ready.
    GarbageLater,
    /// Announces a frame of 4 GiB once it is ready.
    Oversize,
    /// Never reads again once it is ready.
    Deaf,
    /// Sends events as fast as it can.
    Flood,
    /// Writes log lines as fast as it can.
    LogFlood,
    /// Neither goodbye nor end of input nor SIGTERM ends it.
    IgnoreGoodbye,
    /// Prints on stdout once it is ready, as a careless library does.
    Print,
    /// Starts children that outlive it, then ends with `--code`.
    Fork,
    /// Is never ready.
    NeverReady,
    /// Answers no ping once it is ready.
    Hung,
    /// Ends with `--code` before it says hello.
    ExitAtOnce,
    /// Ends with `--code` after it was ready for `--after-ms`.
    Exit,
    /// Aborts after it was ready for `--after-ms`.
    Crash,
    /// Holds every lease for ever.
    Hold,
    /// Publishes leases that others hold.
    Thief,
}

/// A device that does wrong on demand. Its configuration may hold the same words as its arguments
/// (`habit`, `code`, `after_ms`, `topic`); an argument counts more.
#[derive(Debug, Clone, Parser)]
#[command(name = "dkvm-misbehave", version)]
struct Arguments {
    /// What it does wrong; without it the configuration says so
    habit: Option<Habit>,
    /// Exit code
    #[arg(long)]
    code: Option<i32>,
    /// Time between ready and the deed, ms
    #[arg(long)]
    after_ms: Option<u64>,
    /// Topic that it floods, holds or steals
    #[arg(long)]
    topic: Option<String>,
    /// Set by itself when it has started itself anew with signals ignored
    #[arg(long, hide = true)]
    stubborn: bool,
}

/// The same in the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    habit: Option<Habit>,
    code: Option<i32>,
    after_ms: Option<u64>,
    topic: Option<String>,
}

impl Arguments {
    fn filled_from(self, config: Config) -> Self {
        Self {
            habit: self.habit.or(config.habit),
            code: self.code.or(config.code),
            after_ms: self.after_ms.or(config.after_ms),
            topic: self.topic.or(config.topic),
            ..self
        }
    }
}

fn main() {
    std::process::exit(habits::live(Arguments::parse()));
}
