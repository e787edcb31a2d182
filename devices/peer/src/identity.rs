//! This node's own key, and the certificate that carries it.

use crate::{
    files,
    fingerprint::{self, Fingerprint},
};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::digest::{digest, SHA256};
use rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer};
use std::{io, path::Path};
use thiserror::Error;

/// Key and certificate in one file, so that one is never there without the other.
const FILE: &str = "identity.pem";
/// Nobody looks at the dates; a reader of certificates wants some.
const VALID: ((i32, u8, u8), (i32, u8, u8)) = ((1970, 1, 1), (2049, 12, 31));

/// Why this node has no identity.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The file is there, and is not to be read.
    #[error("this node's key cannot be read ({0}), so it has no link to other nodes: make identity.pem in the state directory of peer readable for it")]
    Read(#[source] io::Error),
    /// The file is there, and damaged.
    #[error("this node's key is damaged ({0}), so it has no link to other nodes: put a copy of identity.pem back into the state directory of peer, or remove it there: then it gets a new key, and has to be paired anew with every node")]
    Damaged(String),
    /// No key could be made.
    #[error("no key could be made for this node: {0}")]
    Make(#[from] rcgen::Error),
    /// The certificate just made cannot be read.
    #[error(transparent)]
    Certificate(#[from] fingerprint::CertificateError),
}

/// This node's key.
#[derive(Debug)]
pub struct Identity {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// Self-signed, carries the key.
    pub certificate: CertificateDer<'static>,
    /// Its secret part.
    pub key: PrivateKeyDer<'static>,
    /// What a person has to know, where it is not kept.
    pub unkept: Option<String>,
}

impl Identity {
    /// The one in `folder`, or a new one that is put there. A damaged one is an error: nobody who trusts the old key
    /// would know the new one.
    pub fn obtain(folder: Option<&Path>) -> Result<Self, IdentityError> {
        let Some(folder) = folder else {
            return Ok(Self::make()?.0);
        };
        let path = folder.join(FILE);
        match files::read(&path).map_err(IdentityError::Read)? {
            Some(text) => Self::parse(&text),
            None => Self::make_and_keep(&path),
        }
    }

    /// A number that only this node can make, and makes again in its next life; `purpose` tells one from another.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        let text = [
            b"dkvm peer ",
            purpose.as_bytes(),
            b"\0",
            self.key.secret_der(),
        ]
        .concat();
        let mut secret = [0; 32];
        secret.copy_from_slice(digest(&SHA256, &text).as_ref());
        secret
    }

    fn parse(text: &str) -> Result<Self, IdentityError> {
        let damaged = |error: &dyn std::fmt::Display| IdentityError::Damaged(error.to_string());
        let certificate =
            CertificateDer::from_pem_slice(text.as_bytes()).map_err(|e| damaged(&e))?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|e| damaged(&e))?;
        let fingerprint = Fingerprint::of_certificate(&certificate).map_err(|e| damaged(&e))?;
        let pair = KeyPair::try_from(&key).map_err(|e| damaged(&e))?;
        use rcgen::PublicKeyData;
        if Fingerprint::of_key(&pair.subject_public_key_info()) != fingerprint {
            return Err(damaged(
                &"its key and its certificate do not belong together",
            ));
        }
        Ok(Self {
            fingerprint,
            certificate,
            key,
            unkept: None,
        })
    }

    fn make_and_keep(path: &Path) -> Result<Self, IdentityError> {
        let (made, text) = Self::make()?;
        let unkept = files::replace(path, text.as_bytes()).err().map(|error| {
            format!("this node's key is not kept ({error}): after a restart it is a stranger to the nodes that it is paired with; make room in the state directory of peer and restart peer before you pair")
        });
        Ok(Self { unkept, ..made })
    }

    fn make() -> Result<(Self, String), IdentityError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params()?.self_signed(&pair)?;
        let text = pair.serialize_pem() + &certificate.pem();
        Ok((Self::parse(&text)?, text))
    }
}

fn params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    let ((y, m, d), (to_y, to_m, to_d)) = VALID;
    params.not_before = rcgen::date_time_ymd(y, m, d);
    params.not_after = rcgen::date_time_ymd(to_y, to_m, to_d);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "dKVM");
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_second_start_is_the_same_node() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::obtain(Some(folder.path())).unwrap();
        let second = Identity::obtain(Some(folder.path())).unwrap();
        assert_eq!(first.unkept, None);
        assert_eq!(first.fingerprint, second.fingerprint);
        assert_eq!(first.secret("a"), second.secret("a"));
        assert_ne!(first.secret("a"), first.secret("b"));
    }

    #[test]
    fn two_nodes_are_two() {
        let (one, other) = (Identity::obtain(None), Identity::obtain(None));
        assert_ne!(one.unwrap().fingerprint, other.unwrap().fingerprint);
    }

    #[test]
    fn a_damaged_key_is_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let whole = {
            Identity::obtain(Some(folder.path())).unwrap();
            fs::read_to_string(folder.path().join(FILE)).unwrap()
        };
        for damage in ["", "garbage", &whole[..whole.len() / 2], &whole[10..]] {
            fs::write(folder.path().join(FILE), damage).unwrap();
            let told = Identity::obtain(Some(folder.path()))
                .unwrap_err()
                .to_string();
            assert!(told.contains("damaged"), "{told}");
            let left = fs::read_to_string(folder.path().join(FILE)).unwrap();
            assert_eq!(left, damage);
        }
    }

    #[test]
    fn key_and_certificate_of_two_nodes_are_no_identity() {
        let one = Identity::make().unwrap().1;
        let other = Identity::make().unwrap().1;
        let cut = one.find("-----BEGIN CERTIFICATE").unwrap();
        let mixed = format!(
            "{}{}",
            &one[..cut],
            &other[other.find("-----BEGIN CERTIFICATE").unwrap()..]
        );
        let told = Identity::parse(&mixed).unwrap_err().to_string();
        assert!(told.contains("do not belong together"), "{told}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let made = Identity::obtain(Some(&gone)).unwrap();
        assert!(made.unkept.unwrap().contains("not kept"));
    }
}
