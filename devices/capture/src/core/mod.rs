//! Decisions without I/O: what is offered, what to capture, when to start, stop and recover.
//! Time is a [`std::time::Duration`] since the start of the process, so tests run in virtual time.

mod choice;
mod machine;
mod offer;
mod units;

pub use choice::{check_wish, choose, modes, Plan};
pub use machine::{Action, Event, Machine, StartFault};
pub use offer::{Kind, Offer, Running, SignalReport, Source};
pub use units::{FourCc, Rate, Size};
