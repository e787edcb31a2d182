//! The side that is called.

use super::{
    proof::{key_of, wrong_key, Proof},
    provider, Pins, TlsError, LINK, PAIR,
};
use crate::{fingerprint::Fingerprint, identity::Identity};
use quinn::crypto::rustls::QuicServerConfig;
use rustls::{
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::{
        danger::{ClientCertVerified, ClientCertVerifier},
        ClientHello, NoServerSessionStorage, ResolvesServerCert,
    },
    sign::CertifiedKey,
    version::TLS13,
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Of what a caller offers, so many protocols of so many bytes are told.
const OFFERED_MOST: usize = 4;
const OFFERED_LENGTH: usize = 24;

/// Why a handshake came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// A key that is not paired.
    Stranger(Fingerprint),
    /// It speaks none of our protocols, but these.
    Version(Vec<String>),
    /// It was no handshake.
    Garbage,
}

/// What one handshake has shown so far.
#[derive(Debug, Default)]
pub struct Gate {
    offered: OnceLock<Vec<Vec<u8>>>,
    stranger: Mutex<Option<Fingerprint>>,
}

impl Gate {
    /// Why this handshake failed, once it has.
    pub fn turned(&self) -> Turned {
        let stranger = self.stranger.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = *stranger {
            return Turned::Stranger(key);
        }
        match self.offered.get() {
            Some(offered) if !offered.iter().any(|one| one == LINK || one == PAIR) => {
                Turned::Version(offered.iter().map(|one| told(one)).collect())
            }
            _ => Turned::Garbage,
        }
    }

    fn offers(&self, protocols: Vec<Vec<u8>>) {
        let _ = self.offered.set(protocols);
    }

    /// Whoever wants to pair may have any key; whoever says that he is paired, even among others, must be.
    fn wants_to_pair(&self) -> bool {
        self.offered
            .get()
            .is_some_and(|offered| matches!(offered.as_slice(), [only] if only == PAIR))
    }

    fn turn_away(&self, key: Fingerprint) {
        let mut stranger = self.stranger.lock().unwrap_or_else(PoisonError::into_inner);
        *stranger = Some(key);
    }
}

fn told(protocol: &[u8]) -> String {
    let printable = |byte: &u8| char::from(*byte);
    protocol
        .iter()
        .filter(|byte| byte.is_ascii_graphic())
        .take(OFFERED_LENGTH)
        .map(printable)
        .collect()
}

/// The settings of one handshake, which tells what it shows at `gate`.
pub fn server(
    identity: &Identity,
    pins: Pins,
    gate: &Arc<Gate>,
) -> Result<QuicServerConfig, TlsError> {
    let provider = provider();
    let key = CertifiedKey::from_der(
        vec![identity.certificate.clone()],
        identity.key.clone_key(),
        &provider,
    )?;
    let verifier = CallerVerifier {
        gate: gate.clone(),
        pins,
        proof: Proof(provider.clone()),
    };
    let own = OwnKey {
        key: Arc::new(key),
        gate: gate.clone(),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(own));
    config.alpn_protocols = vec![LINK.to_vec(), PAIR.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(QuicServerConfig::try_from(config)?)
}

/// Our own key. It is asked for with the caller's first message at hand, which is the place to see what he offers.
#[derive(Debug)]
struct OwnKey {
    key: Arc<CertifiedKey>,
    gate: Arc<Gate>,
}

impl ResolvesServerCert for OwnKey {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let offered = hello.alpn().into_iter().flatten();
        self.gate
            .offers(offered.take(OFFERED_MOST).map(<[u8]>::to_vec).collect());
        Some(self.key.clone())
    }
}

#[derive(Debug)]
struct CallerVerifier {
    gate: Arc<Gate>,
    pins: Pins,
    proof: Proof,
}

impl ClientCertVerifier for CallerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let key = key_of(end_entity)?;
        if self.gate.wants_to_pair() || self.pins.has(&key) {
            return Ok(ClientCertVerified::assertion());
        }
        self.gate.turn_away(key);
        Err(wrong_key())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(offered: &[&[u8]]) -> Gate {
        let gate = Gate::default();
        gate.offers(offered.iter().map(|one| one.to_vec()).collect());
        gate
    }

    #[test]
    fn only_who_offers_pairing_alone_may_have_any_key() {
        assert!(gate(&[PAIR]).wants_to_pair());
        assert!(!gate(&[LINK]).wants_to_pair());
        assert!(!gate(&[PAIR, LINK]).wants_to_pair());
        assert!(!gate(&[]).wants_to_pair());
        assert!(!Gate::default().wants_to_pair());
    }

    #[test]
    fn what_failed_is_known_by_how_far_it_came() {
        assert_eq!(Gate::default().turned(), Turned::Garbage);
        assert_eq!(gate(&[LINK]).turned(), Turned::Garbage);
        let other = gate(&[b"dkvm/2\n\xff"]);
        assert_eq!(other.turned(), Turned::Version(vec!["dkvm/2".into()]));
        let stranger = gate(&[LINK]);
        stranger.turn_away(Fingerprint::of(1));
        assert_eq!(stranger.turned(), Turned::Stranger(Fingerprint::of(1)));
    }
}
