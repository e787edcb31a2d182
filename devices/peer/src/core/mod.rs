//! What is decided, without a clock, a network or a disk: time comes in.

pub mod address;
pub mod backoff;
pub mod boundary;
pub mod bucket;
pub mod code;
pub mod handshakes;
pub mod lead;
pub mod limit;
pub mod link;
pub mod name;
pub mod pairing;

/// A moment, counted from this device's start. It does not move when a Pi learns the time.
pub type Moment = std::time::Duration;
