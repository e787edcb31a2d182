//! Decisions without I/O, in virtual time: which frames are encoded, sent again, or left out.

mod pace;
mod policy;

pub use pace::{Pace, RateMeter};
pub use policy::{Change, Policy, Source, Verdict};
