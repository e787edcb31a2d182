//! The device's loop: states and pictures in, the window out.

use crate::{
    config::{Backend, Config},
    core::{Awake, Chain, Kind, Scene, Source, Step},
    decode::Decode,
    error::Error,
    pixels::Pixels,
    text,
    watch::Watch,
    window::{Happened, Options, Window, WindowError},
};
use dkvm_encode::{complaints::Complaints, frame::Frame, frame::Newest};
use dkvm_sdk::{Body, FrameReader, Incoming, Lease, Link};
use dkvm_wire::{topics, vocab::video::FrameInfo};
use std::time::{Duration, Instant};

/// With nothing to wait for, the loop wakes so seldom.
const IDLE: Duration = Duration::from_secs(60);

/// Runs until the kernel says goodbye, or the X server ends.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let config: Config = link.config()?;
    let mut device = Device::new(&link, config)?;
    device.work()?;
    link.ready()?;
    loop {
        let deadline = device.deadline();
        let incoming = tokio::select! {
            biased;
            incoming = link.next() => Some(incoming?),
            happened = said(device.window.as_ref()) => { happened?; None }
            () = tokio::time::sleep_until(deadline.into()) => None,
        };
        if let Some(incoming) = incoming {
            // What came in meanwhile is read by a task of its own, which gets its turn here: then the newest is known.
            tokio::task::yield_now().await;
            if device.take_all(&mut link, incoming)? == Stay::No {
                return Ok(());
            }
        }
        device.work()?;
    }
}

/// Completes when the X server said something; never where there is none.
async fn said(window: Option<&Window>) -> Result<(), WindowError> {
    match window {
        Some(window) => window.readable().await,
        None => std::future::pending().await,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    Yes,
    No,
}

/// Whether somebody can see the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Yes,
    /// It is an icon, or on another desktop.
    Hidden,
    /// A person has closed it.
    Closed,
}

/// What the window has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    Nothing,
    Picture,
    Words(String),
}

struct Device {
    started: Instant,
    config: Config,
    /// None with the dummy.
    window: Option<Window>,
    seen: Seen,
    shown: Shown,
    note: Option<String>,
    scene: Scene,
    watch: Watch,
    chain: Chain,
    awake: Awake,
    decode: Decode,
    reader: FrameReader,
    /// Of frames that were captured here, the last.
    newest: Newest,
    /// The last that was decoded, and whether the window has it.
    pixels: Pixels,
    fresh: bool,
    /// Whether it is of the source that is watched.
    is_there: bool,
    complaints: Complaints,
}

