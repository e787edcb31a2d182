//! What other nodes tell of their targets, put together by node. Pure.
//!
//! Nothing that a node tells costs more than it may: of each there are a few states of a bounded size, and it is told to the pages
//! a bounded number of times a second, the latest of it.

use super::turns::Turns;
use crate::clock::Moment;
use dkvm_wire::{
    decode_body, topics,
    vocab::{page::FarTarget, typist::TypistState},
    DecodeError, Generation, SourceName,
};
use std::{
    collections::{btree_map::Entry, BTreeMap},
    time::Duration,
};
use thiserror::Error;

/// Nodes whose targets are shown: more tiles nobody looks at.
pub const MAX_TARGETS: usize = 32;
/// All that a node tells of its target, bytes: several times what devices of ours do.
const LONGEST: usize = 32 * 1024;
/// A target is told to the pages so often,
const EVERY: Duration = Duration::from_millis(50);
/// after it was told so often at once: all its states come when a link begins.
const AT_ONCE: u32 = 20;
/// One that tells much is told more seldom: acknowledgements stand behind it. So much of it counts once more.
const ONCE_MORE: usize = 4 * 1024;

/// What of a target a device tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Keyboard and mouse.
    Hid,
    /// USB.
    Gadget,
    /// Video.
    Video,
    /// JPEG.
    Encode,
    /// H.264.
    H264,
    /// Sound.
    Audio,
    /// The target's power.
    Power,
    /// The keyboard layout.
    Typist,
}

impl Part {
    /// The one that a topic tells.
    pub fn of(topic: &str) -> Option<Self> {
        Some(match topic {
            topics::HID_STATE => Self::Hid,
            topics::GADGET_STATE => Self::Gadget,
            topics::VIDEO_STATE => Self::Video,
            topics::ENCODE_STATE => Self::Encode,
            topics::H264_STATE => Self::H264,
            topics::AUDIO_STATE => Self::Audio,
            topics::POWER_STATE => Self::Power,
            topics::TYPIST_STATE => Self::Typist,
            _ => return None,
        })
    }

    fn put(self, target: &mut FarTarget, topic: &str, body: &[u8]) -> Result<(), DecodeError> {
        match self {
            Self::Hid => target.hid = Some(decode_body(topic, body)?),
            Self::Gadget => target.gadget = Some(decode_body(topic, body)?),
            Self::Video => target.video = Some(decode_body(topic, body)?),
            Self::Encode => target.encode = Some(decode_body(topic, body)?),
            Self::H264 => target.h264 = Some(decode_body(topic, body)?),
            Self::Audio => target.audio = Some(decode_body(topic, body)?),
            Self::Power => target.power = Some(decode_body(topic, body)?),
            Self::Typist => {
                target.layout = Some(decode_body::<TypistState>(topic, body)?.layout);
            }
        }
        Ok(())
    }

    fn clear(self, target: &mut FarTarget) {
        match self {
            Self::Hid => target.hid = None,
            Self::Gadget => target.gadget = None,
            Self::Video => target.video = None,
            Self::Encode => target.encode = None,
            Self::H264 => target.h264 = None,
            Self::Audio => target.audio = None,
            Self::Power => target.power = None,
            Self::Typist => target.layout = None,
        }
    }
}

/// Why a state is not shown.
#[derive(Debug, Error)]
pub enum Untold {
    /// It is none.
    #[error(transparent)]
    Broken(#[from] DecodeError),
    /// It is too long.
    #[error("with a state of {0} bytes it tells more than the {LONGEST} that are shown of a target: is it a newer release?")]
    Long(usize),
    /// There is no room.
    #[error("it is not shown: the targets of {MAX_TARGETS} other nodes are already")]
    Full,
}

/// What pages are to be told.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// All that is known of a target.
    Is(Box<FarTarget>),
    /// Nothing is known of that node's any more.
    Gone(String),
}

#[derive(Debug)]
struct Known {
    target: FarTarget,
    tellers: BTreeMap<Part, Teller>,
    /// Whether pages have not been told what is known.
    news: bool,
    turns: Turns,
}

