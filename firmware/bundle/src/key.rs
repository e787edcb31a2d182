use crate::{manifest::unhex, BundleError, Head};
use ed25519_dalek::{Signature, VerifyingKey};
use std::path::Path;

/// Most keys in `/etc/dkvm/update.pub`: one, and the next one while keys are changed.
pub const MAX_KEYS: usize = 8;

const PUBLIC: &str = "dkvm-update-public:";

/// The keys that may sign an image for this node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(Vec<VerifyingKey>);

impl PublicKeys {
    /// Reads the text of a key file: one key per line, `#` begins a comment.
    pub fn parse(path: &Path, text: &str) -> Result<Self, BundleError> {
        let wrong = |reason: &str| BundleError::Key {
            path: path.to_owned(),
            kind: "public",
            reason: reason.to_owned(),
        };
        let lines = text.lines().map(str::trim);
        let keys: Option<Vec<_>> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(public_key)
            .collect();
        let keys = keys.ok_or_else(|| wrong("a line is no key"))?;
        match keys.len() {
            0 => Err(wrong("it is empty")),
            1..=MAX_KEYS => Ok(Self(keys)),
            _ => Err(wrong("it has too many keys")),
        }
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, BundleError> {
        let text = std::fs::read_to_string(path).map_err(|source| BundleError::File {
            act: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }
}

fn public_key(line: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&unhex(line.strip_prefix(PUBLIC)?)?)
        .ok()
        .filter(|key| !key.is_weak())
}

/// Whether one of the keys signed this head. Strict: no second form of a signature counts.
pub fn verify(head: &Head, keys: &PublicKeys) -> Result<(), BundleError> {
    let signature = Signature::from_bytes(&head.signature);
    let signed = |key: &VerifyingKey| key.verify_strict(head.signed(), &signature).is_ok();
    let known = keys.0.iter().any(signed);
    known.then_some(()).ok_or(BundleError::Signature)
}

#[cfg(feature = "tool")]
mod secret {
    use super::{unhex, PUBLIC};
    use crate::BundleError;
    use ed25519_dalek::{Signer, SigningKey};
    use std::{
        fs::{self, DirBuilder, OpenOptions},
        io::{ErrorKind, Write},
        os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
        path::Path,
    };

    const SECRET: &str = "dkvm-update-secret:";

    /// The key of whoever builds images.
    pub struct SecretKey(SigningKey);

    impl SecretKey {
        /// Reads a key file, which must be nobody else's to read.
        pub fn read(path: &Path) -> Result<Self, BundleError> {
            let file = |source| BundleError::File {
                act: "read",
                path: path.to_owned(),
                source,
            };
            let wrong = |reason: &str| BundleError::Key {
                path: path.to_owned(),
                kind: "update",
                reason: reason.to_owned(),
            };
            let mode = fs::metadata(path).map_err(file)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(wrong(
                    "others may read it: whoever did can sign images; `chmod 600` it if nobody did",
                ));
            }
            let text = fs::read_to_string(path).map_err(file)?;
            let seed = text.trim().strip_prefix(SECRET).and_then(unhex);
            seed.map(|seed| Self(SigningKey::from_bytes(&seed)))
                .ok_or_else(|| wrong("it does not hold one"))
        }

        /// Reads the key, or makes it where there is none.
        pub fn obtain(path: &Path) -> Result<Self, BundleError> {
            match make(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(BundleError::File {
                    act: "write",
                    path: path.to_owned(),
                    source: error,
                }),
                _ => Self::read(path),
            }
        }

        /// The text of the public half's file.
        pub fn public_text(&self) -> String {
            let hex: String = self.0.verifying_key().as_bytes().iter().map(hex).collect();
            format!("{PUBLIC}{hex}\n")
        }

        pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
            self.0.sign(bytes).to_bytes()
        }
    }

    impl std::fmt::Debug for SecretKey {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("SecretKey")
        }
    }

    fn hex(byte: &u8) -> String {
        format!("{byte:02x}")
    }

    /// Made beside its place and linked there whole, so that two builds at once agree on one.
    fn make(path: &Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        if path.exists() {
            return Ok(());
        }
        let fresh = path.with_extension(format!("new-{}", std::process::id()));
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
        let text: String = seed.iter().map(hex).collect();
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        let linked = writeln!(file, "{SECRET}{text}")
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::hard_link(&fresh, path));
        fs::remove_file(&fresh)?;
        linked
    }
}

#[cfg(feature = "tool")]
pub use secret::SecretKey;
