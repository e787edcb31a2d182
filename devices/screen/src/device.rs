//! The device's loop: states and pictures in, the window out.

mod paint;
mod person;

use crate::{
    board::Board,
    config::{Backend, Config},
    core::{Awake, Kind, Overview, Scene},
    error::Error,
    pane::Pane,
    thumbs::Thumbs,
    watch::{Stream, Watch},
    window::{Options, Window, WindowError},
};
use dkvm_encode::complaints::Complaints;
use dkvm_sdk::{Body, FrameReader, Incoming, Lease, Link, Sender};
use dkvm_wire::{
    topics,
    vocab::video::{EncodeState, FrameInfo, Thumb},
};
use person::{answered, Answer, Going};
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
        let woken = tokio::select! {
            biased;
            answer = answered(device.going.as_mut()) => Woken::Answer(answer),
            incoming = link.next() => Woken::Incoming(incoming?),
            happened = said(device.window.as_ref()) => { happened?; Woken::Else }
            () = tokio::time::sleep_until(deadline.into()) => Woken::Else,
        };
        match woken {
            Woken::Incoming(incoming) => {
                // What came in meanwhile is read by a task of its own, which gets its turn here: then the newest is known.
                tokio::task::yield_now().await;
                if device.take_all(&mut link, incoming)? == Stay::No {
                    return Ok(());
                }
            }
            Woken::Answer(answer) => device.went(answer),
            Woken::Else => {}
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

enum Woken {
    Incoming(Incoming),
    /// To a person's wish.
    Answer(Answer),
    Else,
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

struct Device {
    started: Instant,
    config: Config,
    sender: Sender,
    /// None with the dummy.
    window: Option<Window>,
    seen: Seen,
    scene: Scene,
    watch: Watch,
    awake: Awake,
    reader: FrameReader,
    /// What is streamed: of each screen of the target that is shown one.
    panes: Vec<Pane>,
    overview: Overview,
    thumbs: Thumbs,
    board: Board,
    /// Whether the window has the board as it is.
    is_board_shown: bool,
    /// The sentence that the window has in place of all pictures.
    words: Option<String>,
    note: Option<String>,
    going: Option<Going>,
    /// Why the last wish was not done, and until when that is told.
    refusal: Option<(String, Duration)>,
    complaints: Complaints,
    /// Something happened at the window of which the consequences are still to be drawn: nothing wakes the loop for it.
    is_behind: bool,
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
            overview: Overview::new(config.begin),
            config,
            sender: link.sender(),
            window,
            seen: Seen::Yes,
            scene: Scene::default(),
            watch: Watch::new(link.sender()),
            awake: Awake::default(),
            reader: FrameReader::new(link),
            panes: Vec::new(),
            thumbs: Thumbs::default(),
            board: Board::default(),
            is_board_shown: false,
            words: None,
            note: None,
            going: None,
            refusal: None,
            complaints: Complaints::default(),
            is_behind: false,
        })
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn deadline(&self) -> Instant {
        if self.is_behind {
            return Instant::now();
        }
        let panes = self.panes.iter();
        let asks = panes
            .filter(|pane| self.expects(pane))
            .filter_map(Pane::deadline);
        let told = self.refusal.as_ref().map(|(_, until)| *until);
        let next = asks.chain(self.awake.deadline()).chain(told).min();
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
            Incoming::Request(request) => request.unknown()?,
            // Also what was dropped: it does not say whose units, and the next of that source shows the gap by its number.
            _ => {}
        }
        Ok(Stay::Yes)
    }

    fn event(&mut self, topic: &str, body: &Body, leases: Vec<Lease>, source: &str) {
        let scene = &mut self.scene;
        let done = match topic {
            topics::VIDEO_H264 | topics::VIDEO_JPEG | topics::VIDEO_RAW => body
                .decode(topic)
                .map(|info| self.frame(info, leases, (topic, source))),
            topics::VIDEO_THUMB => body.decode(topic).map(|thumb| self.thumb(source, &thumb)),
            topics::VIDEO_STATE => body.decode(topic).map(|state| scene.video(source, state)),
            topics::H264_STATE => body.decode(topic).map(|state| scene.h264(source, state)),
            topics::ENCODE_STATE => body
                .decode::<EncodeState>(topic)
                .map(|_| scene.encode(source)),
            topics::PEER_STATE => body.decode(topic).map(|state| scene.peers(state)),
            topics::INPUT_STATE => body.decode(topic).map(|state| {
                if self.scene.take_desk(state) {
                    self.moved();
                }
            }),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.complain(&error.to_string());
        }
    }

    /// Who goes to a target wants to see it.
    fn moved(&mut self) {
        self.overview.leave();
        self.refusal = None;
        if self.seen == Seen::Closed {
            self.seen = Seen::Yes;
        }
    }

    /// What it sent last is not to be taken for what is now.
    fn gone(&mut self, source: &str) {
        let now = self.now();
        self.scene.gone(source);
        let hanging = self.panes.iter_mut();
        hanging
            .filter(|pane| pane.source.hangs_on(source))
            .for_each(|pane| pane.gone(now));
        if let Some((node, device)) = source.split_once('/') {
            if device.starts_with("encode") || device.starts_with("capture") {
                self.thumbs.forget(node);
            }
        }
    }

    /// A frame of another source was on its way when that was given up.
    fn frame(&mut self, info: FrameInfo, leases: Vec<Lease>, from: (&str, &str)) {
        let now = self.now();
        let mut panes = self.panes.iter_mut();
        let is_its = |pane: &&mut Pane| (pane.source.topic(), pane.source.name()) == from;
        let Some(pane) = panes.find(is_its) else {
            return;
        };
        if let Err(why) = pane.frame(info, leases, &self.reader, now) {
            self.complain(&format!("{}: {why}", from.1));
        }
    }

    /// So is a small picture.
    fn thumb(&mut self, source: &str, thumb: &Thumb) {
        let node = source.split_once('/').map(|(node, _)| node);
        let Some(node) = node.filter(|_| self.watch.has(topics::VIDEO_THUMB, source)) else {
            return;
        };
        if let Err(error) = self.thumbs.take(node, thumb) {
            self.complain(&format!("{source}: {error}"));
        }
    }

    /// Frames that are each a picture are decoded when the window can take one.
    fn decode(&mut self) {
        let window = self.window.as_ref();
        let is_busy = |number| window.is_some_and(|window| window.is_busy(number));
        let panes = self.panes.iter_mut().enumerate();
        let failed: Vec<String> = panes
            .filter(|(number, _)| !is_busy(*number))
            .filter_map(|(_, pane)| {
                let made = pane.decode(&self.reader);
                made.err()
                    .map(|why| format!("{}: {why}", pane.source.name()))
            })
            .collect();
        failed.iter().for_each(|why| self.complain(why));
    }

    /// Whether a picture should come.
    fn expects(&self, pane: &Pane) -> bool {
        pane.source.kind() == Kind::H264 && self.scene.obstacle(&pane.source).is_none()
    }

    /// Whether all targets are shown.
    fn is_overview(&self) -> bool {
        self.overview.is_shown(self.scene.targets())
    }

    fn work(&mut self) -> Result<(), Error> {
        self.window_events()?;
        self.choose()?;
        let now = self.now();
        if let (true, Some(window)) = (self.awake.tells(self.scene.works(), now), &self.window) {
            window.stay_awake()?;
        }
        self.refusal.take_if(|(_, until)| *until <= now);
        self.ask(now)?;
        self.decode();
        self.paint()?;
        // What the server said while an answer of it was waited for has made nothing readable.
        self.is_behind = self.window_events()?;
        Ok(())
    }

    /// For key frames, of whom one is needed.
    fn ask(&mut self, now: Duration) -> Result<(), Error> {
        for number in 0..self.panes.len() {
            if !self.expects(&self.panes[number]) {
                continue;
            }
            let pane = &mut self.panes[number];
            if pane.asks(now) {
                self.watch.again(pane.source.topic(), pane.source.name())?;
            }
        }
        Ok(())
    }

    /// Streams what is to be seen.
    fn choose(&mut self) -> Result<(), Error> {
        let now = self.now();
        let is_seen = self.seen == Seen::Yes;
        let is_overview = self.is_overview();
        let small: Vec<Stream> = if is_seen && is_overview {
            let nodes = self.scene.seen_nodes().into_iter();
            nodes
                .map(|node| (topics::VIDEO_THUMB, format!("{node}/encode")))
                .collect()
        } else {
            self.thumbs.clear();
            Vec::new()
        };
        let target = self.scene.target(&self.config.choice);
        let target = target.filter(|_| is_seen && !is_overview);
        let screens = target.map_or_else(Vec::new, |target| target.screens);
        let large = screens.iter().map(|screen| &screen.source);
        let large = large.map(|source| (source.topic(), source.name().to_owned()));
        self.watch.change(large.chain(small).collect())?;
        let mut before: Vec<Option<Pane>> = self.panes.drain(..).map(Some).collect();
        for (number, screen) in screens.into_iter().enumerate() {
            let known = |(_, pane): &(usize, &mut Option<Pane>)| {
                let pane = pane.as_ref();
                pane.is_some_and(|pane| pane.source == screen.source)
            };
            let kept = before.iter_mut().enumerate().find(known);
            let kept = kept.and_then(|(place, pane)| pane.take().map(|pane| (place, pane)));
            self.panes.push(match kept {
                Some((place, pane)) if place == number => pane,
                Some((_, pane)) => pane.moved(),
                None => Pane::new(screen.source, now),
            });
        }
        Ok(())
    }

    fn complain(&mut self, why: &str) {
        let now = self.now();
        if let Some(line) = self.complaints.note(why, now) {
            dkvm_sdk::warn!("{line}");
        }
    }
}
