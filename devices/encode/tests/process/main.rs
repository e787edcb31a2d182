//! The real process under a fake kernel that plays capture and those who watch.
#![allow(missing_docs, clippy::expect_used)]

mod bench;
mod jpegs;
mod thumbs;
