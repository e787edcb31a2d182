//! A source's own JPEG as a small picture: libjpeg-turbo decodes to an eighth, a quarter or a half of its size at once, which spares
//! most of the work. Such a JPEG is foreign, but it comes from hardware of this node: what the target shows is its content alone.

use super::EncodeError;
use crate::{
    jpeg,
    picture::{self, BadFrame, Picture},
    reduce,
};
use dkvm_wire::vocab::video::FrameInfo;
use turbojpeg::{Decompressor, Image, PixelFormat};

/// What the library scales down to without loss of speed, in eighths.
const EIGHTHS: [usize; 4] = [1, 2, 4, 8];
/// FourCC of what is decoded to.
const RGB3: &str = "RGB3";
const BYTES_PER_PIXEL: usize = 3;

/// A libjpeg-turbo decompressor.
pub struct Decoder(Decompressor);

/// A decoded picture.
pub struct Decoded {
    /// What it is.
    pub info: FrameInfo,
    bytes: Vec<u8>,
}

impl Decoded {
    /// As a raw picture.
    pub fn picture(&self) -> Result<Picture<'_>, BadFrame> {
        Picture::new(&self.info, &self.bytes)
    }
}

impl Decoder {
    /// Sets the library up.
    pub fn new() -> Result<Self, EncodeError> {
        let decoder = Decompressor::new().map_err(|error| EncodeError(error.to_string()))?;
        Ok(Self(decoder))
    }

    /// Decodes a JPEG of the size that `info` says, no larger than it takes to make a thumbnail of it.
    pub fn decode(&mut self, info: &FrameInfo, bytes: &[u8]) -> Result<Decoded, EncodeError> {
        picture::check_size(info).map_err(|error| EncodeError(error.to_string()))?;
        if !jpeg::is_one_scan(bytes) {
            return Err(EncodeError("it comes in several scans".to_owned()));
        }
        let is = self.0.read_header(bytes);
        let is = is.map_err(|error| EncodeError(error.to_string()))?;
        let told = (info.width as usize, info.height as usize);
        if (is.width, is.height) != told {
            let told = format!("{}x{}, told as {}x{}", is.width, is.height, told.0, told.1);
            return Err(EncodeError(format!("its own size is {told}")));
        }
        let (width, height) = scaled(info.width as usize, info.height as usize);
        let pitch = width * BYTES_PER_PIXEL;
        let mut pixels = vec![0; pitch * height];
        let image = Image {
            pixels: pixels.as_mut_slice(),
            width,
            pitch,
            height,
            format: PixelFormat::RGB,
        };
        self.0
            .decompress(bytes, image)
            .map_err(|error| EncodeError(error.to_string()))?;
        let info = FrameInfo {
            // Scaled down from what was u32.
            width: width as u32,
            height: height as u32,
            stride: 0,
            format: RGB3.to_owned(),
            ..info.clone()
        };
        Ok(Decoded {
            info,
            bytes: pixels,
        })
    }
}

/// The least size that the library makes of this one and that has all that the thumbnail shows.
fn scaled(width: usize, height: usize) -> (usize, usize) {
    let least = reduce::fit(width, height);
    let by = |eighths: usize| {
        (
            (width * eighths).div_ceil(8),
            (height * eighths).div_ceil(8),
        )
    };
    let mut sizes = EIGHTHS.into_iter().map(by);
    sizes
        .find(|size| size.0 >= least.0 && size.1 >= least.1)
        .unwrap_or((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_decoded_than_a_thumbnail_shows() {
        for (from, to) in [
            ((1920, 1080), (480, 270)),
            ((1280, 720), (320, 180)),
            ((3840, 2160), (480, 270)),
            ((640, 480), (320, 240)),
            ((200, 100), (200, 100)),
            ((8192, 8192), (1024, 1024)),
        ] {
            assert_eq!(scaled(from.0, from.1), to, "{from:?}");
        }
    }
}