/// Who told a part, in which life, and how much.
#[derive(Debug)]
struct Teller {
    source: SourceName,
    life: Generation,
    bytes: usize,
}

impl Known {
    fn bytes(&self) -> usize {
        self.tellers.values().map(|teller| teller.bytes).sum()
    }

    /// In turns.
    fn cost(&self) -> u32 {
        u32::try_from(1 + self.bytes() / ONCE_MORE).unwrap_or(AT_ONCE)
    }
}

/// The targets of all other nodes that tell anything.
#[derive(Debug, Default)]
pub struct Targets {
    nodes: BTreeMap<String, Known>,
    gone: Vec<String>,
}

impl Targets {
    /// A device of another node told its state.
    pub fn tell(
        &mut self,
        (source, life): (&SourceName, Generation),
        (part, topic): (Part, &str),
        body: &[u8],
        now: Moment,
    ) -> Result<(), Untold> {
        let Some(node) = source.node() else {
            return Ok(());
        };
        let (mut after, others) = match self.nodes.get(node) {
            Some(known) => {
                let same = known.tellers.get(&part).map_or(0, |teller| teller.bytes);
                (known.target.clone(), known.bytes() - same)
            }
            None if self.nodes.len() >= MAX_TARGETS => return Err(Untold::Full),
            None => (FarTarget::default(), 0),
        };
        if others + body.len() > LONGEST {
            return Err(Untold::Long(body.len()));
        }
        node.clone_into(&mut after.node);
        part.put(&mut after, topic, body)?;
        let known = self.known(node, now);
        known.news |= known.target != after;
        known.target = after;
        let teller = Teller {
            source: source.clone(),
            life,
            bytes: body.len(),
        };
        known.tellers.insert(part, teller);
        Ok(())
    }

    fn known(&mut self, node: &str, now: Moment) -> &mut Known {
        self.gone.retain(|gone| gone != node);
        match self.nodes.entry(node.to_owned()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Known {
                target: FarTarget::default(),
                tellers: BTreeMap::new(),
                news: true,
                turns: Turns::new(AT_ONCE, EVERY, now),
            }),
        }
    }

    /// A device of another node is gone, up to this life of it. Returns what it told of.
    pub fn gone(&mut self, source: &SourceName, life: Generation) -> Vec<Part> {
        let Some(known) = source.node().and_then(|node| self.nodes.get_mut(node)) else {
            return Vec::new();
        };
        let tellers = known.tellers.iter();
        let of_it = tellers.filter(|(_, told)| told.source == *source && told.life <= life);
        let parts: Vec<Part> = of_it.map(|(part, _)| *part).collect();
        for part in &parts {
            part.clear(&mut known.target);
            known.tellers.remove(part);
            known.news = true;
        }
        if known.tellers.is_empty() {
            let node = std::mem::take(&mut known.target.node);
            self.nodes.remove(&node);
            self.gone.push(node);
        }
        parts
    }

    /// What pages are to be told by now.
    pub fn due(&mut self, now: Moment) -> Vec<Change> {
        let gone = std::mem::take(&mut self.gone).into_iter().map(Change::Gone);
        let news = self.nodes.values_mut().filter(|known| known.news);
        let due = news.filter_map(|known| {
            let turn = known.turns.take(known.cost(), now);
            known.news = !turn;
            turn.then(|| Change::Is(Box::new(known.target.clone())))
        });
        gone.chain(due).collect()
    }

    /// When there is more to be told.
    pub fn deadline(&self) -> Option<Moment> {
        let waiting = self.nodes.values().filter(|known| known.news);
        waiting.map(|known| known.turns.next(known.cost())).min()
    }

    /// Who tells a part of a node's target, `office/hid`.
    pub fn teller(&self, node: &str, part: Part) -> Option<&str> {
        let teller = self.nodes.get(node)?.tellers.get(&part)?;
        Some(teller.source.as_str())
    }

    /// What is known of a node's target.
    pub fn target(&self, node: &str) -> Option<&FarTarget> {
        self.nodes.get(node).map(|known| &known.target)
    }
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
