//! The side that calls.

use super::{
    proof::{key_of, wrong_key, Proof},
    provider, TlsError,
};
use crate::{fingerprint::Fingerprint, identity::Identity};
use quinn::crypto::rustls::QuicClientConfig;
use rustls::{
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        Resumption,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::TLS13,
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
};
use std::sync::Arc;

/// The settings of a call. `expected`: whose key it has to be; `None` for pairing, where it is not known yet.
pub fn client(
    identity: &Identity,
    expected: Option<Fingerprint>,
    protocol: &[u8],
) -> Result<QuicClientConfig, TlsError> {
    let provider = provider();
    let verifier = CalledVerifier {
        expected,
        proof: Proof(provider.clone()),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(vec![identity.certificate.clone()], identity.key.clone_key())?;
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Ok(QuicClientConfig::try_from(config)?)
}

#[derive(Debug)]
struct CalledVerifier {
    expected: Option<Fingerprint>,
    proof: Proof,
}

impl ServerCertVerifier for CalledVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = key_of(end_entity)?;
        match self.expected {
            Some(expected) if expected != key => Err(wrong_key()),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Proof::tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.proof.tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.proof.schemes()
    }
}
