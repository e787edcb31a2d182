use super::certificate::{Certificate, CertificateError};
use rustls::{
    crypto::{ring, CryptoProvider},
    CipherSuite, ServerConfig,
};
use std::sync::Arc;
use thiserror::Error;

/// Why HTTPS cannot be served.
#[derive(Debug, Error)]
pub enum TlsError {
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate and key do not work together.
    #[error("HTTPS cannot use the certificate and key in its state directory ({0}): remove both files, and new ones are made")]
    Use(#[from] rustls::Error),
}

/// The TLS side of the listener.
pub fn server(certificate: Certificate) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificate.chain, certificate.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = true;
    Ok(Arc::new(config))
}

/// The Pis before the fifth have no AES instructions: there ChaCha20 costs a third.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !has_aes() {
        provider
            .cipher_suites
            .sort_by_key(|suite| !is_chacha(suite.suite()));
    }
    provider
}

fn is_chacha(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
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
