//! The device's loop: the newest frame in, a JPEG out. What to do with a frame is decided by [`Policy`].

use crate::{
    backend::{Backend, EncodeError, Quality},
    complaints::Complaints,
    config::{self, Config},
    core::{Look, Policy, Say, Source, Thumbs, Verdict},
    error::Error,
    frame::Frame,
    maker::{self, Maker, Raw},
    output::{slot_size, Output},
    thumb::{News, Thumbnailer},
};
use dkvm_sdk::{Body, Fault, FrameReader, Incoming, Lease, Link, Request};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::video::{methods, EncodeSettings, FrameInfo, VideoState},
    ErrorCode, WireError,
};
use std::time::{Duration, Instant};

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let mut encoder = Encoder::new(&link)?;
    encoder.tell(&link)?;
    link.ready()?;
    maker::run(&mut link, &mut encoder).await
}

struct Encoder {
    started: Instant,
    policy: Policy,
    backend: Backend,
    reader: FrameReader,
    output: Output,
    raw: Raw,
    last: Option<Frame>,
    complaints: Complaints,
    thumbs: Thumbs,
    thumbnailer: Thumbnailer,
}

impl Maker for Encoder {
    fn deadline(&self) -> Option<Instant> {
        let now = self.now();
        let both = [self.policy.deadline(now), self.thumbs.deadline(now)];
        let next = both.into_iter().flatten().min()?;
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
            Incoming::Demand { topic, readers, .. } => self.demand(&topic, readers),
            Incoming::Request(request) if request.method() == methods::SET_ENCODE => {
                self.set(request)?
            }
            Incoming::Request(request) => request.unknown()?,
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

impl Encoder {
    fn new(link: &Link) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        let backend =
            Backend::open(config.backend).map_err(|EncodeError(why)| Error::Encoder(why))?;
        Ok(Self {
            started: Instant::now(),
            policy: Policy::new(config.settings()),
            backend,
            reader: FrameReader::new(link),
            output: Output::new(topics::VIDEO_JPEG, "encode"),
            raw: Raw::default(),
            last: None,
            complaints: Complaints::default(),
            thumbs: Thumbs::default(),
            thumbnailer: Thumbnailer::new(config.backend),
        })
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn event(&mut self, topic: &str, body: &Body, leases: Vec<Lease>) {
        let done = match topic {
            topics::VIDEO_RAW => body.decode(topic).map(|info| self.raw.offer(info, leases)),
            topics::VIDEO_STATE => body
                .decode(topic)
                .map(|state: VideoState| self.thumbs.signal(state.signal)),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.complain(&error.to_string());
        }
    }

    fn demand(&mut self, topic: &str, readers: u32) {
        let now = self.now();
        match topic {
            topics::VIDEO_JPEG => {
                self.policy.demand(readers);
                if readers == 0 {
                    self.output.close();
                }
            }
            topics::VIDEO_THUMB => {
                self.thumbs.demand(readers, now);
                if readers == 0 {
                    self.thumbnailer.close();
                }
            }
            _ => {}
        }
    }

    /// Raw frames are wanted while somebody watches, and else for a moment each second for a thumbnail.
    fn follow_demand(&mut self, link: &Link) -> Result<(), Fault> {
        let now = self.now();
        let wanted = self.thumbs.wants(now) || self.policy.is_wanted();
        Ok(self.raw.want(link, wanted)?)
    }

    fn set(&mut self, request: Request) -> Result<(), Fault> {
        let checked = request.decode::<EncodeSettings>().and_then(|settings| {
            config::check(&settings).map_err(|why| WireError::new(ErrorCode::BadRequest, why))?;
            Ok(settings)
        });
        let answer = checked.map(|settings| {
            self.policy.set(settings);
            Nothing {}
        });
        Ok(request.answer_with(answer)?)
    }

    fn tell(&mut self, link: &Link) -> Result<(), Fault> {
        let now = self.now();
        if let Some(state) = self.policy.news(now) {
            link.sender().emit(topics::ENCODE_STATE, &state)?;
        }
        let thumb = match self.thumbs.say(now) {
            Say::Nothing => return Ok(()),
            Say::Again => self.thumbnailer.last(),
            Say::Empty => self.thumbnailer.empty(),
        };
        Ok(link.sender().emit(topics::VIDEO_THUMB, thumb)?)
    }

    async fn frame(&mut self, link: &Link, info: FrameInfo, lease: &Lease) -> Result<(), Fault> {
        let captured = Duration::from_nanos(info.captured_ns);
        let now = self.now();
        let (is_due, looks) = (self.policy.is_due(captured, now), self.thumbs.looks(now));
        if !is_due && !looks {
            return Ok(());
        }
        // Whatever becomes of this frame, the lease of the one before goes back now: held for 10 s it would be a fault.
        let before = is_due.then(|| self.last.take()).flatten();
        let frame = match Frame::view(&self.reader, info, lease) {
            Ok(frame) => frame,
            Err(why) => {
                self.complain(&why);
                return Ok(());
            }
        };
        let kept = is_due && self.show(link, &frame, before.as_ref()).await?;
        drop(before);
        if looks {
            self.look(link, &frame)?;
        }
        if kept {
            self.last = Some(frame);
        }
        Ok(())
    }

    /// Whether viewers have this frame, or the same from before.
    async fn show(
        &mut self,
        link: &Link,
        frame: &Frame,
        before: Option<&Frame>,
    ) -> Result<bool, Fault> {
        let verdict = self.policy.judge(frame.since(before), self.now());
        match (verdict, frame.is_jpeg()) {
            (Verdict::Leave, _) => Ok(true),
            (verdict, true) => self.pass_on(link, frame, verdict),
            (verdict, false) => self.encode(link, frame, verdict).await,
        }
    }

    /// A thumbnail of it, after those who watch have had theirs.
    fn look(&mut self, link: &Link, frame: &Frame) -> Result<(), Fault> {
        let look = match self.thumbnailer.make(frame) {
            Ok(News::Changed) => Look::Sent,
            Ok(News::Same) => Look::Same,
            Err(why) => {
                self.complain(&why);
                Look::Failed
            }
        };
        if look == Look::Sent {
            let thumb = self.thumbnailer.last();
            link.sender().emit(topics::VIDEO_THUMB, thumb)?;
        }
        let now = self.now();
        self.thumbs.looked(look, now);
        Ok(())
    }

    /// The dongle's own JPEG, by its own lease.
    fn pass_on(&mut self, link: &Link, frame: &Frame, verdict: Verdict) -> Result<bool, Fault> {
        link.sender().emit_with(
            topics::VIDEO_JPEG,
            &frame.info,
            &[frame.view.lease().reference()],
        )?;
        self.policy.sent(verdict, Source::Passthrough, self.now());
        Ok(true)
    }

    /// Whether the frame went out; one that did not is still news the next time.
    async fn encode(
        &mut self,
        link: &Link,
        frame: &Frame,
        verdict: Verdict,
    ) -> Result<bool, Fault> {
        let quality = Quality(self.policy.settings().quality);
        if let Err(why) = self.output.fit(link, slot_size(&frame.info, quality)).await {
            self.complain(&why);
            return Ok(false);
        }
        // Before the work: with all slots in readers' hands it would be for nothing.
        let Some(slot) = self.output.take() else {
            return Ok(false);
        };
        if verdict == Verdict::Send {
            let made = match frame.picture() {
                Ok(picture) => {
                    let room = slot.capacity();
                    self.backend.encode_to_fit(&picture, quality, room)
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(why) = made {
                self.complain(&why);
                return Ok(false);
            }
        }
        if !frame.view.is_current() {
            self.complain("a frame was overwritten while it was encoded: its producer does not keep to its leases");
            return Ok(false);
        }
        let info = FrameInfo {
            stride: 0,
            format: crate::frame::MJPG.to_owned(),
            ..frame.info.clone()
        };
        self.output.publish(&info, slot, self.backend.last())?;
        self.policy.sent(verdict, Source::Encoder, self.now());
        Ok(true)
    }

    fn complain(&mut self, what: &str) {
        let now = self.now();
        if let Some(line) = self.complaints.note(what, now) {
            dkvm_sdk::warn!("{line}");
        }
    }
}
