//! The device under a fake kernel that plays a node with a picture.

use crate::xserver::{until_stopped, XServer};
use dkvm_encode::picture::Picture;
use dkvm_h264::{
    backend::{openh264::OpenH264, Form, Kind, Quantiser},
    planes::I420,
};
use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Want,
    topics::{INPUT_STATE, VIDEO_H264, VIDEO_RAW, VIDEO_STATE, VIDEO_THUMB, WANT},
    vocab::{
        desk::{DeskState, DeskTarget},
        video::{AccessUnit, Colors, FrameInfo, Signal, Thumb, VideoMode, VideoState},
    },
    LeaseRef,
};
use serde_json::Value;

pub const SIZE: (u32, u32) = (320, 240);
pub const OFFICE: &str = "office/h264";

/// What Y, U and V mean as BT.709 with 16 to 235, and what is seen of them.
#[derive(Clone, Copy)]
pub struct Ink(pub [u8; 3], pub [u8; 3]);
pub const RED: Ink = Ink([63, 102, 240], [255, 0, 0]);
pub const GREEN: Ink = Ink([173, 42, 26], [0, 255, 0]);
pub const BLUE: Ink = Ink([32, 240, 118], [0, 0, 255]);
pub const GREY: Ink = Ink([126, 128, 128], [128, 128, 128]);
pub const BLACK: [u8; 3] = [0, 0, 0];

pub struct Bench {
    pub x: XServer,
    pub kernel: FakeKernel,
    encoder: OpenH264,
    pub number: u64,
    moves: u32,
}

impl Bench {
    pub fn start(config: Value) -> Result<Self, Failure> {
        Self::on(XServer::start(&[])?, config)
    }

    /// Without a window.
    pub fn unseen(config: Value) -> Result<Self, Failure> {
        let mut config = config;
        config["backend"] = "dummy".into();
        Self::start(config)
    }

