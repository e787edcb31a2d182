//! # dkvm-wire
//!
//! The contract between the dKVM kernel and its devices, and nothing else: preamble, framing,
//! envelope, handshake, errors, exit codes, topics, the kernel's services and the vocabulary that the
//! devices of this repository speak. The text of the contract is `docs/wire-protocol.md`.
//!
//! This crate refuses to do I/O, to know a runtime, and to hold a type that only this host has.
//! All integers on the wire are MessagePack's; framing integers are little-endian.

mod envelope;
mod error;
mod exit;
mod frame;
mod handshake;
mod ids;
mod lease;
mod preamble;
pub mod service;
mod topic;
mod version;
pub mod vocab;

pub use envelope::{decode, decode_body, encode_body, Message, Source, MAX_DEPTH};
pub use error::{DecodeError, ErrorCode, WireError};
pub use exit::ExitCode;
pub use frame::{
    encode_frame, FrameDecoder, FrameError, FORWARD_MARGIN, LIMIT_BEFORE_WELCOME, LIMIT_DEFAULT,
};
pub use handshake::{Goodbye, Hello, Limits, Produce, Ready, Reject, Welcome, WireVersion};
pub use ids::{
    is_node_name, DeviceName, Generation, LeaseId, NameError, PoolId, RequestId, SlotIndex,
    SourceName, SourceNameError,
};
pub use lease::LeaseRef;
pub use preamble::{Preamble, PreambleError, PREAMBLE_LEN};
pub use topic::{topics, QueueClass};
pub use version::WIRE_VERSION;
