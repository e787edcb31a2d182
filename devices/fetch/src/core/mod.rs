//! The decisions: which addresses are reached, what a URL says, how fast it goes. No clock, no file, no network.

pub mod address;
pub mod date;
pub mod progress;
pub mod rate;
pub mod redirect;
pub mod source;
