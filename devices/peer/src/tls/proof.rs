//! What both sides ask of each other's certificate: whose key it is, and a signature that only the owner of that key can make.

use crate::fingerprint::Fingerprint;
use rustls::{
    client::danger::HandshakeSignatureValid,
    crypto::{verify_tls13_signature, CryptoProvider},
    pki_types::CertificateDer,
    CertificateError, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme,
};
use std::sync::Arc;

/// Whose key this certificate has.
pub(super) fn key_of(certificate: &CertificateDer<'_>) -> Result<Fingerprint, Error> {
    Fingerprint::of_certificate(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// Why a key that is not the right one is refused.
pub(super) fn wrong_key() -> Error {
    CertificateError::ApplicationVerificationFailure.into()
}

/// Checks signatures.
#[derive(Debug)]
pub(super) struct Proof(pub(super) Arc<CryptoProvider>);

impl Proof {
    /// None of TLS 1.2 is good: nobody offers it.
    pub(super) fn tls12() -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    /// Whether the certificate's owner signed this.
    pub(super) fn tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    /// Signatures that can be checked.
    pub(super) fn schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
