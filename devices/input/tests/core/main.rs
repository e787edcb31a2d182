//! The decisions, in virtual time.
#![allow(missing_docs, clippy::expect_used)]

mod desk;
mod edges;
mod far;
mod focus;
mod heads;
mod keys;
mod layouts;
mod names;
mod properties;
mod translate;
mod way_back;
