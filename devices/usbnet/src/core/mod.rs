//! The decisions: pure functions of what is known.

pub mod leases;
pub mod rules;
pub mod serving;
pub mod subnet;
pub mod switches;
