//! HTTP: the listeners, the routes, and what each answers.

pub mod api;
mod body;
pub mod gate;
pub mod listen;
mod media;
mod percent;
mod redirect;
pub mod reply;
pub mod router;
pub mod stall;
mod storage;
mod update;

/// A connection after TLS.
pub type Io = tokio_rustls::server::TlsStream<stall::Stall<tokio::net::TcpStream>>;
