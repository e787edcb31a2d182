//! A web device under a fake kernel, and visitors that are not our own code: rustls for TLS, tungstenite for
//! WebSockets, and a few lines of HTTP by hand, so that wrong requests can be made too.

pub mod far;
mod http;
mod node;
pub mod slot;
mod socket;

pub use http::{failed, Answer, Tls, Visitor};
pub use node::{address, device_info, launch, Node};
pub use socket::Socket;

/// A password that is long enough.
pub const PASSWORD: &str = "correct horse";
