use crate::Sha256;
use sha2::Digest;
use std::io::{self, Read};

/// What is read at once: large enough that a call costs nothing beside the hash.
const BLOCK: usize = 64 * 1024;

/// Takes bytes as they come and gives their hash.
#[derive(Debug, Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all.
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

/// Hash of the next `size` bytes of a reader; fewer are an error.
pub fn hash_reader(reader: &mut dyn Read, size: u64) -> io::Result<Sha256> {
    let mut hasher = Hasher::default();
    let mut block = vec![0; BLOCK];
    let mut left = size;
    while left > 0 {
        let most = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        reader.read_exact(&mut block[..most])?;
        hasher.update(&block[..most]);
        left -= most as u64;
    }
    Ok(hasher.finish())
}
