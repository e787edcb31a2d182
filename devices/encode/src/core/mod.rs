//! Decisions without I/O, in virtual time: which frames are encoded, sent again, or left out.

mod flow;
mod policy;

pub use flow::Flow;
pub use policy::{Change, Policy, Source, Verdict};
