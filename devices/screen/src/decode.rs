//! From what came to pixels.

use crate::pixels::{Pixels, Planes};
use dkvm_encode::{
    frame::{Frame, MJPG},
    picture::BadFrame,
};
use dkvm_h264::planes::I420;
use dkvm_wire::vocab::video::FrameInfo;
use openh264::{decoder::Decoder, formats::YUVSource};
use thiserror::Error;
use turbojpeg::{Decompressor, Image, PixelFormat};

/// Largest picture: what is sent as H.264 is no larger than level 5.2 allows, and more nobody's screen has.
const MOST_PIXELS: usize = 4096 * 2304;

/// Longest edge, of the same level; an X server takes no twice as much.
const MOST_EDGE: usize = 8688;

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
    #[error("a frame of the source's own JPEG cannot be decoded: {0}")]
    Jpeg(#[from] turbojpeg::Error),
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

    fn jpeg(
        &mut self,
        bytes: &[u8],
        (width, height): (usize, usize),
        into: &mut Pixels,
    ) -> Result<(), DecodeError> {
        let decoder = match &mut self.jpeg {
            Some(decoder) => decoder,
            none => none.insert(Decompressor::new()?),
        };
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

    /// The chain begins anew.
    pub fn forget(&mut self) {
        self.h264 = None;
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
