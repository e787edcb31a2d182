//! What is known of the nodes, and what follows from it for the window: whose picture, or pictures.

use super::{
    awake::Works,
    division::{Division, Spot},
    fit::Size,
    source::{node_of, Source},
};
use crate::config::Choice;
use dkvm_wire::vocab::{
    desk::{DeskState, Head},
    peer::PeerState,
    video::{H264State, VideoMode, VideoState},
};
use std::collections::BTreeMap;

/// Nodes of which something is kept: more than a desk has.
const MOST_NODES: usize = 64;
/// Screens of one target that are shown: as many as a target can have.
pub(super) const MOST_SCREENS: usize = 8;
/// A screen that never said how large it is has its place by this: what most have.
const USUAL: Size = Size {
    width: 1920,
    height: 1080,
};
/// Longest edge of a screen that may be: what is sent as H.264 has none that is longer.
const LONGEST_EDGE: u32 = 8688;

#[derive(Default)]
pub(super) struct Node {
    pub(super) video: Option<VideoState>,
    pub(super) h264: Option<H264State>,
    /// Its encode is there, and what it makes can be had.
    encodes: bool,
    /// As its picture was last.
    size: Option<Size>,
}

/// The device peer, through which every other node comes.
#[derive(Default)]
pub(super) enum Peer {
    /// It has said nothing yet.
    #[default]
    Silent,
    Said(PeerState),
    /// It has ended.
    Gone,
}

/// Whom input went to last.
struct Worked {
    name: String,
    /// Its screens, where it has several; as they were told last.
    heads: Vec<Head>,
}

/// All of it.
#[derive(Default)]
pub struct Scene {
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) peer: Peer,
    desk: DeskState,
    worked: Option<Worked>,
}

/// Whose picture is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// By the name that a person, or input, has for it.
    pub name: String,
    /// Of each of its screens one.
    pub screens: Vec<Screen>,
}

/// One of its screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Who gives its picture.
    pub source: Source,
    /// Its place among several.
    pub spot: Option<Spot>,
}

impl Target {
    fn alone(name: &str, source: Source) -> Self {
        Self {
            name: name.to_owned(),
            screens: vec![Screen { source, spot: None }],
        }
    }

    /// How its screens share the window.
    pub fn division(&self) -> Division {
        let spots: Option<Vec<Spot>> = self.screens.iter().map(|screen| screen.spot).collect();
        spots.map_or(Division::Whole, Division::Spots)
    }
}

impl Scene {
    /// A capture device said something.
    pub fn video(&mut self, source: &str, state: VideoState) {
        if let Some(node) = self.node(node_of(source)) {
            node.size = size_of(state.mode).or(node.size);
            node.video = Some(state);
        }
    }

    /// An h264 device did.
    pub fn h264(&mut self, source: &str, state: H264State) {
        if let Some(node) = self.node(node_of(source)) {
            node.h264 = Some(state);
        }
    }

    /// An encode device did.
    pub fn encode(&mut self, source: &str) {
        if let Some(node) = self.node(node_of(source)) {
            node.encodes = true;
        }
    }

    /// peer did.
    pub fn peers(&mut self, state: PeerState) {
        self.peer = Peer::Said(state);
    }

    /// input did. Says whether it went to a target just now.
    pub fn take_desk(&mut self, state: DeskState) -> bool {
        let moved = state.moves != self.desk.moves && state.node.is_some();
        self.desk = state;
        if let Some(name) = &self.desk.node {
            if self.worked.as_ref().map(|worked| &worked.name) != Some(name) {
                self.worked = Some(Worked {
                    name: name.clone(),
                    heads: Vec::new(),
                });
            }
        }
        if let Some(worked) = &mut self.worked {
            let mut targets = self.desk.targets.iter();
            if let Some(target) = targets.find(|target| target.node == worked.name) {
                worked.heads.clone_from(&target.heads);
            }
        }
        moved
    }

    pub(super) const fn desk(&self) -> &DeskState {
        &self.desk
    }

