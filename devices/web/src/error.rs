use crate::{auth::password::PasswordError, auth::token::NoRandom, tls::TlsError};
use dkvm_sdk::{CallError, ConfigError, Exit, ExitCode, LinkError, SendError};
use std::{io, net::SocketAddr};
use thiserror::Error;

/// What ends the web device.
#[derive(Debug, Error)]
pub enum Error {
    /// The link to the kernel.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The kernel did not say who it is.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The kernel went away in between.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The password file.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandom),
    /// An address that will never work.
    #[error("cannot listen on {address}: {source}; {hint}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
        /// What to do.
        hint: &'static str,
    },
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Link(error) => error.exit_code(),
            Self::Config(error) => error.exit_code(),
            Self::Call(error) => error.exit_code(),
            Self::Send(error) => error.exit_code(),
            Self::Password(_) | Self::Tls(_) | Self::Listen { .. } => ExitCode::BadConfig,
            Self::Random(_) => ExitCode::TryAgain,
        }
    }
}
