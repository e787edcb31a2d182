//! # dkvm-web
//!
//! Owns: the HTTPS port, the certificate, the password and the sessions. Serves the page (embedded), its two
//! WebSockets and a few addresses besides; `docs/web-api.md` is their contract.
//!
//! In: `video.jpeg`, `video.h264` and `video.thumb` (each wanted only while somebody watches it), `h264.state`, `input.ack`, `hid.state`, `gadget.state`, `video.state`,
//! `encode.state`, `update.state`, `power.state`, `network.state`, `typist.state`, `storage.state`, `usbnet.state`, `peer.state`, and the kernel's `device.state` and `device.death`. What makes a
//! target of `*/…`, devices of other nodes: pages work those too.
//! Out: `input.hid` and `audio.microphone`, each to one device by its name.
//!
//! Calls: `capture/video.set_mode`, `encode/encode.set`, `h264/h264.set`, `h264/h264.link`, `h264/video.key_frame`, `gadget/gadget.replug`, those of `update`, `power`, `typist`, `usbnet`, `peer` and `storage`,
//! `devices.restart`, `devices.deaths`, `devices.list`, `memory.stats`. Needs of Linux: TCP, and the right to the port.

mod actions;
mod app;
mod assets;
mod auth;
mod clock;
mod config;
mod configuration;
mod device;
mod error;
mod http;
mod socket;
mod state;
mod status;
mod store;
mod streams;
mod tls;
mod upload;

use dkvm_sdk::Identity;
use dkvm_wire::{topics, QueueClass};
use std::sync::{Mutex, MutexGuard, PoisonError};

const IDENTITY: Identity = Identity {
    consumes: &[
        topics::VIDEO_JPEG,
        topics::VIDEO_H264,
        topics::VIDEO_THUMB,
        topics::INPUT_ACK,
        topics::HID_STATE,
        topics::GADGET_STATE,
        topics::VIDEO_STATE,
        topics::ENCODE_STATE,
        topics::H264_STATE,
        topics::UPDATE_STATE,
        topics::POWER_STATE,
        topics::NETWORK_STATE,
        topics::TYPIST_STATE,
        topics::AUDIO_SPEAKER,
        topics::AUDIO_STATE,
        topics::USBNET_STATE,
        topics::PEER_STATE,
        topics::STORAGE_STATE,
        topics::SERIAL_STATE,
        topics::MACRO_STATE,
        topics::FETCH_STATE,
        topics::SERIAL_OUTPUT,
    ],
    produces: &[
        (topics::INPUT, QueueClass::Input),
        // No stream: of those that are for other nodes a gateway asks for none, and it would be heard at this node alone.
        (topics::AUDIO_MICROPHONE, QueueClass::Input),
    ],
    ..Identity::new("web", env!("CARGO_PKG_VERSION"))
};

/// The device's process.
pub fn main() -> i32 {
    dkvm_sdk::main(IDENTITY, device::run)
}

/// Locks; a panic elsewhere ends the process anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
