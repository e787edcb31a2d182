//! The core against a model of the target, in virtual time.
#![allow(missing_docs, clippy::expect_used)]

mod busy;
mod cases;
mod extras;
mod holders;
mod laws;
mod page;
mod world;
