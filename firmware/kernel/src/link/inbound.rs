use super::Pace;
use dkvm_wire::{FrameDecoder, Preamble, LIMIT_BEFORE_WELCOME, PREAMBLE_LEN};

/// Bytes that come in: first a preamble, then frames.
pub(crate) struct Inbound {
    preamble: Vec<u8>,
    pub(crate) decoder: Frames,
    pub(crate) pace: Pace,
}

/// The frames in what came.
pub(crate) struct Frames(FrameDecoder);

/// What the bytes so far hold.
pub(crate) enum Step<'a> {
    Frame(&'a [u8]),
    NeedMore,
}

impl Inbound {
    pub(crate) fn new() -> Self {
        Self {
            preamble: Vec::with_capacity(PREAMBLE_LEN),
            decoder: Frames(FrameDecoder::new(LIMIT_BEFORE_WELCOME)),
            pace: Pace::default(),
        }
    }

    /// Takes bytes as they came. The error is a sentence for the log.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        let missing = PREAMBLE_LEN - self.preamble.len();
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        if !head.is_empty() {
            self.preamble.extend_from_slice(head);
            self.check_preamble(bytes)?;
        }
        self.decoder.0.push(rest);
        Ok(())
    }

    fn check_preamble(&self, bytes: &[u8]) -> Result<(), String> {
        let Ok(whole) = <[u8; PREAMBLE_LEN]>::try_from(self.preamble.as_slice()) else {
            return Ok(());
        };
        match Preamble::check(whole) {
            Ok(_) => Ok(()),
            // Show what it printed, not only eight letters of it.
            Err(dkvm_wire::PreambleError::NotDkvm(_)) => Err(not_dkvm(bytes)),
            Err(other) => Err(other.to_string()),
        }
    }
}

impl Frames {
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.0.set_limit(limit);
    }

    /// The next frame. The error is a sentence for the log.
    pub(crate) fn next(&mut self) -> Result<Step<'_>, String> {
        match self.0.next_frame() {
            Ok(Some(frame)) => Ok(Step::Frame(frame)),
            Ok(None) => Ok(Step::NeedMore),
            Err(error) => Err(format!(
                "{error}; or it printed text on its stdout, which is kept for the protocol"
            )),
        }
    }
}

/// So much of what was printed is shown.
const SHOWN: usize = 40;

fn not_dkvm(bytes: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(bytes).chars().take(SHOWN).collect();
    format!("does not speak the dKVM protocol: its stdout begins with {shown:?}; a device keeps stdout for the protocol and prints to stderr")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::encode_frame;

    fn frames(parts: &[&[u8]]) -> Result<Vec<Vec<u8>>, String> {
        let mut inbound = Inbound::new();
        let mut all = Vec::new();
        for part in parts {
            inbound.push(part)?;
            while let Step::Frame(frame) = inbound.decoder.next()? {
                all.push(frame.to_vec());
            }
        }
        Ok(all)
    }

    #[test]
    fn a_stream_cut_anywhere_gives_its_frames() {
        let mut stream = Preamble::BYTES.to_vec();
        stream.extend(encode_frame(b"one", 10).expect("small"));
        stream.extend(encode_frame(b"two", 10).expect("small"));
        for cut in 0..stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(
                frames(&[a, b]),
                Ok(vec![b"one".to_vec(), b"two".to_vec()]),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn text_on_stdout_is_told_as_such() {
        let error = frames(&[b"Hello, world, I am a program\n"]).expect_err("no preamble");
        assert!(
            error.contains("Hello, world") && error.contains("stderr"),
            "{error}"
        );
    }

    #[test]
    fn text_after_the_preamble_is_told_as_such() {
        let error = frames(&[&Preamble::BYTES, b"oops a print\n"]).expect_err("no frame");
        assert!(error.contains("stdout"), "{error}");
    }
}
