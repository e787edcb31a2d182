//! What is known of the nodes, what follows from it for the window: whose picture, its title, and what is said where there is none.

use super::{
    awake::Works,
    source::{node_of, Kind, Source},
};
use crate::config::Choice;
use dkvm_wire::vocab::{
    desk::DeskState,
    peer::{LinkState, PeerState},
    video::{H264State, Signal, VideoMode, VideoState},
};
use std::collections::BTreeMap;

/// Nodes of which something is kept: more than a desk has.
const MOST_NODES: usize = 64;
/// Of a sentence from elsewhere so many letters are shown.
const LONGEST: usize = 300;

#[derive(Default)]
struct Node {
    video: Option<VideoState>,
    h264: Option<H264State>,
}

/// The device peer, through which every other node comes.
#[derive(Default)]
enum Peer {
    /// It has said nothing yet.
    #[default]
    Silent,
    Said(PeerState),
    /// It has ended.
    Gone,
}

/// All of it.
#[derive(Default)]
pub struct Scene {
    nodes: BTreeMap<String, Node>,
    peer: Peer,
    desk: DeskState,
    /// Whom input went to last.
    worked: Option<String>,
}

impl Scene {
    /// A capture device said something.
    pub fn video(&mut self, source: &str, state: VideoState) {
        if let Some(node) = self.node(node_of(source)) {
            node.video = Some(state);
        }
    }

    /// An h264 device did.
    pub fn h264(&mut self, source: &str, state: H264State) {
        if let Some(node) = self.node(node_of(source)) {
            node.h264 = Some(state);
        }
    }

    /// peer did.
    pub fn peers(&mut self, state: PeerState) {
        self.peer = Peer::Said(state);
    }

    /// input did. Says whether it went to a node just now.
    pub fn desk(&mut self, state: DeskState) -> bool {
        let moved = state.moves != self.desk.moves && state.node.is_some();
        if state.node.is_some() {
            self.worked.clone_from(&state.node);
        }
        self.desk = state;
        moved
    }

    /// A device is gone, and what it said does not hold any more.
    pub fn gone(&mut self, source: &str) {
        let (node, device) = source.split_once('/').unwrap_or(("", source));
        if let Some(known) = self.nodes.get_mut(node) {
            if device.starts_with("h264") {
                known.h264 = None;
            } else if device.starts_with("capture") {
                known.video = None;
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
    pub fn source(&self, choice: &Choice) -> Option<Source> {
        if let Choice::Fixed(source) = choice {
            return Some(source.clone());
        }
        let with_picture = || {
            let mut others = self.nodes.iter();
            others
                .find(|(name, node)| !name.is_empty() && node.video.is_some())
                .map(|(name, _)| name)
        };
        let node = self.worked.as_ref().or_else(with_picture)?;
        Some(Source::of_node(node))
    }

    /// Why there is no picture of a source, as far as it is known: a sentence.
    pub fn obstacle(&self, source: &Source) -> Option<String> {
        self.link(source.node())
            .or_else(|| self.signal(source))
            .map(|why| format!("{}: {}", title_of(source), cut(&why)))
    }

    fn link(&self, node: &str) -> Option<String> {
        if node.is_empty() {
            return None;
        }
        let state = match &self.peer {
            Peer::Silent => return None,
            Peer::Said(state) => state,
            Peer::Gone => {
                return Some("the device peer does not run here; 'dkvm ps' says why".to_owned())
            }
        };
        let Some(peer) = state.peers.iter().find(|peer| peer.node == node) else {
            return Some("this machine is not paired with it; 'dkvm pair' does that".to_owned());
        };
        let detail = |what: &str| match &peer.detail {
            Some(detail) => format!("{what}. {detail}"),
            None => what.to_owned(),
        };
        match peer.link {
            LinkState::Up => None,
            LinkState::Connecting => Some(detail("no link yet; it is tried again and again")),
            LinkState::Stalled => Some(detail("the link stands still")),
            LinkState::Refused => Some(detail("it refuses the link")),
        }
    }

    fn signal(&self, source: &Source) -> Option<String> {
        let node = self.nodes.get(source.node())?;
        let video = node.video.as_ref();
        let none = match video.map(|video| video.signal) {
            Some(Signal::None) => {
                "no signal: the target is off or asleep, or its video cable is out"
            }
            Some(Signal::Unstable) => "the target's signal does not lock",
            Some(Signal::OutOfRange) => "the target's mode is more than the hardware takes",
            Some(Signal::Absent) => "it has no capture device",
            Some(Signal::Ok) | None => return self.refusal(source, node),
        };
        let detail = video.and_then(|video| video.detail.as_ref());
        Some(detail.map_or_else(|| none.to_owned(), |detail| format!("{none}. {detail}")))
    }

    fn refusal(&self, source: &Source, node: &Node) -> Option<String> {
        let state = node.h264.as_ref().filter(|_| source.kind() == Kind::H264)?;
        state.detail.clone()
    }

    /// Where keyboard and mouse go.
    pub const fn works(&self) -> Works {
        match self.desk.node {
            Some(_) => Works::There,
            None => Works::Here,
        }
    }

    /// What the person is told beside the picture: that it is not the one he works, and what input says.
    pub fn notice(&self, source: Option<&Source>) -> Option<String> {
        let elsewhere = self.elsewhere(source);
        let elsewhere = elsewhere.map(|node| format!("keyboard and mouse go to {node}"));
        let said = self.desk.notice.as_ref().or(self.desk.problem.as_ref());
        let said = said.map(|said| cut(said));
        match (elsewhere, said) {
            (Some(elsewhere), Some(said)) => Some(format!("{elsewhere}. {said}")),
            (elsewhere, said) => elsewhere.or(said),
        }
    }

    /// The node that is worked, where it is another than the one that is shown.
    fn elsewhere(&self, source: Option<&Source>) -> Option<&str> {
        let worked = self.desk.node.as_deref()?;
        (Some(worked) != source.map(Source::node)).then_some(worked)
    }

    /// What the window is called.
    pub fn title(&self, source: Option<&Source>) -> String {
        let Some(source) = source else {
            return "dKVM".to_owned();
        };
        let node = self.nodes.get(source.node());
        let mode = node.and_then(|node| node.video.as_ref()).and_then(told);
        let work = match (&self.desk.node, self.elsewhere(Some(source))) {
            (None, _) => String::new(),
            (Some(_), None) => ", keyboard and mouse go there".to_owned(),
            (Some(_), Some(node)) => format!(", keyboard and mouse go to {node}"),
        };
        let mode = mode.map_or_else(String::new, |mode| format!(", {mode}"));
        format!("dKVM: {}{mode}{work}", title_of(source))
    }
}

fn told(video: &VideoState) -> Option<String> {
    let VideoMode { width, height, .. } = video.mode;
    match video.signal {
        Signal::Ok if width > 0 => Some(format!("{width}x{height}")),
        Signal::Ok => None,
        _ => Some("no signal".to_owned()),
    }
}

/// For people.
fn title_of(source: &Source) -> &str {
    match source.node() {
        "" => source.name(),
        node => node,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
#[path = "scene_tests.rs"]
mod tests;
