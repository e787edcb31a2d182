//! The life of one device: a pure function of state, event and time.

mod backoff;
mod clock;
mod exit;
mod state;
mod step;
#[cfg(test)]
mod tests;

pub(crate) use backoff::LONGEST_HELLO_MS;
pub use clock::Millis;
pub use exit::Exit;
pub use state::{Action, Beat, Event, Fault, Means, Signal, Stage, State, Terms};
pub use step::step;
