//! HTTPS with a certificate of our own.

mod certificate;
mod settings;

pub use certificate::{Certificate, Names};
pub use settings::{server, TlsError};
