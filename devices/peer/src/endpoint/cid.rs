//! The ids of our connections: whatever carries another is not for us.

use quinn::{ConnectionId, ConnectionIdGenerator};
use std::{
    hash::{DefaultHasher, Hasher},
    time::Duration,
};

const LENGTH: usize = 8;
/// The first half is random, the second follows from it and the key.
const RANDOM: usize = 4;

/// Makes ids, and knows its own again, also in its next life: a node that lost its connections can then say so at once.
/// That is no defence, only a way to tell noise.
#[derive(Debug, Clone, Copy)]
pub struct Cids {
    key: [u8; 32],
}

impl Cids {
    /// From a key that stays.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: *key }
    }

    /// Whether these first bytes of an id are one of ours.
    pub fn knows(&self, id: &[u8]) -> bool {
        let known = |id: &[u8]| self.tag(&id[..RANDOM]) == id[RANDOM..LENGTH];
        id.get(..LENGTH).is_some_and(known)
    }

    fn tag(&self, random: &[u8]) -> [u8; LENGTH - RANDOM] {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.key);
        hasher.write(random);
        let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
        [a, b, c, d]
    }
}

impl ConnectionIdGenerator for Cids {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut random = [0; RANDOM];
        // Without randomness Linux would not have come up; ids that repeat are made anew by quinn.
        let _ = getrandom::fill(&mut random);
        ConnectionId::new(&[random, self.tag(&random)].concat())
    }

    fn cid_len(&self) -> usize {
        LENGTH
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_its_own_and_no_others() {
        let (mut own, other) = (Cids::new(&[1; 32]), Cids::new(&[2; 32]));
        for _ in 0..100 {
            let id = own.generate_cid();
            assert!(Cids::new(&[1; 32]).knows(&id));
            assert!(!other.knows(&id));
        }
        assert!(!own.knows(&[0; 7]));
    }
}
