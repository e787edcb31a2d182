//! The device's loop: the newest frame in, a JPEG out. What to do with a frame is decided by [`Policy`].

use crate::{
    backend::{Backend, EncodeError, Quality},
    complaints::Complaints,
    config::{self, Config},
    core::{Policy, Source, Verdict},
    error::Error,
    frame::{Frame, Newest},
    output::{slot_size, Output},
};
use dkvm_sdk::{FrameReader, Incoming, Lease, Link, Request};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::video::{methods, EncodeSettings, FrameInfo},
    ErrorCode, WireError,
};
use std::time::{Duration, Instant};

/// With nothing to wait for, the loop wakes so seldom.
const IDLE: Duration = Duration::from_secs(60);
/// Least quality that a picture too large for its slot is tried with.
const QUALITY_MIN: u8 = 10;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let mut encoder = Encoder::new(&link)?;
    encoder.tell(&link)?;
    link.ready()?;
    loop {
        let deadline = encoder.deadline();
        let first = tokio::select! {
            biased;
            incoming = link.next() => Some(incoming?),
            () = tokio::time::sleep_until(deadline.into()) => None,
        };
        if let Some(incoming) = first {
            // What came in meanwhile is read by a task of its own, which gets its turn here: then the newest is known.
            tokio::task::yield_now().await;
            if encoder.take_all(&mut link, incoming)? == Stay::No {
                return Ok(());
            }
        }
        encoder.work(&link).await?;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    Yes,
    No,
}

struct Encoder {
    started: Instant,
    policy: Policy,
    backend: Backend,
    reader: FrameReader,
    output: Output,
    newest: Newest,
    last: Option<Frame>,
    complaints: Complaints,
}

impl Encoder {
    fn new(link: &Link) -> Result<Self, Error> {
        let config: Config = link.config()?;
        let backend =
            Backend::open(config.backend).map_err(|EncodeError(why)| Error::Encoder(why))?;
        Ok(Self {
            started: Instant::now(),
            policy: Policy::new(config.settings()),
            backend,
            reader: FrameReader::new(link),
            output: Output::new(topics::VIDEO_JPEG, "encode"),
            newest: Newest::default(),
            last: None,
            complaints: Complaints::default(),
        })
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn deadline(&self) -> Instant {
        let now = self.now();
        self.started + self.policy.deadline(now).unwrap_or(now + IDLE)
    }

    /// Takes one incoming thing and all that wait behind it; of frames the newest remains.
    fn take_all(&mut self, link: &mut Link, first: Incoming) -> Result<Stay, Error> {
        let mut next = Some(first);
        while let Some(incoming) = next {
            if self.take(link, incoming)? == Stay::No {
                return Ok(Stay::No);
            }
            next = link.try_next()?;
        }
        Ok(Stay::Yes)
    }

    fn take(&mut self, link: &Link, incoming: Incoming) -> Result<Stay, Error> {
        match incoming {
            Incoming::Goodbye { .. } => return Ok(Stay::No),
            Incoming::Event {
                topic,
                body,
                leases,
                ..
            } if topic == topics::VIDEO_RAW => match body.decode(&topic) {
                Ok(info) => self.newest.offer(info, leases),
                Err(error) => self.complain(&error.to_string()),
            },
            Incoming::Demand { topic, readers, .. } if topic == topics::VIDEO_JPEG => {
                self.demand(link, readers)?
            }
            Incoming::Request(request) if request.method() == methods::SET_ENCODE => {
                self.set(request)?
            }
            Incoming::Request(request) => request.unknown()?,
            _ => {}
        }
        Ok(Stay::Yes)
    }

    fn demand(&mut self, link: &Link, readers: u32) -> Result<(), Error> {
        let was_wanted = self.policy.is_wanted();
        self.policy.demand(readers);
        match (was_wanted, self.policy.is_wanted()) {
            (false, true) => link.sender().want(topics::VIDEO_RAW)?,
            (true, false) => {
                link.sender().unwant(topics::VIDEO_RAW)?;
                self.newest = Newest::default();
                self.output.close();
            }
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, request: Request) -> Result<(), Error> {
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

    async fn work(&mut self, link: &Link) -> Result<(), Error> {
        if let Some((info, lease)) = self.newest.take() {
            self.frame(link, info, &lease).await?;
        }
        if self.policy.lets_go(self.now()) {
            self.last = None;
        }
        self.tell(link)
    }

    fn tell(&mut self, link: &Link) -> Result<(), Error> {
        let now = self.now();
        if let Some(state) = self.policy.news(now) {
            link.sender().emit(topics::ENCODE_STATE, &state)?;
        }
        Ok(())
    }

    async fn frame(&mut self, link: &Link, info: FrameInfo, lease: &Lease) -> Result<(), Error> {
        if !self
            .policy
            .is_due(Duration::from_nanos(info.captured_ns), self.now())
        {
            return Ok(());
        }
        // Whatever becomes of this frame, the lease of the one before goes back now: held for 10 s it would be a fault.
        let before = self.last.take();
        let frame = match Frame::view(&self.reader, info, lease) {
            Ok(frame) => frame,
            Err(why) => {
                self.complain(&why);
                return Ok(());
            }
        };
        let verdict = self.policy.judge(frame.since(before.as_ref()), self.now());
        let kept = match (verdict, frame.is_jpeg()) {
            (Verdict::Leave, _) => true,
            (verdict, true) => self.pass_on(link, &frame, verdict)?,
            (verdict, false) => self.encode(link, &frame, verdict).await?,
        };
        if kept {
            self.last = Some(frame);
        }
        Ok(())
    }

    /// The dongle's own JPEG, by its own lease.
    fn pass_on(&mut self, link: &Link, frame: &Frame, verdict: Verdict) -> Result<bool, Error> {
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
    ) -> Result<bool, Error> {
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
            if let Err(why) = encode_to_fit(&mut self.backend, frame, quality, slot.capacity()) {
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

/// Encodes, with less quality when the JPEG would not fit its slot.
fn encode_to_fit(
    backend: &mut Backend,
    frame: &Frame,
    quality: Quality,
    room: usize,
) -> Result<(), String> {
    let picture = frame.picture().map_err(|error| error.to_string())?;
    let mut quality = quality;
    loop {
        let length = backend
            .encode(&picture, quality)
            .map_err(|error| error.to_string())?
            .len();
        if length <= room {
            return Ok(());
        }
        if quality.0 <= QUALITY_MIN {
            return Err(format!(
                "a frame of {length} bytes does not fit its slot of {room}, even at quality {}",
                quality.0
            ));
        }
        quality = Quality((quality.0 / 2).max(QUALITY_MIN));
    }
}
