use crate::{auth::token::hex, store};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    PKCS_ECDSA_P256_SHA256,
};
use ring::digest::{digest, SHA256};
use rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer};
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    path::Path,
};
use thiserror::Error;

/// The files in the state directory; a person may put own ones in their place.
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
/// Valid from where a clock that nobody set begins, until the last year that old clients can read: never from "now".
const VALID: ((i32, u8, u8), (i32, u8, u8)) = ((1970, 1, 1), (2049, 12, 31));
/// Addresses of the documentation nets (RFC 5737, 3849): nothing is sent there, Linux only tells which of
/// its own addresses it would use.
const TOWARDS: [(&str, &str); 2] = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// It could not be made.
    #[error("making a certificate failed ({0}): look at `names` in its configuration")]
    Make(#[from] rcgen::Error),
    /// The files cannot be read.
    #[error("reading {what} failed: {source}")]
    Read {
        /// Which file.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The files are not what they should be.
    #[error("{what} is not PEM of the right kind: {source}")]
    Parse {
        /// Which file.
        what: &'static str,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
}

/// What the certificate is for.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// The node's names and addresses, and what the configuration adds.
    pub fn new(node: &str, more: &[String]) -> Self {
        let mut names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        if is_host_name(node) {
            names.extend([node.to_owned(), format!("{node}.local")]);
        }
        names.extend(own_addresses().map(|address| address.to_string()));
        names.extend(more.iter().cloned());
        names.sort();
        names.dedup();
        Self(names)
    }
}

fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

fn own_addresses() -> impl Iterator<Item = IpAddr> {
    TOWARDS.into_iter().filter_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        socket
            .local_addr()
            .ok()
            .map(|address: SocketAddr| address.ip())
    })
}

/// A certificate chain and its key.
pub struct Certificate {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
    /// What a person has to know when it is not the one on disk.
    pub degraded: Option<String>,
}

impl Certificate {
    /// The one in `folder`; one that is made now and stored when there is none; one in memory when that
    /// cannot be.
    pub fn obtain(folder: &Path, names: &Names) -> Result<Self, CertificateError> {
        match Self::load(folder) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Self::make_and_store(folder, names),
            Err(error) => Ok(Self {
                degraded: Some(temporary(folder, &error.to_string())),
                ..Self::make(names)?.0
            }),
        }
    }

    /// SHA-256 of the leaf, as browsers show it.
    pub fn fingerprint(&self) -> String {
        let leaf = self.chain.first().map_or(&[][..], |leaf| leaf.as_ref());
        let bytes = digest(&SHA256, leaf);
        bytes
            .as_ref()
            .iter()
            .map(|byte| hex(&[*byte]).to_uppercase())
            .collect::<Vec<_>>()
            .join(":")
    }

    fn load(folder: &Path) -> Result<Option<Self>, CertificateError> {
        let read = |what| {
            store::read(&folder.join(what))
                .map_err(|source| CertificateError::Read { what, source })
        };
        let (Some(chain), Some(key)) = (read(CERTIFICATE)?, read(KEY)?) else {
            return Ok(None);
        };
        Self::parse(&chain, &key).map(Some)
    }

    fn parse(chain: &str, key: &str) -> Result<Self, CertificateError> {
        let wrong = |what| move |source| CertificateError::Parse { what, source };
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let chain = parsed.map_err(wrong(CERTIFICATE))?;
        if chain.is_empty() {
            return Err(wrong(CERTIFICATE)(
                rustls::pki_types::pem::Error::NoItemsFound,
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(wrong(KEY))?;
        Ok(Self {
            chain,
            key,
            degraded: None,
        })
    }

    fn make_and_store(folder: &Path, names: &Names) -> Result<Self, CertificateError> {
        let (made, chain, key) = Self::make(names)?;
        // The key first: a certificate without its key would be taken for a person's mistake.
        let stored = store::replace(&folder.join(KEY), key.as_bytes())
            .and_then(|()| store::replace(&folder.join(CERTIFICATE), chain.as_bytes()));
        let degraded = stored
            .err()
            .map(|error| temporary(folder, &error.to_string()));
        Ok(Self { degraded, ..made })
    }

    fn make(names: &Names) -> Result<(Self, String, String), CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params(names)?.self_signed(&key)?;
        let (chain, key) = (certificate.pem(), key.serialize_pem());
        Ok((Self::parse(&chain, &key)?, chain, key))
    }
}

fn params(names: &Names) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names.0.clone())?;
    let ((y, m, d), (to_y, to_m, to_d)) = VALID;
    params.not_before = rcgen::date_time_ymd(y, m, d);
    params.not_after = rcgen::date_time_ymd(to_y, to_m, to_d);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "dKVM");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn temporary(folder: &Path, reason: &str) -> String {
    let folder = folder.display();
    format!("HTTPS runs with a certificate that lasts until the next start ({reason}): make {folder} and the files in it readable and writable for the web device, or remove {CERTIFICATE} and {KEY}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_second_start_finds_the_first_ones_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::new("office", &["kvm.example".to_owned()]);
        let first = Certificate::obtain(folder.path(), &names).unwrap();
        let second = Certificate::obtain(folder.path(), &names).unwrap();
        assert_eq!(first.degraded, None);
        assert_eq!(first.fingerprint(), second.fingerprint());
        assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
        let mode = std::fs::metadata(folder.path().join(KEY))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_a_sentence_not_the_service() {
        let names = Names::new("office", &[]);
        let made = Certificate::obtain(Path::new("/dev/null/nowhere"), &names).unwrap();
        assert!(made.degraded.unwrap().contains("/dev/null/nowhere"));
        assert_eq!(made.chain.len(), 1);
    }

    #[test]
    fn a_damaged_file_is_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CERTIFICATE), "garbage").unwrap();
        std::fs::write(folder.path().join(KEY), "garbage").unwrap();
        let made = Certificate::obtain(folder.path(), &Names::default()).unwrap();
        assert!(made
            .degraded
            .unwrap()
            .contains("certificate.pem is not PEM"));
        assert_eq!(
            std::fs::read_to_string(folder.path().join(KEY)).unwrap(),
            "garbage"
        );
    }

    #[test]
    fn odd_node_names_are_left_out() {
        assert!(!Names::new("bad name\n", &[])
            .0
            .iter()
            .any(|name| name.contains("bad")));
    }
}
