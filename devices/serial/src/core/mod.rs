//! The decisions: what is kept of the target's words, what waits for it, and where its port is. No clock and no file.

pub mod history;
pub mod outgoing;
pub mod place;
