//! The decisions, in virtual time.
#![allow(missing_docs, clippy::expect_used)]

mod desk;
mod edges;
mod focus;
mod heads;
mod keys;
mod properties;
mod translate;
