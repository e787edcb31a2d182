//! Where one frame of the wire protocol ends and the next begins, in bytes that are passed on unread.

use dkvm_wire::PREAMBLE_LEN;

const HEADER: usize = 4;

/// Follows a stream that begins with a preamble.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// What is still to come of the preamble or of a body.
    rest: usize,
    /// What has come of a length.
    header: [u8; HEADER],
    have: usize,
}

impl Default for Boundary {
    fn default() -> Self {
        Self {
            rest: PREAMBLE_LEN,
            header: [0; HEADER],
            have: 0,
        }
    }
}

impl Boundary {
    /// These have passed.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = if self.rest > 0 {
                let taken = self.rest.min(bytes.len());
                self.rest -= taken;
                taken
            } else {
                self.pass_header(bytes)
            };
            bytes = &bytes[taken..];
        }
    }

    fn pass_header(&mut self, bytes: &[u8]) -> usize {
        let taken = (HEADER - self.have).min(bytes.len());
        self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
        self.have += taken;
        if self.have == HEADER {
            self.rest = u32::from_le_bytes(self.header) as usize;
            self.have = 0;
        }
        taken
    }

    /// Whether a frame of our own may follow what has passed so far.
    pub fn is_between(&self) -> bool {
        self.rest == 0 && self.have == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{encode_frame, Preamble};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_between_frames_exactly_there(
            lengths in proptest::collection::vec(1usize..700, 0..6),
            cuts in proptest::collection::vec(1usize..300, 1..40),
        ) {
            let mut stream = Preamble::BYTES.to_vec();
            let mut ends = vec![stream.len()];
            for length in lengths {
                stream.extend(encode_frame(&vec![1; length], 1000).unwrap());
                ends.push(stream.len());
            }
            let (mut boundary, mut at) = (Boundary::default(), 0);
            for cut in cuts.iter().cycle() {
                prop_assert_eq!(boundary.is_between(), ends.contains(&at));
                if at == stream.len() {
                    break;
                }
                let to = (at + cut).min(stream.len());
                boundary.pass(&stream[at..to]);
                at = to;
            }
        }

        #[test]
        fn no_bytes_harm_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut boundary = Boundary::default();
            boundary.pass(&bytes);
            let _ = boundary.is_between();
        }
    }
}
