//! The code that two persons compare.
//!
//! Both keys and a random number of each side go into it. The caller is bound to its number by a hash before it sees the
//! other's, so somebody in between, who has a key of his own on each side, cannot choose numbers until both codes are the
//! same: he has one guess in a million for each time that two persons compare.

use crate::fingerprint::Fingerprint;
use dkvm_wire::vocab::peer::CODE_DIGITS;
use ring::digest::{digest, SHA256};

/// What a side adds of its own.
pub type Nonce = [u8; 32];

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Whose key called.
    pub caller: Fingerprint,
    /// Whose key was called.
    pub called: Fingerprint,
}

impl Pair {
    /// What binds the caller to its number without telling it.
    pub fn commitment(&self, caller: &Nonce) -> [u8; 32] {
        self.hash(b"dkvm-pair/1 commitment\0", &[caller])
    }

    /// What both show.
    pub fn code(&self, caller: &Nonce, called: &Nonce) -> String {
        let hash = self.hash(b"dkvm-pair/1 code\0", &[caller, called]);
        let number = hash[..8]
            .iter()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let digits = u32::try_from(CODE_DIGITS).unwrap_or(6);
        // 2^64 is no multiple of a million; some codes are likelier by one in ten million millions.
        format!("{:0CODE_DIGITS$}", number % 10u64.pow(digits))
    }

    fn hash(&self, purpose: &[u8], numbers: &[&Nonce]) -> [u8; 32] {
        let mut text = purpose.to_vec();
        text.extend(self.caller.bytes());
        text.extend(self.called.bytes());
        numbers.iter().for_each(|number| text.extend(*number));
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &text).as_ref());
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(caller: u8, called: u8) -> Pair {
        Pair {
            caller: Fingerprint::of(caller),
            called: Fingerprint::of(called),
        }
    }

    /// Made by another implementation of SHA-256, from the description in `docs/peers.md`.
    #[test]
    fn vectors() {
        let code = pair(1, 2).code(&[3; 32], &[4; 32]);
        assert_eq!(code, "342983");
        let commitment = pair(1, 2).commitment(&[3; 32]);
        let hex: String = commitment
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "2c24d6095cd7bfcbc684971237a8efc9e11c14c80abedf0fbd94b8f5b5a0dc38"
        );
    }

    #[test]
    fn everything_counts_and_so_does_its_place() {
        let codes = [
            pair(1, 2).code(&[3; 32], &[4; 32]),
            pair(2, 1).code(&[3; 32], &[4; 32]),
            pair(1, 5).code(&[3; 32], &[4; 32]),
            pair(5, 2).code(&[3; 32], &[4; 32]),
            pair(1, 2).code(&[4; 32], &[3; 32]),
            pair(1, 2).code(&[3; 32], &[5; 32]),
        ];
        for (at, code) in codes.iter().enumerate() {
            assert_eq!(code.len(), CODE_DIGITS);
            assert!(!codes[..at].contains(code), "{code} twice");
        }
        assert_ne!(
            pair(1, 2).commitment(&[3; 32]),
            pair(1, 2).commitment(&[4; 32])
        );
    }
}
