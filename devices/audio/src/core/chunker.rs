//! What the target plays, cut into pieces of 20 ms at 48 kHz, counted.

use super::{
    resample::{ResampleError, Resampler},
    to_bytes, Rate,
};
use dkvm_wire::vocab::audio::{Speaker, CHUNK_FRAMES};

/// Left and right.
pub const CHANNELS: usize = 2;

/// Makes `audio.speaker` of frames.
pub struct Chunker {
    resampler: Option<Resampler>,
    waiting: Vec<i16>,
    stream: u32,
    position: u64,
}

/// Counts over all streams of a life.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    stream: u32,
    position: u64,
}

impl Chunker {
    /// A stream begins at `rate`, after those counted so far.
    pub fn new(rate: Rate, so_far: Count) -> Result<Self, ResampleError> {
        let resampler = (rate != Rate::WIRE)
            .then(|| Resampler::new(rate, Rate::WIRE, CHANNELS, CHUNK_FRAMES))
            .transpose()?;
        Ok(Self {
            resampler,
            waiting: Vec::new(),
            stream: so_far.stream.wrapping_add(1),
            position: so_far.position,
        })
    }

    /// For the stream after this one.
    pub fn count(&self) -> Count {
        Count {
            stream: self.stream,
            position: self.position,
        }
    }

    /// Linux lost some, nobody knows how much: it shows as a missing piece, and what waited for its end is gone with it.
    pub fn lost(&mut self) {
        self.waiting.clear();
        self.position += CHUNK_FRAMES as u64;
    }

    /// Frames that came, interleaved, the last of them now.
    pub fn push(&mut self, frames: &[i16], now_ns: u64) -> Result<Vec<Speaker>, ResampleError> {
        self.waiting.extend_from_slice(frames);
        let mut chunks = Vec::new();
        while let Some(samples) = self.next()? {
            chunks.push(Speaker {
                stream: self.stream,
                position: self.position,
                captured_ns: now_ns,
                data: to_bytes(&samples),
            });
            self.position += CHUNK_FRAMES as u64;
        }
        Ok(chunks)
    }

    fn next(&mut self) -> Result<Option<Vec<i16>>, ResampleError> {
        let frames = self
            .resampler
            .as_ref()
            .map_or(CHUNK_FRAMES, Resampler::needs);
        if self.waiting.len() < frames * CHANNELS {
            return Ok(None);
        }
        let taken = self.waiting.drain(..frames * CHANNELS);
        let Some(resampler) = &mut self.resampler else {
            return Ok(Some(taken.collect()));
        };
        let mut samples = Vec::with_capacity(CHUNK_FRAMES * CHANNELS);
        resampler.run(taken, &mut samples)?;
        Ok(Some(samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn at_48_khz_nothing_is_changed_and_all_is_counted() {
        let frames: Vec<i16> = (0..CHUNK_FRAMES as i16 * 4).collect();
        let mut chunker = Chunker::new(Rate::WIRE, Count::default()).unwrap();
        let mut chunks = chunker.push(&frames[..100], 1).unwrap();
        assert!(chunks.is_empty());
        chunks.extend(chunker.push(&frames[100..], 2).unwrap());
        assert_eq!(
            chunks
                .iter()
                .map(|chunk| chunk.position)
                .collect::<Vec<_>>(),
            [0, 960]
        );
        let all: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.data.clone()).collect();
        assert_eq!(all, to_bytes(&frames));
        let next = Chunker::new(Rate::WIRE, chunker.count()).unwrap();
        assert_eq!((next.stream, next.position), (2, 1920));
    }

    #[test]
    fn what_linux_lost_shows() {
        let mut chunker = Chunker::new(Rate::WIRE, Count::default()).unwrap();
        let piece = vec![0; CHUNK_FRAMES * CHANNELS];
        chunker.push(&piece, 0).unwrap();
        chunker.lost();
        assert_eq!(chunker.push(&piece, 0).unwrap()[0].position, 1920);
    }

    proptest! {
        #[test]
        fn as_much_comes_out_as_goes_in(pieces in proptest::collection::vec(1usize..2000, 1..30)) {
            let mut chunker = Chunker::new(Rate(44_100), Count::default()).unwrap();
            let (mut given, mut got) = (0, 0);
            for piece in pieces {
                got += chunker.push(&vec![0; piece * CHANNELS], 0).unwrap().len() * CHUNK_FRAMES;
                given += piece;
            }
            let due = given * 480 / 441;
            prop_assert!(got <= due && due - got < 2 * CHUNK_FRAMES + 200, "{given} frames gave {got}");
        }
    }
}
