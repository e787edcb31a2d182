use crate::{BundleError, Manifest};

/// The first bytes of every bundle.
pub const MAGIC: [u8; 8] = *b"dKVMbndl";
/// The format that this crate reads and writes.
pub const FORMAT: u16 = 1;
/// Bytes before the signature.
pub const PREFIX_LEN: usize = 16;
/// Most bytes of a head: a manifest is some 500; more is an attempt on the reader's memory.
pub const MAX_HEAD: usize = 16 * 1024;

const SIGNATURE_LEN: usize = 64;
const MANIFEST_AT: usize = PREFIX_LEN + SIGNATURE_LEN;

/// A bundle's head, read but not yet believed: the signature is checked by [`crate::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its length: where the first part begins.
    pub length: usize,
    /// The signature as it stands there.
    pub signature: [u8; SIGNATURE_LEN],
    /// What it says.
    pub manifest: Manifest,
    signed: Vec<u8>,
}

impl Head {
    /// Reads a head from a bundle's first bytes; more than the head may be given.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let length = length(bytes)?;
        let head = bytes.get(..length).ok_or(BundleError::ShortHead)?;
        let manifest = Manifest::parse(&head[MANIFEST_AT..])?;
        let signature = *head[PREFIX_LEN..]
            .first_chunk()
            .ok_or(BundleError::ShortHead)?;
        Ok(Self {
            length,
            signature,
            manifest,
            signed: signed(&head[..PREFIX_LEN], &head[MANIFEST_AT..]),
        })
    }

    /// Reads a head, and compares the bundle's size with what the manifest says.
    pub fn of_bundle(first: &[u8], size: u64) -> Result<Self, BundleError> {
        let head = Self::parse(first)?;
        let expected = head.bundle_size();
        if size == expected {
            Ok(head)
        } else {
            Err(BundleError::Size {
                expected,
                found: size,
            })
        }
    }

    /// Bytes of the whole bundle.
    pub fn bundle_size(&self) -> u64 {
        self.manifest.payload() + self.length as u64
    }

    /// The bytes that the signature is over.
    pub fn signed(&self) -> &[u8] {
        &self.signed
    }

    /// The head's bytes for a manifest, with what `sign` makes of the bytes that are signed.
    pub fn build(
        manifest: &Manifest,
        sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
    ) -> Result<Vec<u8>, BundleError> {
        let json = manifest.to_json();
        let length = MANIFEST_AT + json.len();
        if length > MAX_HEAD {
            return Err(BundleError::Damaged("the manifest is too long"));
        }
        let mut head = prefix(length as u32).to_vec();
        let signature = sign(&signed(&head, &json));
        head.extend_from_slice(&signature);
        head.extend_from_slice(&json);
        Ok(head)
    }
}

fn length(bytes: &[u8]) -> Result<usize, BundleError> {
    // What is no bundle at all is told so even when it is very short.
    let shown = bytes.len().min(MAGIC.len());
    if bytes.is_empty() || bytes[..shown] != MAGIC[..shown] {
        return Err(BundleError::Magic);
    }
    let prefix: &[u8; PREFIX_LEN] = bytes.first_chunk().ok_or(BundleError::ShortHead)?;
    let format = u16::from_le_bytes([prefix[8], prefix[9]]);
    if format != FORMAT {
        return Err(BundleError::Format(format));
    }
    if prefix[10..12] != [0, 0] {
        return Err(BundleError::Damaged("reserved bytes are set"));
    }
    let length = u32::from_le_bytes([prefix[12], prefix[13], prefix[14], prefix[15]]) as usize;
    if (MANIFEST_AT + 1..=MAX_HEAD).contains(&length) {
        Ok(length)
    } else {
        Err(BundleError::Damaged("its length cannot be"))
    }
}

fn prefix(length: u32) -> [u8; PREFIX_LEN] {
    let mut prefix = [0; PREFIX_LEN];
    prefix[..8].copy_from_slice(&MAGIC);
    prefix[8..10].copy_from_slice(&FORMAT.to_le_bytes());
    prefix[12..].copy_from_slice(&length.to_le_bytes());
    prefix
}

fn signed(prefix: &[u8], manifest: &[u8]) -> Vec<u8> {
    [prefix, manifest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Vec<u8> {
        Head::build(&crate::manifest::sample(), |_| [7; 64]).unwrap()
    }

    #[test]
    fn what_is_built_is_read() {
        let bytes = head();
        let read = Head::parse(&bytes).unwrap();
        assert_eq!(read.manifest, crate::manifest::sample());
        assert_eq!((read.length, read.signature), (bytes.len(), [7; 64]));
        assert_eq!(read.bundle_size(), bytes.len() as u64 + 3000);
    }

    #[test]
    fn every_cut_of_a_head_is_told() {
        let bytes = head();
        for length in 1..bytes.len() {
            let error = Head::parse(&bytes[..length]).unwrap_err();
            assert!(matches!(error, BundleError::ShortHead), "{length}: {error}");
        }
        assert!(matches!(Head::parse(b"").unwrap_err(), BundleError::Magic));
    }

    #[test]
    fn a_size_that_is_not_the_manifests_is_told() {
        let bytes = head();
        let whole = bytes.len() as u64 + 3000;
        assert!(Head::of_bundle(&bytes, whole).is_ok());
        for wrong in [0, whole - 1, whole + 1, u64::MAX] {
            let error = Head::of_bundle(&bytes, wrong).unwrap_err();
            assert!(matches!(error, BundleError::Size { .. }));
        }
    }

    #[test]
    fn other_files_and_later_formats_are_told_apart() {
        assert!(matches!(
            Head::parse(b"PK\x03\x04").unwrap_err(),
            BundleError::Magic
        ));
        let mut later = head();
        later[8] = 2;
        assert!(matches!(
            Head::parse(&later).unwrap_err(),
            BundleError::Format(2)
        ));
        let mut long = head();
        long[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(
            Head::parse(&long).unwrap_err(),
            BundleError::Damaged(_)
        ));
    }
}
