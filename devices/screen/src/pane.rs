//! One picture of the window: what comes for it, and what it shows.

use crate::{
    core::{Chain, Kind, Room, Source, Step, Waiting},
    decode::Decode,
    pixels::Pixels,
};
use dkvm_encode::frame::{Frame, Newest};
use dkvm_sdk::{FrameReader, Lease};
use dkvm_wire::vocab::video::FrameInfo;
use std::time::Duration;

/// So long a frame that is a picture waits for the window; then the picture waits in its place, and its lease goes back.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why units are left out, and what can be done.
const BEHIND: &str = "pictures come faster than this machine decodes them, and some are left out: `max_rate` of h264 there says how many are to come";

/// What the window has in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing that holds.
    Nothing,
    /// The last picture.
    Picture,
    /// This sentence.
    Words(String),
}

/// It.
pub struct Pane {
    /// Who gives the picture.
    pub source: Source,
    /// What the window has of it.
    pub shown: Shown,
    chain: Chain,
    /// Units that are not decoded yet.
    waiting: Waiting,
    decode: Decode,
    /// Of frames that are each a picture, the last, and since when it waits.
    newest: Newest,
    came: Option<Duration>,
    /// The last that was decoded, and whether the window has it.
    pixels: Pixels,
    is_fresh: bool,
    /// Whether it holds.
    is_there: bool,
}

impl Pane {
    /// Its source is wanted now.
    pub fn new(source: Source, now: Duration) -> Self {
        let mut chain = Chain::default();
        chain.begin(now);
        Self {
            source,
            shown: Shown::Nothing,
            chain,
            waiting: Waiting::default(),
            decode: Decode::default(),
            newest: Newest::default(),
            came: None,
            pixels: Pixels::default(),
            is_fresh: false,
            is_there: false,
        }
    }

    /// It has another place in the window, which has nothing of it.
    pub fn moved(self) -> Self {
        Self {
            shown: Shown::Nothing,
            ..self
        }
    }

    /// A frame of its source came. The error is a sentence for people.
    pub fn frame(
        &mut self,
        info: FrameInfo,
        leases: Vec<Lease>,
        reader: &FrameReader,
        now: Duration,
    ) -> Result<(), String> {
        match (self.source.kind(), leases.first()) {
            (_, None) => Ok(()),
            (Kind::H264, Some(lease)) => self.unit(info, lease, reader, now),
            (Kind::Raw | Kind::Jpeg, Some(_)) => {
                self.newest.offer(info, leases);
                self.came = Some(now);
                Ok(())
            }
        }
    }

    /// It is small, and copied: its lease goes back before anything takes time.
    fn unit(
        &mut self,
        info: FrameInfo,
        lease: &Lease,
        reader: &FrameReader,
        now: Duration,
    ) -> Result<(), String> {
        if self.chain.unit(info.unit, now) == Step::Skip {
            return Ok(());
        }
        let why = match reader.view(lease) {
            Ok(view) => match self.waiting.push((info, view.to_vec())) {
                Room::Enough => return Ok(()),
                Room::None => BEHIND.to_owned(),
            },
            Err(error) => error.to_string(),
        };
        self.broke(now);
        Err(why)
    }

    /// What waits builds on what is not there.
    fn broke(&mut self, now: Duration) {
        self.waiting.clear();
        self.chain.broke(now);
    }

    /// How many units wait for the decoder.
    pub fn waiting(&self) -> usize {
        self.waiting.count()
    }

    /// Decodes the first of these. The error is a sentence for people.
    pub fn decode_unit(&mut self, now: Duration) -> Result<(), String> {
        let Some((info, bytes)) = self.waiting.pop() else {
            return Ok(());
        };
        match self.decode.unit(&info, &bytes, &mut self.pixels) {
            Ok(is_whole) => {
                self.is_fresh |= is_whole;
                self.is_there |= is_whole;
                Ok(())
            }
            Err(error) => {
                self.broke(now);
                Err(error.to_string())
            }
        }
    }

    /// Decodes the frame that waits, if one does. The error is a sentence for people.
    pub fn decode(&mut self, reader: &FrameReader) -> Result<(), String> {
        self.came = None;
        let Some((info, lease)) = self.newest.take() else {
            return Ok(());
        };
        let frame = Frame::view(reader, info, &lease)?;
        let made = self.decode.raw(&frame, &mut self.pixels);
        made.map_err(|error| error.to_string())?;
        (self.is_fresh, self.is_there) = (true, true);
        Ok(())
    }

    /// When the frame that waits for the window has waited long enough.
    pub fn due(&self) -> Option<Duration> {
        self.came.map(|came| came + PATIENCE)
    }

    /// What it came from is gone.
    pub fn gone(&mut self, now: Duration) {
        self.broke(now);
        (self.newest, self.came) = (Newest::default(), None);
        (self.is_fresh, self.is_there) = (false, false);
    }

    /// The window has lost its picture. The next that is whole is shown, and asked for without haste: it may be refused again.
    pub fn refused(&mut self, now: Duration) {
        self.waiting.clear();
        self.chain.begin(now);
        (self.is_fresh, self.is_there) = (false, false);
        self.shown = Shown::Nothing;
    }

    /// Its place has another size: a sentence is wrapped anew.
    pub fn wrap_anew(&mut self) {
        if matches!(self.shown, Shown::Words(_)) {
            self.shown = Shown::Nothing;
        }
    }

    /// Whether a key frame is to be asked for now. Who asks has to do it.
    pub fn asks(&mut self, now: Duration) -> bool {
        self.source.kind() == Kind::H264 && self.chain.asks(now)
    }

    /// When to ask that again.
    pub fn deadline(&self) -> Option<Duration> {
        let at = self.chain.deadline();
        at.filter(|_| self.source.kind() == Kind::H264)
    }

    /// Whether there is a picture that holds.
    pub const fn is_there(&self) -> bool {
        self.is_there
    }

    /// The picture, where the window has it not: also where words stood meanwhile, for of a picture that rests nothing comes.
    pub fn news(&self) -> Option<&Pixels> {
        let is_news = self.is_fresh || self.shown != Shown::Picture;
        is_news.then_some(&self.pixels)
    }

    /// The window has it now.
    pub fn told(&mut self) {
        (self.is_fresh, self.shown) = (false, Shown::Picture);
    }
}
