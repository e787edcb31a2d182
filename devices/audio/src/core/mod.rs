//! What is decided and reckoned, without a card and without a clock.

pub mod chunker;
pub mod drift;
pub mod holder;
pub mod jitter;
pub mod order;
pub mod resample;

/// Frames a second; 0: nothing plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rate(pub u32);

impl Rate {
    /// Nothing plays.
    pub const NONE: Self = Self(0);
    /// What travels on the topics.
    pub const WIRE: Self = Self(dkvm_wire::vocab::audio::RATE);

    /// Frames in so many ms.
    pub const fn frames(self, ms: u32) -> usize {
        (self.0 as usize * ms as usize) / 1000
    }
}

/// Samples as they travel.
pub fn to_bytes(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

/// Samples as they are reckoned with; an odd byte at the end is dropped.
pub fn from_bytes(bytes: &[u8]) -> impl Iterator<Item = i16> + '_ {
    bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
}
