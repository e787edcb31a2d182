//! The start of the machine: `dkvm boot`, which BusyBox init runs once before the kernel.
//!
//! It mounts what a system needs, brings up the card's data partition, reads the owner's settings, and leaves what it
//! found in `/run/dkvm/boot`. docs/design.md, "The card", says what and why; docs/settings.md what an owner can set.

mod accounts;
mod boot;
pub mod card;
mod child;
mod clock;
mod console;
mod data;
mod health;
mod mounts;
mod name;
mod release;
pub mod settings;
mod steps;

pub use boot::{run, zone, STATE_DIR};
pub use health::{count_boot, mark_healthy, HealthError};
pub use steps::{run as run_step, Step};
