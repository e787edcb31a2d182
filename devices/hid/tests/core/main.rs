//! The core against a model of the target, in virtual time.
#![allow(missing_docs, clippy::expect_used)]

mod cases;
mod laws;
mod page;
mod world;
