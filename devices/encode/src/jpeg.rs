//! A look at JPEGs that a dongle made: foreign bytes that are passed on to every browser.

use crate::picture::BadFrame;

/// Before the picture itself come a dozen segments; more is nonsense.
const SEGMENTS_MAX: usize = 64;
/// Dongles fill their last USB packet up.
const PADDING_MAX: usize = 64 * 1024;

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: [u8; 2] = [0xff, 0xd9];
/// Behind it is the picture.
const SCAN: u8 = 0xda;

/// A JPEG that is whole as far as its frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jpeg {
    /// Pixels, as the JPEG itself says.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Bytes, without what follows its end.
    pub length: usize,
}

/// Checks start, size and end.
pub fn check(bytes: &[u8]) -> Result<Jpeg, BadFrame> {
    if !bytes.starts_with(&SOI) {
        return Err(BadFrame::Jpeg("it does not begin like a JPEG"));
    }
    let (width, height) = size(bytes)?;
    if width == 0 || height == 0 {
        return Err(BadFrame::Jpeg("its size is 0"));
    }
    let length = end(bytes).ok_or(BadFrame::Jpeg("it is cut short"))?;
    Ok(Jpeg {
        width,
        height,
        length,
    })
}

/// The size in the start-of-frame segment, which comes before the picture itself.
fn size(bytes: &[u8]) -> Result<(u16, u16), BadFrame> {
    let mut rest = &bytes[SOI.len()..];
    for _ in 0..SEGMENTS_MAX {
        let segment = Segment::first(rest)?;
        match (segment.kind, segment.body) {
            (0xc0..=0xc2, [_, h1, h0, w1, w0, ..]) => {
                return Ok((
                    u16::from_be_bytes([*w1, *w0]),
                    u16::from_be_bytes([*h1, *h0]),
                ));
            }
            (SCAN, _) => return Err(BadFrame::Jpeg("it does not say its size")),
            _ => rest = segment.behind()?,
        }
    }
    Err(BadFrame::Jpeg("it has too many segments"))
}

/// Whether it can be decoded line by line: all of it in one scan. Of any other the library keeps the whole picture, and goes over it
/// as often as there are scans; no hardware makes such.
pub fn is_one_scan(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(SOI.len()..).unwrap_or_default();
    let mut components = None;
    for _ in 0..SEGMENTS_MAX {
        let Ok(segment) = Segment::first(rest) else {
            return false;
        };
        match (segment.kind, segment.body) {
            (0xc0..=0xc1, [_, _, _, _, _, count, ..]) => components = Some(*count),
            (0xc2, _) => return false,
            (SCAN, [count, ..]) => return components == Some(*count),
            _ => {}
        }
        let Ok(behind) = segment.behind() else {
            return false;
        };
        rest = behind;
    }
    false
}

/// One of the parts before the picture itself.
struct Segment<'a> {
    kind: u8,
    /// What follows its length, and all that follows it.
    body: &'a [u8],
    length: usize,
}

impl<'a> Segment<'a> {
    fn first(bytes: &'a [u8]) -> Result<Self, BadFrame> {
        // Any number of 0xff may fill up.
        let fill = bytes.iter().take_while(|byte| **byte == 0xff).count();
        match bytes.get(fill..) {
            // They have no length: what follows them is not what it would be taken for.
            Some([0x00 | 0x01 | 0xd0..=0xd9, ..]) => Err(BadFrame::Jpeg(
                "it has a marker before its picture that no source writes there",
            )),
            Some([kind, high, low, body @ ..]) if fill > 0 => Ok(Self {
                kind: *kind,
                body,
                length: usize::from(u16::from_be_bytes([*high, *low])),
            }),
            _ => Err(BadFrame::Jpeg("it ends before its picture")),
        }
    }

    fn behind(&self) -> Result<&'a [u8], BadFrame> {
        let rest = self
            .length
            .checked_sub(2)
            .and_then(|own| self.body.get(own..));
        rest.ok_or(BadFrame::Jpeg("one of its segments is cut short"))
    }
}

/// Where the end marker ends; only zeroes may follow.
fn end(bytes: &[u8]) -> Option<usize> {
    let padding = bytes
        .iter()
        .rev()
        .take(PADDING_MAX)
        .take_while(|byte| **byte == 0)
        .count();
    let length = bytes.len() - padding;
    bytes[..length].ends_with(&EOI).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole() -> Vec<u8> {
        let mut bytes = SOI.to_vec();
        bytes.extend([0xff, 0xe0, 0, 4, 1, 2]);
        bytes.extend([0xff, 0xc0, 0, 11, 8, 2, 0xd0, 5, 0, 1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x55]);
        bytes.extend(EOI);
        bytes
    }

    #[test]
    fn a_whole_one_tells_its_size_and_end() {
        let mut bytes = whole();
        let length = bytes.len();
        assert_eq!(
            check(&bytes),
            Ok(Jpeg {
                width: 1280,
                height: 720,
                length
            })
        );
        bytes.extend([0; 100]);
        assert_eq!(check(&bytes).map(|jpeg| jpeg.length), Ok(length));
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = whole();
        for length in 0..bytes.len() {
            assert!(check(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_marker_without_a_length_hides_no_other_size() {
        for bare in [0x00, 0x01, 0xd0, 0xd7, 0xd8, 0xd9] {
            let mut bytes = whole();
            bytes.splice(2..2, [0xff, bare]);
            let told = check(&bytes).map_err(|error| error.to_string());
            assert!(told.is_err_and(|told| told.contains("marker")), "{bare:x}");
            assert!(!is_one_scan(&bytes), "{bare:x}");
        }
    }

    #[test]
    fn more_than_one_scan_is_told() {
        let bytes = whole();
        assert!(is_one_scan(&bytes));
        let with = |at: usize, to: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = to;
            bytes
        };
        assert!(!is_one_scan(&with(9, 0xc2)), "progressive");
        assert!(!is_one_scan(&with(17, 3)), "one of three components");
        assert!(!is_one_scan(&bytes[..9]));
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = check(&bytes);
            let _ = is_one_scan(&bytes);
            let _ = check(&[&SOI[..], &bytes].concat());
        }

        #[test]
        fn nor_does_a_flipped_byte(at in 0_usize..48, to in any::<u8>()) {
            let mut bytes = whole();
            let at = at % bytes.len();
            bytes[at] = to;
            if let Ok(jpeg) = check(&bytes) {
                prop_assert!(jpeg.length <= bytes.len());
            }
        }
    }
}
