//! Which bytes are the frame: nokhwa hands out all of the driver's memory, with what earlier, longer frames left behind it.

use crate::core::Running;

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const SCAN: u8 = 0xda;
/// A JPEG has a dozen segments and a few scans; more is rubbish.
const SEGMENTS_MAX: usize = 256;

/// The frame in what the driver gave; nothing where it is not whole.
pub(super) fn frame<'a>(bytes: &'a [u8], running: &Running) -> Option<&'a [u8]> {
    match running.format.frame_len(running.size) {
        None => bytes.get(..jpeg_len(bytes)?),
        Some(_) => bytes.get(..running.frame_len),
    }
}

/// Where the JPEG at the beginning ends.
fn jpeg_len(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(&SOI) {
        return None;
    }
    let mut at = SOI.len();
    for _ in 0..SEGMENTS_MAX {
        let (kind, behind) = marker(bytes, at)?;
        if kind == EOI {
            return Some(behind);
        }
        let length = bytes.get(behind..behind + 2)?;
        let length = u16::from_be_bytes([length[0], length[1]]);
        at = behind + usize::from(length);
        if kind == SCAN {
            at = end_of_scan(bytes, at)?;
        }
    }
    None
}

/// The marker at this place, and where what follows it begins.
fn marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(at..)?;
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    let kind = rest.get(fill).filter(|_| fill > 0)?;
    Some((*kind, at + fill + 1))
}

/// The next marker in a picture's own bytes: 0xff with neither a 0 (a byte of the picture) nor a restart behind it.
fn end_of_scan(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff);
    rest.windows(2).position(ends).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{FourCc, Rate, Size};
    use dkvm_wire::vocab::video::Colors;
    use proptest::prelude::*;

    /// With an escaped 0xff, a restart, fill bytes and a second scan; 0xff 0xd9 stands in a comment too.
    fn jpeg() -> Vec<u8> {
        let mut bytes = SOI.to_vec();
        bytes.extend([0xff, 0xfe, 0, 4, 0xff, EOI]);
        bytes.extend([
            0xff, 0xff, SCAN, 0, 4, 1, 1, 0x55, 0xff, 0, 0xd9, 0xff, 0xd3, 7,
        ]);
        bytes.extend([0xff, 0xc4, 0, 3, 9, 0xff, SCAN, 0, 2, 1, 2, 0xff, 0xff, EOI]);
        bytes
    }

    #[test]
    fn what_an_earlier_frame_left_behind_is_cut_off() {
        let mut bytes = jpeg();
        let length = bytes.len();
        assert_eq!(jpeg_len(&bytes), Some(length));
        bytes.extend([1, 2, 0xff, EOI, 3]);
        assert_eq!(jpeg_len(&bytes), Some(length));
    }

    #[test]
    fn one_cut_short_is_none() {
        let bytes = jpeg();
        for length in 0..bytes.len() {
            assert_eq!(jpeg_len(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn raw_frames_have_their_length() {
        let size = Size {
            width: 4,
            height: 2,
        };
        let running = Running {
            format: FourCc::YUYV,
            size,
            rate: Rate(30_000),
            stride: 8,
            frame_len: 16,
            colors: Colors::default(),
        };
        assert_eq!(frame(&[7; 20], &running), Some(&[7; 16][..]));
        assert_eq!(frame(&[7; 15], &running), None);
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = jpeg_len(&bytes);
            let with_head = [&SOI[..], &bytes].concat();
            prop_assert!(jpeg_len(&with_head).is_none_or(|length| length <= with_head.len()));
        }
    }
}
