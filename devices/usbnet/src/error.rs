//! What ends the device, and what costs only a sentence.

use dkvm_sdk::{Exit, ExitCode};
use std::io;
use thiserror::Error;

/// A failure that ends the device.
#[derive(Debug, Error)]
pub enum Error {
    /// The interfaces cannot be looked at.
    #[error(transparent)]
    Network(#[from] dkvm_network::error::Error),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Network(error) => error.exit_code(),
        }
    }
}

/// The packet filter could not be set.
#[derive(Debug, Error)]
pub enum FirewallError {
    /// The program is not there.
    #[error("cannot start {program}: {source}; the image needs nftables")]
    Start {
        /// Which.
        program: String,
        /// What Linux said.
        source: io::Error,
    },
    /// It refused.
    #[error("{program} refused the rules: {said}; Linux needs CONFIG_NF_TABLES, CONFIG_NFT_CT and CONFIG_NFT_MASQ")]
    Refused {
        /// Which program.
        program: String,
        /// Its own words.
        said: String,
    },
    /// It does not end.
    #[error("{program} did not end within {seconds} s and was killed")]
    Hung {
        /// Which program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
    },
}
