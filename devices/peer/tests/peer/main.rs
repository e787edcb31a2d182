//! Real devices, two at a time, on the loopback interface.
#![allow(missing_docs, clippy::expect_used)]

mod cable;
mod keeping;
mod lanes;
mod liars;
mod links;
mod memory;
mod node;
mod paces;
mod pairing;
mod sessions;
mod sound;
mod stills;
mod strangers;
mod streams;
#[allow(dead_code)]
#[path = "../../benches/way/mod.rs"]
mod way;