impl Device {
    fn new(link: &Link, config: Config) -> Result<Self, Error> {
        let options = Options {
            display: config.display.clone(),
            shape: config.shape,
        };
        let window = match config.backend {
            Backend::X11 => Some(Window::new(&options)?),
            Backend::Dummy => None,
        };
        Ok(Self {
            started: Instant::now(),
            config,
            window,
            seen: Seen::Yes,
            shown: Shown::Nothing,
            note: None,
            scene: Scene::default(),
            watch: Watch::new(link.sender()),
            chain: Chain::default(),
            awake: Awake::default(),
            decode: Decode::default(),
            reader: FrameReader::new(link),
            newest: Newest::default(),
            pixels: Pixels::default(),
            fresh: false,
            is_there: false,
            complaints: Complaints::default(),
        })
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn deadline(&self) -> Instant {
        let asks = self.chain.deadline().filter(|_| self.expects());
        let next = asks.into_iter().chain(self.awake.deadline()).min();
        self.started + next.unwrap_or_else(|| self.now() + IDLE)
    }

    /// Takes one incoming thing and all that wait behind it: each unit is decoded, the last is shown.
    fn take_all(&mut self, link: &mut Link, first: Incoming) -> Result<Stay, Error> {
        let mut next = Some(first);
        while let Some(incoming) = next {
            if self.take(incoming)? == Stay::No {
                return Ok(Stay::No);
            }
            next = link.try_next()?;
        }
        Ok(Stay::Yes)
    }

    fn take(&mut self, incoming: Incoming) -> Result<Stay, Error> {
        match incoming {
            Incoming::Goodbye { .. } => return Ok(Stay::No),
            Incoming::Event {
                topic,
                body,
                leases,
                source,
                ..
            } => self.event(&topic, &body, leases, &source.name),
            Incoming::SourceGone { source, .. } => self.gone(source.as_str()),
            Incoming::Dropped { topic, .. } if topic == topics::VIDEO_H264 => {
                self.chain.broke(self.now());
            }
            Incoming::Request(request) => request.unknown()?,
            _ => {}
        }
        Ok(Stay::Yes)
    }

    fn event(&mut self, topic: &str, body: &Body, leases: Vec<Lease>, source: &str) {
        let done = match topic {
            topics::VIDEO_H264 | topics::VIDEO_RAW => body
                .decode(topic)
                .map(|info| self.frame(info, leases, (topic, source))),
            topics::VIDEO_STATE => body
                .decode(topic)
                .map(|state| self.scene.video(source, state)),
            topics::H264_STATE => body
                .decode(topic)
                .map(|state| self.scene.h264(source, state)),
            topics::PEER_STATE => body.decode(topic).map(|state| self.scene.peers(state)),
            topics::INPUT_STATE => body.decode(topic).map(|state| {
                // Who goes to a target wants to see it.
                if self.scene.desk(state) && self.seen == Seen::Closed {
                    self.seen = Seen::Yes;
                }
            }),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.complain(&error.to_string());
        }
    }

    /// What it sent last is not to be taken for what is now.
    fn gone(&mut self, source: &str) {
        self.scene.gone(source);
        let shown = self.watch.source();
        if shown.is_some_and(|shown| shown.hangs_on(source)) {
            self.chain.broke(self.now());
            self.newest = Newest::default();
            (self.fresh, self.is_there) = (false, false);
        }
    }

    /// A frame of another source was on its way when that was given up.
    fn frame(&mut self, info: FrameInfo, leases: Vec<Lease>, from: (&str, &str)) {
        let Some(source) = self.watch.source() else {
            return;
        };
        if (source.topic(), source.name()) != from {
            return;
        }
        match source.kind() {
            Kind::Raw => self.newest.offer(info, leases),
            Kind::H264 => {
                if let Some(lease) = leases.first() {
                    self.unit(&info, lease);
                }
            }
        }
    }

    fn unit(&mut self, info: &FrameInfo, lease: &Lease) {
        let now = self.now();
        if self.chain.unit(info.unit, now) == Step::Skip {
            return;
        }
        let made = match self.reader.view(lease) {
            Ok(view) => self
                .decode
                .unit(info, &view, &mut self.pixels)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match made {
            Ok(is_whole) => {
                self.fresh |= is_whole;
                self.is_there |= is_whole;
            }
            Err(why) => {
                self.complain(&why);
                self.decode.forget();
                self.chain.broke(now);
            }
        }
    }

    fn raw(&mut self) {
        if self.is_busy() {
            return;
        }
        let Some((info, lease)) = self.newest.take() else {
            return;
        };
        let made = Frame::view(&self.reader, info, &lease).and_then(|frame| {
            self.decode
                .raw(&frame, &mut self.pixels)
                .map_err(|error| error.to_string())
        });
        match made {
            Ok(()) => (self.fresh, self.is_there) = (true, true),
            Err(why) => self.complain(&why),
        }
    }

    fn is_busy(&self) -> bool {
        self.window.as_ref().is_some_and(Window::is_busy)
    }

    /// Whether a picture should come.
    fn expects(&self) -> bool {
        let source = self.watch.source();
        source.is_some_and(|source| {
            source.kind() == Kind::H264 && self.scene.obstacle(source).is_none()
        })
    }

    fn work(&mut self) -> Result<(), Error> {
        self.window_events()?;
        self.choose()?;
        let now = self.now();
        if let (true, Some(window)) = (self.awake.tells(self.scene.works(), now), &self.window) {
            window.stay_awake()?;
        }
        if self.expects() && self.chain.asks(now) {
            self.watch.again()?;
        }
        self.raw();
        self.paint()?;
        // What the server said while an answer of it was waited for has made nothing readable.
        self.window_events()
    }

    fn window_events(&mut self) -> Result<(), Error> {
        while let Some(window) = &mut self.window {
            let Some(happened) = window.happened()? else {
                break;
            };
            match happened {
                Happened::Closed => {
                    self.seen = Seen::Closed;
                    window.close()?;
                    (self.shown, self.note) = (Shown::Nothing, None);
                }
                Happened::Hidden => self.seen = Seen::Hidden,
                Happened::Seen if self.seen == Seen::Hidden => self.seen = Seen::Yes,
                Happened::Resized => self.note = None,
                Happened::Refused(why) => self.refused(&why),
                Happened::Seen | Happened::Arrived => {}
            }
        }
        Ok(())
    }

    /// The window has lost its picture. The next that is whole is shown, and asked for without haste: it may be refused again.
    fn refused(&mut self, why: &str) {
        self.complain(why);
        self.chain.begin(self.now());
        (self.fresh, self.is_there) = (false, false);
        self.shown = Shown::Nothing;
    }

    /// Streams what is to be seen.
    fn choose(&mut self) -> Result<(), Error> {
        let source = self.scene.source(&self.config.choice);
        let seen = source.filter(|_| self.seen == Seen::Yes);
        if self.watch.change(seen)? {
            self.chain.begin(self.now());
            self.decode.forget();
            self.newest = Newest::default();
            (self.fresh, self.is_there) = (false, false);
            // What another target shows is not to be taken for this one's.
            self.shown = Shown::Nothing;
        }
        Ok(())
    }

    fn paint(&mut self) -> Result<(), Error> {
        let source = self.scene.source(&self.config.choice);
        let words = self.words(source.as_ref());
        let Some(window) = &mut self.window else {
            return Ok(());
        };
        if self.seen != Seen::Yes {
            return Ok(());
        }
        window.open()?;
        window.title(&self.scene.title(source.as_ref()))?;
        let width = usize::from(window.size().width);
        match words {
            Some(words) if self.shown != Shown::Words(words.clone()) => {
                window.say(&text::sentence(&words, width))?;
                self.shown = Shown::Words(words);
            }
            // Also where words stood meanwhile: of a picture that rests nothing comes.
            None if (self.fresh || self.shown != Shown::Picture) && !window.is_busy() => {
                window.show(&self.pixels)?;
                (self.fresh, self.shown) = (false, Shown::Picture);
            }
            _ => {}
        }
        let note = self.scene.notice(source.as_ref());
        if note != self.note {
            let pixels = note.as_ref().map(|note| text::sentence(note, width));
            window.note(pixels.as_ref())?;
            self.note = note;
        }
        Ok(())
    }

    /// What is said in place of a picture; `None` where there is one, or one is to come at once.
    fn words(&self, source: Option<&Source>) -> Option<String> {
        let Some(source) = source else {
            return Some("no target: pair this machine with a node, 'dkvm pair NODE'".to_owned());
        };
        let obstacle = self.scene.obstacle(source);
        let waits = || format!("{}: waiting for the picture", source.name());
        obstacle.or_else(|| (!self.is_there).then(waits))
    }

    fn complain(&mut self, why: &str) {
        let now = self.now();
        if let Some(line) = self.complaints.note(why, now) {
            dkvm_sdk::warn!("{line}");
        }
    }
}
