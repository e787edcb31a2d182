//! The owner's configuration on the card, and its history: what is kept survives a cut at any moment.
//!
//! The owner's file is only ever replaced by one rename, and only when what is on trial was kept: so it is always the last good
//! one, whole. What is on trial stands beside it in a file of its own, which is written first, and becomes the owner's by that
//! rename or is removed last.

mod disk;
mod entry;
mod places;
mod recover;
mod store;
mod worker;

pub(crate) use disk::Real;
pub(crate) use entry::digest;
pub(crate) use store::{Begun, New, Store, StoreError};
pub(crate) use worker::{Done, Report, Tag, Task, Which, Worker};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
