//! # dkvm-kernel
//!
//! The device manager, memory manager, router, configuration and log of a dKVM node: all that
//! `dkvm kernel` does, as a library.
//!
//! Decisions are pure and apart from what they move: [`config`] reads and compares, [`supervise`] says what a
//! device does next, `router` and `link` say who gets what and in which order, [`memory`] keeps the ledger. `node`
//! holds them together on one thread; `process` and [`jail`] touch Linux.

mod accounts;
mod boot_info;
mod change;
pub mod client;
mod clock;
pub mod config;
mod death;
mod error;
mod health;
mod hotplug;
pub mod jail;
mod kept;
mod link;
mod lock;
mod log;
mod machine;
pub mod memory;
mod mode;
mod node;
mod places;
mod process;
mod realtime;
mod router;
mod run;
pub mod supervise;
mod watchdog;

pub use error::Error;
pub use machine::{Machine, Real};
pub use run::{run, run_with, Options};
