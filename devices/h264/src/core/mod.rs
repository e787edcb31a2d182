//! Decisions without I/O, in virtual time: which frames are encoded, how coarsely, and how many.

mod obstacle;
mod policy;
mod rate;
mod room;

pub use policy::{Policy, Verdict, RESTING};
pub use rate::{Rate, COARSEST, MOVING};
pub use room::Room;
