//! # dkvm-sdk
//!
//! What a device is written with. A device is a process that speaks the wire protocol
//! (`docs/wire-protocol.md`) on its standard input and output; [`main`] does all of that and hands a
//! [`Link`] to the device's own `async fn run`.
//!
//! ```no_run
//! use dkvm_sdk::{wire::QueueClass, Identity, Incoming, Link, LinkError};
//!
//! async fn run(mut link: Link) -> Result<(), LinkError> {
//!     let sender = link.sender();
//!     link.ready()?;
//!     loop {
//!         match link.next().await? {
//!             Incoming::Event { body, .. } => sender.emit("echo.said", &body.decode::<String>("echo.say")?)?,
//!             Incoming::Goodbye { .. } => return Ok(()),
//!             _ => {}
//!         }
//!     }
//! }
//!
//! fn main() {
//!     let identity = Identity {
//!         consumes: &["echo.say"],
//!         produces: &[("echo.said", QueueClass::Stream)],
//!         ..Identity::new("echo", env!("CARGO_PKG_VERSION"))
//!     };
//!     std::process::exit(dkvm_sdk::main(identity, run));
//! }
//! ```
//!
//! Without the feature `tokio` there is no [`main`]: call [`connect`], give the [`Link`] to any
//! executor ([`block_on`] is one), and the result to [`finish`].

#[cfg(feature = "tokio")]
mod beside;
mod block_on;
mod config;
mod connect;
mod error;
mod exit;
mod fault;
pub mod files;
mod folders;
mod frames;
mod identity;
mod incoming;
mod intake;
mod lease;
mod link;
mod log;
mod pace;
mod pending;
mod reader;
#[cfg(feature = "tokio")]
mod runtime;
mod sender;
mod shared;
mod stdio;
mod steady;
mod time;
mod writer;

pub use block_on::block_on;
pub use config::ConfigError;
pub use connect::{connect, connect_over, ConnectError};
pub use dkvm_wire as wire;
pub use dkvm_wire::{service::PoolRequest, ErrorCode, ExitCode, WireError};
pub use error::{CallError, LinkError, SendError};
pub use exit::Exit;
pub use fault::{finish, Fault};
pub use folders::{run_dir, state_dir};
pub use frames::{FramePool, FrameReader, FrameView, PoolError, Slot, ViewError};
pub use identity::Identity;
pub use incoming::{Body, Incoming, Request, Source};
pub use lease::Lease;
pub use link::Link;
#[doc(hidden)]
pub use log::write_line;
pub use pace::{Pace, RateMeter};
#[cfg(feature = "tokio")]
pub use runtime::{main, main_over};
pub use sender::{Call, Sender};
pub use time::{boottime, monotonic, Time};

/// The guide's device compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-a-device.md")]
struct Guide;