    pub fn on(x: XServer, config: Value) -> Result<Self, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-screen")).env("DISPLAY", &x.display);
        let mut kernel = FakeKernel::start(launch, Setup::new("screen").config(config))?;
        kernel.ready()?;
        let form = Form {
            width: SIZE.0 as usize,
            height: SIZE.1 as usize,
            colors: Colors::Bt709Limited,
        };
        Ok(Self {
            x,
            kernel,
            encoder: OpenH264::new(form, Quantiser(14)).expect("the library"),
            number: 0,
            moves: 0,
        })
    }

    /// Keyboard and mouse go to a node.
    pub fn work(&mut self, node: &str) -> Result<(), Failure> {
        self.moves += 1;
        let state = DeskState {
            node: Some(node.to_owned()),
            moves: self.moves,
            ..DeskState::default()
        };
        self.kernel.emit("input", INPUT_STATE, &state)
    }

    pub fn signal(&mut self, source: &str, signal: Signal) -> Result<(), Failure> {
        let state = VideoState {
            signal,
            mode: VideoMode {
                width: SIZE.0,
                height: SIZE.1,
                millihertz: 60_000,
            },
            format: "YUYV".into(),
            source: "test".into(),
            modes: Vec::new(),
            streaming: true,
            rate: 60,
            detail: None,
        };
        self.kernel.emit(source, VIDEO_STATE, &state)
    }

    pub fn expect_want(&mut self, topic: &str, source: &str, want: bool) -> Result<(), Failure> {
        let came = self.kernel.expect::<Want>(WANT)?;
        let wanted = Want {
            topic: topic.into(),
            want,
            from: Some(source.into()),
        };
        assert_eq!(came, wanted);
        Ok(())
    }

    /// A unit with the four quarters of the picture in these colours.
    pub fn make(&mut self, kind: Kind, inks: [Ink; 4]) -> (AccessUnit, Vec<u8>) {
        let raw = quarters(inks);
        let info = info("YUYV");
        let mut planes = I420::default();
        planes.fill(&Picture::new(&info, &raw).expect("whole"));
        let made = self
            .encoder
            .encode(&planes, kind, Quantiser(14))
            .expect("encodes");
        let unit = AccessUnit {
            number: self.number,
            key: made == Kind::Key,
        };
        self.number += 1;
        (unit, self.encoder.last().to_vec())
    }

    pub fn send(&mut self, source: &str, unit: AccessUnit, bytes: &[u8]) -> Result<(), Failure> {
        let lease = self.post(source, unit, bytes)?;
        self.kernel.expect_release(&lease)
    }

    /// Without waiting for anything.
    pub fn post(
        &mut self,
        source: &str,
        unit: AccessUnit,
        bytes: &[u8],
    ) -> Result<LeaseRef, Failure> {
        let lease = self.kernel.lend(bytes)?;
        let info = FrameInfo {
            unit: Some(unit),
            ..info("H264")
        };
        self.kernel.emit_with(source, VIDEO_H264, &info, &[lease])?;
        Ok(lease)
    }

    /// The device stands still until it is thawed: what is sent meanwhile it finds all at once.
    pub fn freeze(&mut self) -> Result<(), Failure> {
        self.kernel.freeze()?;
        until_stopped(self.kernel.pid().expect("a process"))
    }

    pub fn show(&mut self, source: &str, kind: Kind, inks: [Ink; 4]) -> Result<(), Failure> {
        let (unit, bytes) = self.make(kind, inks);
        self.send(source, unit, &bytes)
    }

    pub fn send_raw(&mut self, format: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.send_whole(("capture", VIDEO_RAW), format, bytes)
    }

    /// A frame that is a picture by itself.
    pub fn send_whole(
        &mut self,
        (source, topic): (&str, &str),
        format: &str,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let lease = self.kernel.lend(bytes)?;
        self.kernel
            .emit_with(source, topic, &info(format), &[lease])?;
        self.kernel.expect_release(&lease)
    }

    /// input tells of these targets; keyboard and mouse go to one of them, or are here.
    pub fn desk(&mut self, targets: Vec<DeskTarget>, node: Option<&str>) -> Result<(), Failure> {
        self.moves += 1;
        let state = DeskState {
            node: node.map(str::to_owned),
            moves: self.moves,
            targets,
            ..DeskState::default()
        };
        self.kernel.emit("input", INPUT_STATE, &state)
    }

    /// A node's small picture, all of one grey.
    pub fn thumb(&mut self, node: &str, grey: u8) -> Result<(), Failure> {
        let thumb = Thumb {
            sequence: 1,
            width: 160,
            height: 100,
            jpeg: grey_jpeg((160, 100), grey),
        };
        self.kernel
            .emit(&format!("{node}/encode"), VIDEO_THUMB, &thumb)
    }

    /// All four quarters are there, where the window has the picture's own proportions.
    pub fn until_shown(&self, inks: [Ink; 4]) -> Result<(), Failure> {
        let places = [(25, 25), (75, 25), (25, 75), (75, 75)];
        for (at, Ink(_, seen)) in places.into_iter().zip(inks) {
            self.x.until_color(at, seen)?;
        }
        Ok(())
    }
}

fn info(format: &str) -> FrameInfo {
    FrameInfo {
        width: SIZE.0,
        height: SIZE.1,
        format: format.into(),
        colors: Colors::Bt709Limited,
        ..FrameInfo::default()
    }
}

pub fn quarters(inks: [Ink; 4]) -> Vec<u8> {
    let (width, height) = SIZE;
    let pair = |x: u32, y: u32| {
        let right = usize::from(x >= width / 4);
        let below = usize::from(y >= height / 2);
        let Ink([y, u, v], _) = inks[right + 2 * below];
        [y, u, y, v]
    };
    (0..height)
        .flat_map(|y| (0..width / 2).flat_map(move |x| pair(x, y)))
        .collect()
}

/// A target with this name that can be worked.
pub fn target(node: &str) -> DeskTarget {
    DeskTarget {
        node: node.to_owned(),
        up: true,
        ..DeskTarget::default()
    }
}

pub fn grey_jpeg((width, height): (u32, u32), grey: u8) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let image = turbojpeg::Image {
        pixels: &vec![grey; width * height][..],
        width,
        pitch: width,
        height,
        format: turbojpeg::PixelFormat::GRAY,
    };
    turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray)
        .expect("compresses")
        .to_vec()
}
