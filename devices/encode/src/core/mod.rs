//! Decisions without I/O, in virtual time: which frames are encoded, sent again, or left out, and when one is looked at for a thumbnail.

mod flow;
mod policy;
mod thumbs;

pub use flow::Flow;
pub use policy::{Change, Policy, Source, Verdict};
pub use thumbs::{Look, Say, Thumbs};
