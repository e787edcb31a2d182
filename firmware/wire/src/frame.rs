use thiserror::Error;

/// Largest frame body, in bytes, that either side may send before `welcome`.
pub const LIMIT_BEFORE_WELCOME: usize = 64 * 1024;
/// Largest frame body, in bytes, that a kernel grants in `welcome` unless configured otherwise.
pub const LIMIT_DEFAULT: usize = 1024 * 1024;
/// Room over the limit in what a kernel passes on: the source's name, and at a gateway the names of all that an event is for at
/// other nodes (128 of at most 96 letters). A reader takes frames so much longer than it may send.
pub const FORWARD_MARGIN: usize = 16 * 1024;
const HEADER: usize = 4;
/// Capacity kept by an idle decoder; more is given back after a large frame.
const KEEP_CAPACITY: usize = 64 * 1024;

/// A frame that breaks the framing rules. The connection cannot go on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Longer than the limit in force.
    #[error("a frame of {length} bytes is over the limit of {limit}: bulk data travels in shared memory, not in frames")]
    Oversize {
        /// Announced length, bytes.
        length: usize,
        /// Limit in force, bytes.
        limit: usize,
    },
    /// A frame cannot be empty.
    #[error("a frame of 0 bytes holds no message")]
    Empty,
}

/// Wraps `body` as one frame: `u32` little-endian length, then the bytes.
pub fn encode_frame(body: &[u8], limit: usize) -> Result<Vec<u8>, FrameError> {
    check_length(body.len(), limit)?;
    let length = u32::try_from(body.len()).map_err(|_| FrameError::Oversize {
        length: body.len(),
        limit,
    })?;
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(body);
    Ok(out)
}

fn check_length(length: usize, limit: usize) -> Result<(), FrameError> {
    match length {
        0 => Err(FrameError::Empty),
        n if n > limit => Err(FrameError::Oversize { length, limit }),
        _ => Ok(()),
    }
}

/// Cuts a byte stream into frame bodies. Never buffers more than one frame beyond what was pushed,
/// and refuses an oversize length as soon as its four bytes are there.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    start: usize,
    limit: usize,
}

impl FrameDecoder {
    /// A decoder that takes frames up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            limit,
        }
    }

    /// Changes the limit, as `welcome` does.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Adds bytes as they came from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame body, or `None` until more bytes are pushed.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let pending = &self.buffer[self.start..];
        let Some(header) = pending.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*header) as usize;
        check_length(length, self.limit)?;
        if pending.len() < HEADER + length {
            return Ok(None);
        }
        let from = self.start + HEADER;
        self.start = from + length;
        Ok(Some(&self.buffer[from..from + length]))
    }

    fn compact(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEEP_CAPACITY);
        } else if self.start > 0 {
            self.buffer.drain(..self.start);
        }
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cut() {
        let mut stream = encode_frame(b"one", 16).unwrap();
        stream.extend(encode_frame(b"twotwo", 16).unwrap());
        for cut in 0..stream.len() {
            let mut decoder = FrameDecoder::new(16);
            let mut got = Vec::new();
            for part in [&stream[..cut], &stream[cut..]] {
                decoder.push(part);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    got.push(frame.to_vec());
                }
            }
            assert_eq!(got, [b"one".to_vec(), b"twotwo".to_vec()], "cut at {cut}");
        }
    }

    #[test]
    fn oversize_is_refused_from_its_header_alone() {
        let mut decoder = FrameDecoder::new(10);
        decoder.push(&11u32.to_le_bytes());
        assert_eq!(
            decoder.next_frame(),
            Err(FrameError::Oversize {
                length: 11,
                limit: 10
            })
        );
    }

    #[test]
    fn empty_is_refused() {
        let mut decoder = FrameDecoder::new(10);
        decoder.push(&[0; 4]);
        assert_eq!(decoder.next_frame(), Err(FrameError::Empty));
        assert_eq!(encode_frame(b"", 10), Err(FrameError::Empty));
    }
}
