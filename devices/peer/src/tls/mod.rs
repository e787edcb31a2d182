//! TLS 1.3 with keys that are pinned: no authority, no name and no date takes part. Nothing is resumed, so a handshake
//! that was recorded is worth nothing to whoever plays it again.

mod called;
mod caller;
mod pins;
mod proof;

pub use called::{server, Gate, Turned};
pub use caller::client;
pub use pins::Pins;

use rustls::{
    crypto::{ring, CryptoProvider},
    CipherSuite,
};
use std::sync::Arc;
use thiserror::Error;

/// The link between paired nodes, and its version.
pub const LINK: &[u8] = b"dkvm/1";
/// Pairing, and its version.
pub const PAIR: &[u8] = b"dkvm-pair/1";
/// What is no certificate for QUIC to use.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The key cannot be used.
    #[error("this node's key cannot be used: {0}")]
    Key(#[from] rustls::Error),
    /// The cipher that QUIC begins with is missing.
    #[error("QUIC cannot be spoken: {0}")]
    Suite(#[from] quinn::crypto::rustls::NoInitialCipherSuite),
}

/// The Pis before the fifth have no AES instructions: there ChaCha20 costs a third.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    if !has_aes() {
        provider
            .cipher_suites
            .sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
    }
    Arc::new(provider)
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
fn has_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64", target_arch = "x86")))]
fn has_aes() -> bool {
    false
}
