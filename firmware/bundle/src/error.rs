use std::path::PathBuf;
use thiserror::Error;

/// Why a bundle is not taken, or not made.
#[derive(Debug, Error)]
pub enum BundleError {
    /// Some other file.
    #[error("this is no dKVM bundle: it does not begin with the bundle's mark; take the file dkvm-BOARD-VERSION.dkvm of a release")]
    Magic,
    /// Fewer bytes than a head has.
    #[error("the bundle ends within its head: download it again")]
    ShortHead,
    /// A later format.
    #[error("the bundle has format {0}, and this dKVM knows format 1 only: update to a release between first")]
    Format(u16),
    /// A head that cannot be.
    #[error("the bundle's head is damaged ({0}): download it again")]
    Damaged(&'static str),
    /// No manifest.
    #[error("the bundle's manifest is damaged ({0}): download it again")]
    Manifest(String),
    /// More or fewer bytes than the manifest says.
    #[error("the bundle is {found} bytes long and must be {expected}: it is truncated or damaged, download it again")]
    Size {
        /// What the manifest says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Signed by nobody known.
    #[error("the bundle's signature is not by the key of this image: take a bundle that was built with that key, or write the card anew")]
    Signature,
    /// A part that is not what was signed.
    #[error("the part {part} of the bundle is damaged: its hash is not the signed one")]
    Hash {
        /// Which.
        part: &'static str,
    },
    /// A key file that is none.
    #[error("{path} holds no {kind} key ({reason}): make one with `dkvm-bundle keygen`")]
    Key {
        /// Which file.
        path: PathBuf,
        /// `update` (secret) or `public`.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file of a person's.
    #[error("cannot {act} {path}: {source}")]
    File {
        /// `read`, `write`.
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An image that does not fit.
    #[error("{path} {reason}")]
    Image {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
}
