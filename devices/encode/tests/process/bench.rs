//! The device, the frames that it is given, and what these show.

use dkvm_encode::{
    backend::{turbo::Turbo, Quality},
    picture::Picture,
};
use dkvm_testkit::{Failure, FakeKernel, Film, Frame, Launch, Setup};
use dkvm_wire::{
    topics::{VIDEO_JPEG, VIDEO_RAW, VIDEO_THUMB},
    vocab::video::{Colors, FrameInfo, Thumb},
    LeaseRef,
};
use serde_json::Value;
use std::time::Duration;

/// Long enough that what must not come would have come, and shorter than the second between two thumbnails.
pub const QUIET: Duration = Duration::from_millis(200);

const COLORS: Colors = Colors::Bt601Full;

pub struct Bench {
    pub kernel: FakeKernel,
    film: Film,
    size: (u32, u32),
}

impl Bench {
    /// With frames of this size to come.
    pub fn start(size: (u32, u32), config: Value) -> Result<Self, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-encode"));
        let mut kernel = FakeKernel::start(launch, Setup::new("encode").config(config))?;
        kernel.ready()?;
        Ok(Self {
            kernel,
            film: Film::new(COLORS),
            size,
        })
    }

    /// With one reader of a topic, for whom frames are asked for.
    pub fn watched(size: (u32, u32), topic: &str, config: Value) -> Result<Self, Failure> {
        let mut bench = Self::start(size, config)?;
        bench.kernel.demand(topic, 1)?;
        bench.wants(true)?;
        Ok(bench)
    }

    pub fn wants(&mut self, want: bool) -> Result<(), Failure> {
        self.kernel.expect_want(VIDEO_RAW, want)
    }

    pub fn send(&mut self, format: &str, bytes: &[u8]) -> Result<LeaseRef, Failure> {
        self.film.show(&mut self.kernel, format, self.size, bytes)
    }

    pub fn jpeg(&mut self) -> Result<Frame<FrameInfo>, Failure> {
        self.kernel.expect_frame(VIDEO_JPEG)
    }

    pub fn thumb(&mut self) -> Result<Thumb, Failure> {
        self.kernel.expect(VIDEO_THUMB)
    }

    pub fn nothing(&mut self, topic: &str, within: Duration) -> Result<(), Failure> {
        assert_eq!(self.kernel.within(within, topic)?, None);
        Ok(())
    }
}

/// A JPEG as a dongle gives it, made of a raw frame.
pub fn dongles_jpeg((width, height): (u32, u32), bytes: &[u8], quality: Quality) -> Vec<u8> {
    let info = FrameInfo {
        width,
        height,
        format: "YUYV".into(),
        colors: COLORS,
        ..FrameInfo::default()
    };
    let picture = Picture::new(&info, bytes).expect("whole");
    Turbo::new()
        .expect("the library")
        .encode(&picture, quality)
        .expect("encodes")
        .to_vec()
}

/// The mean of a JPEG of this size.
pub fn brightness(jpeg: &[u8], size: (usize, usize)) -> u8 {
    let image = turbojpeg::decompress(jpeg, turbojpeg::PixelFormat::GRAY).expect("a JPEG");
    assert_eq!((image.width, image.height), size);
    let sum: usize = image.pixels.iter().map(|pixel| usize::from(*pixel)).sum();
    u8::try_from(sum / image.pixels.len()).unwrap_or(0)
}
