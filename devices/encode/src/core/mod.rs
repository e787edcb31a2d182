//! Decisions without I/O, in virtual time: which frames are encoded, sent again, or left out.

mod policy;

pub use policy::{Change, Policy, Source, Verdict};
