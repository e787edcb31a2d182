//! The device's loop: the newest frame in, an access unit out. What to do with a frame is decided by [`Policy`].

use crate::{
    backend::{openh264::OpenH264, EncodeError, Form, Kind, Quantiser},
    config::{self, Config},
    core::{Policy, Room, Verdict},
    planes::I420,
};
use dkvm_encode::{
    complaints::Complaints,
    core::Change,
    frame::{Frame, MJPG},
    maker::{self, Maker, Raw},
    output::Output,
};
use dkvm_sdk::{Body, Fault, FrameReader, Incoming, Lease, Link, Request};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::video::{methods, AccessUnit, FrameInfo, H264Settings, LinkLoad},
    ErrorCode, WireError,
};
use std::time::{Duration, Instant};

/// FourCC of what is sent.
const H264: &str = "H264";
/// Small pictures are noisier per pixel.
const SLOT_MIN: u64 = 256 * 1024;
/// A slot has room for half a byte a pixel: a desktop full of text has a third, as a key frame. What does not fit becomes coarser.
const PIXELS_PER_BYTE: u64 = 2;
/// Of 4K, so that its slots fit the memory that the device is given.
const SLOT_MAX: u64 = 3 * 1024 * 1024;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let mut device = Device::new(&link)?;
    device.tell(&link)?;
    link.ready()?;
    maker::run(&mut link, &mut device).await
}

struct Device {
    started: Instant,
    policy: Policy,
    encoder: Option<OpenH264>,
    planes: I420,
    reader: FrameReader,
    output: Output,
    raw: Raw,
    last: Option<Frame>,
    complaints: Complaints,
    /// Access units so far.
    units: u64,
    room: Room,
}

impl Maker for Device {
    fn deadline(&self) -> Option<Instant> {
        let next = self.policy.deadline(self.now())?;
        Some(self.started + next)
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), Fault> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                leases,
                ..
            } => self.event(&topic, &body, leases),
            Incoming::Demand { topic, readers, .. } if topic == topics::VIDEO_H264 => {
                self.policy.demand(readers, self.now())
            }
            Incoming::Request(request) => self.answer(request)?,
            _ => {}
        }
        Ok(())
    }

    async fn work(&mut self, link: &Link) -> Result<(), Fault> {
        if let Some((info, lease)) = self.raw.take() {
            self.frame(link, info, &lease).await?;
        }
        if self.policy.lets_go(self.now()) {
            self.last = None;
        }
        self.follow_demand(link)?;
        self.tell(link)
    }
}

impl Device {
    fn new(link: &Link) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        Ok(Self {
            started: Instant::now(),
            policy: Policy::new(config.settings),
            encoder: None,
            planes: I420::default(),
            reader: FrameReader::new(link),
            output: Output::new(topics::VIDEO_H264, "h264"),
            raw: Raw::default(),
            last: None,
            complaints: Complaints::default(),
            units: 0,
            room: Room::default(),
        })
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn event(&mut self, topic: &str, body: &Body, leases: Vec<Lease>) {
        let done = match topic {
            topics::VIDEO_RAW => body.decode(topic).map(|info| self.raw.offer(info, leases)),
            topics::VIDEO_STATE => body.decode(topic).map(|state| self.policy.source(&state)),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.complain(&error.to_string());
        }
    }

    fn answer(&mut self, request: Request) -> Result<(), Fault> {
        let answer = match request.method() {
            methods::SET_H264 => request.decode().and_then(|settings| self.set(settings)),
            methods::LINK => request.decode().map(|load: LinkLoad| {
                let now = self.now();
                self.policy.link(&request.source().name, load, now);
            }),
            methods::KEY_FRAME => {
                self.policy.ask_key();
                Ok(())
            }
            _ => return Ok(request.unknown()?),
        };
        Ok(request.answer_with(answer.map(|()| Nothing {}))?)
    }

    fn set(&mut self, settings: H264Settings) -> Result<(), WireError> {
        config::check(&settings).map_err(|why| WireError::new(ErrorCode::BadRequest, why))?;
        self.policy.set(settings);
        Ok(())
    }

    /// Raw frames are wanted while somebody wants ours and there is something to encode. Else all is given back.
    fn follow_demand(&mut self, link: &Link) -> Result<(), Fault> {
        let wanted = self.policy.is_wanted();
        if !wanted {
            self.output.close();
            self.encoder = None;
        }
        Ok(self.raw.want(link, wanted)?)
    }

    fn tell(&mut self, link: &Link) -> Result<(), Fault> {
        let now = self.now();
        if let Some(state) = self.policy.news(now) {
            link.sender().emit(topics::H264_STATE, &state)?;
        }
        Ok(())
    }

