//! The nodes that can be worked, as far as they are known.

use super::desks::Desks;
use dkvm_wire::vocab::{
    input::{HidState, Link},
    peer::{Grant, LinkState, PeerInfo, PeerState},
};
use std::collections::BTreeMap;

/// Nodes whose state is kept: as many as a node has peers.
const MAX_NODES: usize = 256;

/// A node.
#[derive(Debug, Default)]
struct Node {
    hid: Option<HidState>,
    screen: Option<(u32, u32)>,
    /// It was seen to have a keyboard in this life of ours.
    known: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Targets {
    nodes: BTreeMap<String, Node>,
    peers: Vec<PeerInfo>,
    order: Vec<String>,
    desks: Desks,
    /// Who is paired is known.
    told: bool,
}

impl Targets {
    /// In the order that the configuration names.
    pub fn new(order: &[String], desks: Desks) -> Self {
        Self {
            order: order.to_vec(),
            desks,
            ..Self::default()
        }
    }

    /// Those that are made of several nodes.
    pub fn desks(&self) -> &Desks {
        &self.desks
    }

    /// The other nodes, as the link tells.
    pub fn peers(&mut self, state: PeerState) {
        self.peers = state.peers;
        self.told = true;
    }

    fn node(&mut self, name: &str) -> Option<&mut Node> {
        if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(name) {
            return None;
        }
        Some(self.nodes.entry(name.to_owned()).or_default())
    }

    /// The keyboard of a target as it is; what it was before.
    pub fn hid(&mut self, target: &str, state: HidState) -> Option<HidState> {
        let name = self.desks.node(target).to_owned();
        let node = self.node(&name)?;
        node.known = true;
        node.hid.replace(state)
    }

    /// A node's keyboard is not known any more.
    pub fn hid_gone(&mut self, name: &str) {
        if let Some(node) = self.nodes.get_mut(name) {
            node.hid = None;
        }
    }

    /// None is: who there is stays known.
    pub fn all_gone(&mut self) {
        for peer in &mut self.peers {
            peer.link = LinkState::Connecting;
        }
        self.nodes.values_mut().for_each(|node| node.hid = None);
    }

    /// A screen has a size.
    pub fn screen(&mut self, name: &str, size: (u32, u32)) {
        if let Some(node) = self.node(name) {
            node.screen = Some(size).filter(|(width, height)| *width > 0 && *height > 0);
        }
    }

    /// The size of a target's screen, or of all of its screens together, where it is known.
    pub fn screen_of(&self, target: &str) -> Option<(u32, u32)> {
        let known = |node: &str| self.nodes.get(node)?.screen;
        self.desks.size(target, known).or_else(|| known(target))
    }

    /// That screens of one target lie over each other, a sentence.
    pub fn crowded(&self) -> Option<String> {
        self.desks
            .crowded(|node: &str| self.nodes.get(node)?.screen)
    }

    /// The state of a target's keyboard, where it is known.
    pub fn hid_of(&self, target: &str) -> Option<&HidState> {
        self.nodes.get(self.desks.node(target))?.hid.as_ref()
    }

    /// Whether the node that has a target's keyboard is among those that this one is paired with.
    pub fn is_paired(&self, target: &str) -> bool {
        self.is_peer(self.desks.node(target))
    }

    /// In the order of the hotkeys: as configured, and then by name.
    pub fn names(&self) -> Vec<String> {
        let nodes = self.peers.iter().map(|peer| &peer.node);
        let alone = nodes.filter(|node| self.desks.of(node).is_none());
        let mut rest: Vec<String> = alone.chain(self.desks.names()).cloned().collect();
        rest.sort();
        rest.dedup();
        rest.retain(|name| !self.order.contains(name));
        self.order.iter().cloned().chain(rest).collect()
    }

    /// Why a target cannot be worked now, a sentence.
    pub fn unfit(&self, target: &str) -> Option<String> {
        if !self.told {
            return Some(
                "who is paired is not known yet: dkvm ps shows whether peer runs".to_owned(),
            );
        }
        self.unfit_desk(target)
            .or_else(|| self.unfit_node(self.desks.node(target)))
    }

    /// What is wrong with how several nodes are one target.
    fn unfit_desk(&self, target: &str) -> Option<String> {
        if let Some(desk) = self.desks.of(target) {
            return Some(format!("it is a head of {desk}: dkvm focus {desk}"));
        }
        let heads = self.desks.heads(target);
        if !heads.is_empty() && self.is_peer(target) {
            return Some(format!("there is a node of that name too: give the desk another one ([device.input.config.desk.{target}])"));
        }
        let strange = heads.iter().find(|head| !self.is_peer(&head.node))?;
        let node = &strange.node;
        Some(format!(
            "this node is not paired with its head {node}: dkvm pair {node}"
        ))
    }

    fn is_peer(&self, name: &str) -> bool {
        self.peers.iter().any(|peer| peer.node == name)
    }

    fn unfit_node(&self, name: &str) -> Option<String> {
        let Some(peer) = self.peers.iter().find(|peer| peer.node == name) else {
            return Some(format!(
                "this node is not paired with {name}: dkvm pair {name}"
            ));
        };
        if peer.link != LinkState::Up {
            let why = peer.detail.clone();
            return Some(why.unwrap_or_else(|| {
                format!(
                    "there is no link to {name}: see whether it is switched on and on the network"
                )
            }));
        }
        if !peer.granted.contains(&Grant::Type) {
            return Some(format!(
                "{name} does not let this node type: allow it there, on its page (Nodes) or by dkvm peers allow"
            ));
        }
        match self.hid_of(name) {
            None if self.nodes.get(name).is_some_and(|node| node.known) => {
                Some(format!("the keyboard of {name} is starting again"))
            }
            None => Some(format!("{name} has no target's keyboard")),
            Some(hid) if hid.keyboard == Link::Absent && hid.absolute == Link::Absent => Some(
                format!("{name} has no USB keyboard bound to its target: see its page"),
            ),
            Some(_) => None,
        }
    }

    /// Who else is at work at a node, than these holders: through whom.
    pub fn busy(&self, name: &str, ours: &[u64]) -> Option<String> {
        let hid = self.hid_of(name)?;
        (hid.busy && !ours.contains(&hid.holder)).then(|| hid.by.clone())
    }

    /// Whether a node has an absolute mouse.
    pub fn has_absolute(&self, name: &str) -> bool {
        self.hid_of(name)
            .is_some_and(|hid| hid.absolute != Link::Absent)
    }
}

/// Who is meant by a `by`, for people.
pub fn worker(by: &str) -> String {
    match by {
        "" => "somebody".to_owned(),
        "web" => "its page".to_owned(),
        "typist" => "text that is typed for somebody".to_owned(),
        by => by.split_once('/').map_or(by, |(node, _)| node).to_owned(),
    }
}
