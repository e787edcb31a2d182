//! The time of day, from a server that the owner or DHCP names: SNTP (RFC 4330). A KVM needs it for its log and nothing
//! else, so the clock is set when it is wrong by more than a person would notice, and left alone otherwise; all that this
//! node does by time it does by the monotonic clock.

mod ask;
pub mod packet;
pub mod schedule;

pub use ask::{start, Told};
