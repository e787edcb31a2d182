//! Conversations on a control socket, carried from one node to another: at the near end a `dkvm` speaks to a socket of this
//! device, at the far end this device speaks to its kernel.

pub mod far;
pub mod near;
mod opening;

use dkvm_wire::{encode_frame, ErrorCode, Message, RequestId, WireError, LIMIT_BEFORE_WELCOME};

/// Sessions of one peer in one direction; half of what a kernel takes from all.
pub const MOST: usize = 16;

/// The answer to a hello that leads nowhere.
fn refusal(id: RequestId, code: ErrorCode, told: &str) -> Vec<u8> {
    let result = Err(WireError::new(code, told));
    let body = Message::Response { id, result }.encode();
    // A sentence of ours is far below the limit.
    encode_frame(&body, LIMIT_BEFORE_WELCOME).unwrap_or_default()
}
