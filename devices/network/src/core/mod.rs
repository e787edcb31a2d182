//! The decisions: pure functions of what is known, what happened, and the time.

pub mod address;
pub mod event;
pub mod lease;
pub mod link;
pub mod link_local;
pub mod links;
pub mod neighbours;
pub mod owner;
pub mod seen;
mod settle;
pub mod time;
pub mod wifi;

#[cfg(test)]
mod link_tests;
