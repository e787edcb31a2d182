//! When the kernel itself fails: what is known of earlier lives, and what follows from it.

mod history;
mod minute;
mod slots;
mod trial;
mod verdict;

pub(crate) use history::Lives;
pub(crate) use minute::Minute;
pub(crate) use slots::{forget_trial, note_trial, other_slot, OtherSlot};
pub(crate) use trial::{unjudged, JUDGE};
pub(crate) use verdict::{judge, Evidence, Running, Verdict};
