//! The card as Linux has it, and what happens to its data partition at the first boot. Its layout is [`dkvm_card`]'s.

mod blkpg;
mod device;

pub use device::{find, request_reset, settle, sign_formatted, Card, CardError, Settled};
