//! One value of each type that travels, with its name in the golden file and in the protocol's text.

#![allow(clippy::too_many_lines)] // tables of values

mod audio;
mod bodies;
mod config;
mod desk;
mod fetch;
mod image;
mod messages;
mod page;
mod serial;
mod storage;
mod typist;
mod usbnet;

use dkvm_wire::{decode_body, encode_body};
use serde::{de::DeserializeOwned, Serialize};

type ReadsBack = Box<dyn Fn(&[u8]) -> bool>;

/// A value that travels, as bytes, and how to see that bytes are that value.
#[allow(dead_code)] // not every test that includes this uses all of it
pub struct Sample {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub reads_back: ReadsBack,
}

/// All of them.
pub fn all() -> Vec<Sample> {
    let parts = [
        messages::all(),
        bodies::handshake(),
        bodies::kernel(),
        config::all(),
        bodies::memory(),
        bodies::devices(),
        image::all(),
        storage::all(),
        typist::all(),
        audio::all(),
        serial::all(),
        fetch::all(),
        usbnet::all(),
        desk::all(),
        page::all(),
    ];
    parts.into_iter().flatten().collect()
}

fn body<T>(name: &'static str, value: T) -> Sample
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    let bytes = encode_body(&value);
    Sample {
        name,
        bytes,
        reads_back: Box::new(move |bytes| {
            decode_body::<T>(name, bytes).is_ok_and(|read| read == value)
        }),
    }
}
