//! The update device: its order of writes over every cut of power, and as a process.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

mod bundle;
mod cuts;
mod disk;
mod model;
mod process;
mod refusals;