    async fn frame(&mut self, link: &Link, info: FrameInfo, lease: &Lease) -> Result<(), Fault> {
        let captured = Duration::from_nanos(info.captured_ns);
        let now = self.now();
        // Capture's state says that first; a frame on its way from before is none of ours.
        if info.format == MJPG || !self.policy.is_due(captured, now) {
            return Ok(());
        }
        // Whatever becomes of this one, the one before goes back: capture sends many of a picture that rests, and the kernel ends
        // who keeps the first of them.
        let before = self.last.take();
        let frame = match Frame::view(&self.reader, info, lease) {
            Ok(frame) => frame,
            Err(why) => {
                self.complain(&why);
                return Ok(());
            }
        };
        let change = frame.since(before.as_ref());
        drop(before);
        if self.treat(link, &frame, change, now).await? == Viewers::HaveIt {
            self.last = Some(frame);
        }
        Ok(())
    }

    /// Encodes a frame if it is to be encoded.
    async fn treat(
        &mut self,
        link: &Link,
        frame: &Frame,
        change: Change,
        now: Duration,
    ) -> Result<Viewers, Fault> {
        let Verdict::Encode(kind, quantiser) = self.policy.judge(change, now) else {
            return Ok(Viewers::without(change));
        };
        let quantiser = self.room.limit(quantiser);
        Ok(match self.send(link, frame, kind, quantiser).await? {
            Sent::Yes => Viewers::HaveIt,
            Sent::NoRoom => Viewers::without(change),
            Sent::Failed(why) => {
                self.failed(quantiser, &why);
                Viewers::Lack
            }
        })
    }

    /// What was encoded is lost: with a new encoder, and coarser, from a key frame on.
    fn failed(&mut self, quantiser: Quantiser, why: &str) {
        self.trouble(why);
        self.encoder = None;
        self.policy.broke();
        self.room.lost(quantiser);
    }

    async fn send(
        &mut self,
        link: &Link,
        frame: &Frame,
        kind: Kind,
        quantiser: Quantiser,
    ) -> Result<Sent, Fault> {
        if let Err(why) = self.output.fit(link, slot_size(&frame.info)).await {
            self.trouble(&why);
            return Ok(Sent::NoRoom);
        }
        // Before the work: with all slots in readers' hands it would be for nothing, and break the chain.
        let Some(slot) = self.output.take() else {
            return Ok(Sent::NoRoom);
        };
        let kind = match self.encode(frame, kind, quantiser) {
            Ok(made) => made,
            Err(error) => return Ok(Sent::Failed(error.to_string())),
        };
        let unit = self.encoder.as_ref().map_or(&[][..], OpenH264::last);
        let (length, room) = (unit.len(), slot.capacity());
        if length > room {
            return Ok(Sent::Failed(format!(
                "a frame of {length} bytes does not fit its slot of {room}"
            )));
        }
        let info = FrameInfo {
            stride: 0,
            format: H264.to_owned(),
            unit: Some(AccessUnit {
                number: self.units,
                key: kind == Kind::Key,
            }),
            ..frame.info.clone()
        };
        self.output.publish(&info, slot, unit)?;
        self.units += 1;
        self.room.took(quantiser, length, room);
        let now = self.now();
        self.policy.made(kind, quantiser, length, now);
        Ok(Sent::Yes)
    }

    fn encode(
        &mut self,
        frame: &Frame,
        kind: Kind,
        quantiser: Quantiser,
    ) -> Result<Kind, EncodeError> {
        let picture = frame
            .picture()
            .map_err(|error| EncodeError(error.to_string()))?;
        let form = Form {
            width: picture.width.next_multiple_of(2),
            height: picture.height.next_multiple_of(2),
            colors: I420::colors(&picture),
        };
        // First: what no encoder takes need not be converted.
        let encoder = match self.encoder.take().filter(|encoder| encoder.form() == form) {
            Some(encoder) => encoder,
            None => OpenH264::new(form, quantiser)?,
        };
        self.planes.fill(&picture);
        if !frame.view.is_current() {
            let why = "a frame was overwritten while it was read: its producer does not keep to its leases";
            return Err(EncodeError(why.to_owned()));
        }
        self.encoder
            .insert(encoder)
            .encode(&self.planes, kind, quantiser)
    }

    fn trouble(&mut self, why: &str) {
        self.complain(why);
        self.policy.failed(why, self.now());
    }

    fn complain(&mut self, what: &str) {
        let now = self.now();
        if let Some(line) = self.complaints.note(what, now) {
            dkvm_sdk::warn!("{line}");
        }
    }
}

/// What became of a frame that was to be sent.
enum Sent {
    Yes,
    /// It is still news the next time.
    NoRoom,
    /// The encoder believes that it was sent, and it was not; why.
    Failed(String),
}

/// Whether viewers have the picture of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewers {
    HaveIt,
    /// The next frame is news to them, whatever it shows.
    Lack,
}

impl Viewers {
    /// Of one that was not sent.
    fn without(change: Change) -> Self {
        match change {
            Change::Same => Self::HaveIt,
            Change::Changed => Self::Lack,
        }
    }
}

/// Bytes of a slot that frames of this size fit in.
fn slot_size(info: &FrameInfo) -> u64 {
    let pixels = u64::from(info.width) * u64::from(info.height);
    (pixels / PIXELS_PER_BYTE).clamp(SLOT_MIN, SLOT_MAX)
}
