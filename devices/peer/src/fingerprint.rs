//! Who a node is: the SHA-256 of its public key.

use ring::digest::{digest, SHA256};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use thiserror::Error;
use webpki::EndEntityCert;

const BYTES: usize = 32;
/// Of its hexadecimal digits, so many tell one from another for a person.
const SHORT: usize = 8;

/// SHA-256 of a public key (its SubjectPublicKeyInfo).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; BYTES]);

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no fingerprint: it has 64 hexadecimal digits, as `dkvm peers` shows it")]
pub struct FingerprintError(String);

/// Why a certificate has none.
#[derive(Debug, Error)]
#[error("its certificate cannot be read: {0}")]
pub struct CertificateError(#[from] webpki::Error);

impl Fingerprint {
    /// Of a public key as certificates carry it.
    pub fn of_key(spki: &[u8]) -> Self {
        let hash = digest(&SHA256, spki);
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(hash.as_ref());
        Self(bytes)
    }

    /// Of the key in a certificate, of which nothing else is looked at.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let parsed = EndEntityCert::try_from(certificate)?;
        Ok(Self::of_key(&parsed.subject_public_key_info()))
    }

    /// As it is hashed.
    pub fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// Enough of it to name a node that has no other name.
    pub fn short(&self) -> String {
        self.to_string().chars().take(SHORT).collect()
    }

    #[cfg(test)]
    pub(crate) fn of(byte: u8) -> Self {
        Self([byte; BYTES])
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let wrong = || FingerprintError(text.chars().take(2 * BYTES + 1).collect());
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.filter(|digits| digits.len() == 2 * BYTES);
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.ok_or_else(wrong)?.chunks(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_the_hash_of_the_key_in_hexadecimal() {
        // SHA-256 of nothing, FIPS 180-2.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Fingerprint::of_key(b"").to_string(), empty);
        assert_eq!(empty.to_uppercase().parse(), Ok(Fingerprint::of_key(b"")));
        assert_eq!(Fingerprint::of_key(b"").short(), "e3b0c442");
    }

    proptest! {
        #[test]
        fn any_text_is_a_fingerprint_or_an_error(text in ".{0,80}", bytes: [u8; 32]) {
            if let Ok(found) = text.parse::<Fingerprint>() {
                prop_assert_eq!(found.to_string(), text.to_lowercase());
            }
            prop_assert_eq!(Fingerprint(bytes).to_string().parse(), Ok(Fingerprint(bytes)));
        }

        #[test]
        fn any_bytes_are_a_certificate_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(Fingerprint::of_certificate(&CertificateDer::from(bytes)).is_err());
        }
    }
}
