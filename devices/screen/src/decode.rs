//! From what came to pixels.

use crate::pixels::{Pixels, Planes};
use dkvm_encode::{
    frame::{Frame, MJPG},
    jpeg,
    picture::BadFrame,
};
use dkvm_h264::planes::I420;
use dkvm_wire::vocab::video::{FrameInfo, Thumb, THUMB_HEIGHT, THUMB_LONGEST, THUMB_WIDTH};
use openh264::{decoder::Decoder, formats::YUVSource};
use thiserror::Error;
use turbojpeg::{Decompressor, Image, PixelFormat};

/// Largest picture: what is sent as H.264 is no larger than level 5.2 allows, and more nobody's screen has.
const MOST_PIXELS: usize = 4096 * 2304;

/// Longest edge, of the same level; an X server takes no twice as much.
const MOST_EDGE: usize = 8688;

/// Scans of a JPEG. A capture device makes one, or one for each of brightness and the two colours; each goes over the whole picture, so
/// that many in few bytes would keep this process busy for long.
const MOST_SCANS: usize = 4;

/// What a scan of a JPEG begins with. Within the picture itself these two bytes never follow each other.
const SCAN: [u8; 2] = [0xff, 0xda];

/// Why a frame is not shown.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum DecodeError {
    #[error("openh264 does not start a decoder: {0}")]
    Start(#[source] openh264::Error),
    #[error("an access unit cannot be decoded: {0}")]
    Unit(#[source] openh264::Error),
    #[error("a picture of {0}x{1} pixels is not shown: it has {MOST_PIXELS} at most, and {MOST_EDGE} at each edge")]
    Size(usize, usize),
    #[error(transparent)]
    Raw(#[from] BadFrame),
    #[error("a JPEG cannot be decoded: {0}")]
    Jpeg(#[from] turbojpeg::Error),
    #[error("a JPEG has more than {MOST_SCANS} scans, as no capture device makes them")]
    Scans,
    #[error("a small picture of {0}x{1} pixels in {2} bytes is more than one may have")]
    Small(u32, u32, usize),
}

/// What decodes; each part is made when it is needed first.
#[derive(Default)]
pub struct Decode {
    h264: Option<Decoder>,
    jpeg: Option<Decompressor>,
    planes: I420,
}

impl Decode {
    /// The next unit of a chain. Says whether there is a picture: it may take more units. After an error the chain is broken.
    pub fn unit(
        &mut self,
        info: &FrameInfo,
        unit: &[u8],
        into: &mut Pixels,
    ) -> Result<bool, DecodeError> {
        let made = self.try_unit(info, unit, into);
        if made.is_err() {
            self.h264 = None;
        }
        made
    }

    fn try_unit(
        &mut self,
        info: &FrameInfo,
        unit: &[u8],
        into: &mut Pixels,
    ) -> Result<bool, DecodeError> {
        let decoder = match &mut self.h264 {
            Some(decoder) => decoder,
            none => none.insert(Decoder::new().map_err(DecodeError::Start)?),
        };
        let Some(picture) = decoder.decode(unit).map_err(DecodeError::Unit)? else {
            return Ok(false);
        };
        let (width, height) = picture.dimensions();
        // What was told may be odd, and a line or column less than what is encoded; never more.
        let told = |told: u32, is: usize| match told as usize {
            0 => is,
            told => told.min(is),
        };
        let size = (told(info.width, width), told(info.height, height));
        check(size)?;
        let (y, u, v) = picture.strides();
        let planes = Planes {
            planes: [picture.y(), picture.u(), picture.v()],
            strides: [y, u, v],
            colors: info.colors,
        };
        into.fill(size, &planes);
        Ok(true)
    }

    /// A frame as it was captured.
    pub fn raw(&mut self, frame: &Frame, into: &mut Pixels) -> Result<(), DecodeError> {
        let size = (frame.info.width as usize, frame.info.height as usize);
        check(size)?;
        if frame.info.format == MJPG {
            return self.jpeg(&frame.view, size, into);
        }
        let picture = frame.picture()?;
        self.planes.fill(&picture);
        let (width, half) = (self.planes.width(), self.planes.width() / 2);
        let planes = Planes {
            planes: self.planes.planes(),
            strides: [width, half, half],
            colors: I420::colors(&picture),
        };
        into.fill(size, &planes);
        Ok(())
    }

    /// A picture of the overview.
    pub fn small(&mut self, thumb: &Thumb, into: &mut Pixels) -> Result<(), DecodeError> {
        let bytes = &thumb.jpeg;
        let (width, height) = (thumb.width, thumb.height);
        let is_told = (1..=THUMB_WIDTH).contains(&width) && (1..=THUMB_HEIGHT).contains(&height);
        if !is_told || bytes.len() > THUMB_LONGEST {
            return Err(DecodeError::Small(width, height, bytes.len()));
        }
        let is = jpeg::check(bytes)?;
        let is = (u32::from(is.width), u32::from(is.height));
        if is != (width, height) {
            return Err(DecodeError::Small(is.0, is.1, bytes.len()));
        }
        self.jpeg(bytes, (width as usize, height as usize), into)
    }

    fn jpeg(
        &mut self,
        bytes: &[u8],
        (width, height): (usize, usize),
        into: &mut Pixels,
    ) -> Result<(), DecodeError> {
        let scans = bytes.windows(SCAN.len()).filter(|two| *two == SCAN);
        if scans.take(MOST_SCANS + 1).count() > MOST_SCANS {
            return Err(DecodeError::Scans);
        }
        let decoder = match &mut self.jpeg {
            Some(decoder) => decoder,
            none => none.insert(Decompressor::new()?),
        };
        // The library scales down what is larger, after having decoded all of it.
        let is = decoder.read_header(bytes)?;
        if (is.width, is.height) != (width, height) {
            return Err(DecodeError::Size(is.width, is.height));
        }
        into.resize(width, height);
        let image = Image {
            pixels: into.bytes_mut(),
            width,
            pitch: width * crate::pixels::PIXEL,
            height,
            format: PixelFormat::BGRX,
        };
        Ok(decoder.decompress(bytes, image)?)
    }
}

fn check((width, height): (usize, usize)) -> Result<(), DecodeError> {
    let is_edge = |edge: usize| (1..=MOST_EDGE).contains(&edge);
    if is_edge(width) && is_edge(height) && width * height <= MOST_PIXELS {
        Ok(())
    } else {
        Err(DecodeError::Size(width, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thumb(width: u32, height: u32) -> Thumb {
        let (wide, high) = (width as usize, height as usize);
        let grey = Image {
            pixels: &vec![128; wide * high][..],
            width: wide,
            pitch: wide,
            height: high,
            format: PixelFormat::GRAY,
        };
        let jpeg = turbojpeg::compress(grey, 90, turbojpeg::Subsamp::Gray).expect("compresses");
        Thumb {
            sequence: 1,
            width,
            height,
            jpeg: jpeg.to_vec(),
        }
    }

    #[test]
    fn a_small_picture_is_as_large_as_it_says_and_no_larger_than_it_may_be() {
        let (mut decode, mut pixels) = (Decode::default(), Pixels::default());
        decode
            .small(&thumb(320, 180), &mut pixels)
            .expect("decodes");
        assert_eq!((pixels.width(), pixels.height()), (320, 180));
        let grey = |byte: &u8| byte.abs_diff(128) <= 2;
        assert!(pixels
            .bytes()
            .chunks(4)
            .all(|pixel| pixel[..3].iter().all(grey)));
        let lies = Thumb {
            width: 160,
            ..thumb(320, 180)
        };
        for wrong in [thumb(321, 100), thumb(100, 201), lies, Thumb::default()] {
            assert!(
                decode.small(&wrong, &mut pixels).is_err(),
                "{}",
                wrong.width
            );
        }
        let long = Thumb {
            jpeg: vec![0; THUMB_LONGEST + 1],
            ..thumb(8, 8)
        };
        assert!(matches!(
            decode.small(&long, &mut pixels),
            Err(DecodeError::Small(..))
        ));
    }

    #[test]
    fn a_jpeg_that_the_library_takes_for_larger_than_it_was_told_to_be_is_not_decoded() {
        let (mut decode, mut pixels) = (Decode::default(), Pixels::default());
        let made = decode.jpeg(&thumb(64, 64).jpeg, (32, 32), &mut pixels);
        assert!(matches!(made, Err(DecodeError::Size(64, 64))), "{made:?}");
    }

    #[test]
    fn a_jpeg_that_goes_over_its_picture_without_end_is_refused() {
        let mut many = thumb(64, 64);
        let end = many.jpeg.split_off(many.jpeg.len() - 2);
        for _ in 0..MOST_SCANS {
            many.jpeg
                .extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x55]);
        }
        many.jpeg.extend(end);
        let made = Decode::default().small(&many, &mut Pixels::default());
        assert!(matches!(made, Err(DecodeError::Scans)));
    }

    proptest! {
        #[test]
        fn no_small_picture_brings_it_down(at in 0_usize..400, to in any::<u8>(), cut in 0_usize..200) {
            let mut thumb = thumb(48, 32);
            let length = thumb.jpeg.len();
            thumb.jpeg[at % length] = to;
            thumb.jpeg.truncate(length - cut.min(length));
            let mut pixels = Pixels::default();
            if Decode::default().small(&thumb, &mut pixels).is_ok() {
                prop_assert_eq!((pixels.width(), pixels.height()), (48, 32));
            }
        }
    }

    #[test]
    fn what_no_screen_has_is_refused() {
        for size in [(1, 1), (1920, 1080), (4096, 2304), (8688, 2)] {
            assert!(check(size).is_ok(), "{size:?}");
        }
        for size in [
            (0, 1080),
            (1920, 0),
            (8689, 2),
            (8000, 8000),
            (usize::MAX, 2),
        ] {
            assert!(check(size).is_err(), "{size:?}");
        }
    }
}
