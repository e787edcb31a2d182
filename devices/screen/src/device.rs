//! The device's loop: states and pictures in, the window out.

mod paint;
mod person;
mod pictures;

use crate::{
    board::Board,
    config::{Backend, Config},
    core::{Awake, Overview, Scene},
    error::Error,
    pane::Pane,
    thumbs::Thumbs,
    watch::{Stream, Watch},
    window::{Options, Window, WindowError},
};
use dkvm_encode::complaints::Complaints;
use dkvm_sdk::{Body, FrameReader, Incoming, Lease, Link, Sender};
use dkvm_wire::{topics, vocab::video::EncodeState};
use person::{answered, answered_already, Answer, Going};
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
        let first = match woken {
            Woken::Incoming(incoming) => Some(incoming),
            Woken::Answer(answer) => {
                device.went(answer);
                None
            }
            Woken::Else => None,
        };
        if device.take_all(&mut link, first).await? == Stay::No {
            return Ok(());
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
    /// Something happened at the window of which the consequences are still to be drawn, or units wait: nothing wakes the loop for it.
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
        let frames = self.panes.iter().filter_map(Pane::due);
        let next = asks.chain(frames).chain(self.awake.deadline()).chain(told);
        let next = next.min();
        self.started + next.unwrap_or_else(|| self.now() + IDLE)
    }

    /// Takes what came, and decodes what waits for that: each unit is decoded, the last is shown. Between two units what came
    /// meanwhile is taken, so that no lease waits for the decoder.
    async fn take_all(&mut self, link: &mut Link, first: Option<Incoming>) -> Result<Stay, Error> {
        if self.take_what_came(link, first).await? == Stay::No {
            return Ok(Stay::No);
        }
        for _ in 0..self.waiting() {
            self.decode_unit();
            if self.take_what_came(link, None).await? == Stay::No {
                return Ok(Stay::No);
            }
        }
        Ok(Stay::Yes)
    }

    async fn take_what_came(
        &mut self,
        link: &mut Link,
        first: Option<Incoming>,
    ) -> Result<Stay, Error> {
        // A task of its own reads: in one turn it learns that there is something, in the next it has read it.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        // What input answered is older than what came behind it.
        if let Some(answer) = answered_already(self.going.as_mut()).await {
            self.went(answer);
        }
        let mut next = match first {
            Some(first) => Some(first),
            None => link.try_next()?,
        };
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

    /// Whether all targets are shown.
    fn is_overview(&self) -> bool {
        self.overview.is_shown(self.scene.targets())
    }

    fn work(&mut self) -> Result<(), Error> {
        // Before the window is asked for anything: its server may let us wait, with the leases in hand.
        self.decode();
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
        self.is_behind = self.window_events()? || self.waiting() > 0;
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