    /// A device is gone, and what it said does not hold any more.
    pub fn gone(&mut self, source: &str) {
        let (node, device) = source.split_once('/').unwrap_or(("", source));
        if let Some(known) = self.nodes.get_mut(node) {
            if device.starts_with("h264") {
                known.h264 = None;
            } else if device.starts_with("capture") {
                known.video = None;
            } else if device.starts_with("encode") {
                known.encodes = false;
            }
        }
        match source {
            "peer" => self.peer = Peer::Gone,
            "input" => self.desk = DeskState::default(),
            _ => {}
        }
    }

    fn node(&mut self, name: &str) -> Option<&mut Node> {
        if !self.nodes.contains_key(name) && self.nodes.len() >= MOST_NODES {
            return None;
        }
        Some(self.nodes.entry(name.to_owned()).or_default())
    }

    /// Whose picture is shown. Until somebody was worked it is the first other node that has one.
    pub fn target(&self, choice: &Choice) -> Option<Target> {
        if let Choice::Fixed(source) = choice {
            let name = match source.node() {
                "" => source.name(),
                node => node,
            };
            return Some(Target::alone(name, self.instead(source)));
        }
        match &self.worked {
            Some(worked) if !worked.heads.is_empty() => Some(self.desk_of(worked)),
            Some(worked) => Some(Target::alone(&worked.name, self.source_of(&worked.name))),
            None => self.first(),
        }
    }

    fn first(&self) -> Option<Target> {
        let mut others = self.nodes.iter();
        let (name, _) = others.find(|(name, node)| !name.is_empty() && node.video.is_some())?;
        Some(Target::alone(name, self.source_of(name)))
    }

    fn desk_of(&self, worked: &Worked) -> Target {
        let mut screens: Vec<Screen> = Vec::new();
        for head in worked.heads.iter().take(MOST_SCREENS) {
            let source = self.source_of(&head.node);
            if screens.iter().all(|screen| screen.source != source) {
                let spot = Some(self.spot(head));
                screens.push(Screen { source, spot });
            }
        }
        Target {
            name: worked.name.clone(),
            screens,
        }
    }

    /// Where a head is, and how large: as its picture is, or was last. Of one that never had any the others know it best.
    pub(super) fn spot(&self, head: &Head) -> Spot {
        let known = self.nodes.get(&head.node).and_then(|node| node.size);
        Spot {
            at: head.at,
            size: known.unwrap_or(USUAL),
        }
    }

    /// What a node gives of its picture: H.264, or JPEGs where it says that there is none, and they can be had.
    fn source_of(&self, node: &str) -> Source {
        let known = self.nodes.get(node);
        let has_none = known.is_some_and(|node| node.encodes && no_h264(node).is_some());
        if has_none {
            Source::jpeg_of_node(node)
        } else {
            Source::of_node(node)
        }
    }

    fn instead(&self, source: &Source) -> Source {
        let node = source.node();
        if !node.is_empty() && *source == Source::of_node(node) {
            self.source_of(node)
        } else {
            source.clone()
        }
    }

    pub(super) fn encodes(&self, node: &str) -> bool {
        self.nodes.get(node).is_some_and(|node| node.encodes)
    }

    /// Where keyboard and mouse go.
    pub const fn works(&self) -> Works {
        if self.desk.node.is_some() {
            Works::There
        } else {
            Works::Here
        }
    }
}

/// Why a node gives no H.264.
pub(super) fn no_h264(node: &Node) -> Option<&String> {
    node.h264.as_ref().and_then(|state| state.detail.as_ref())
}

/// One that no screen has is none.
fn size_of(mode: VideoMode) -> Option<Size> {
    let edge = |pixels: u32| {
        let is_edge = (1..=LONGEST_EDGE).contains(&pixels);
        is_edge.then(|| u16::try_from(pixels).ok()).flatten()
    };
    Some(Size {
        width: edge(mode.width)?,
        height: edge(mode.height)?,
    })
}

#[cfg(test)]
#[path = "scene_tests.rs"]
mod tests;
