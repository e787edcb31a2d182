//! This node's encoders are told what the links carry to which their pictures go, and those behind them, so that none gets more
//! than it takes.

use super::{peer::Peer, Desk};
use crate::{
    core::{link::LinkId, Moment},
    fingerprint::Fingerprint,
    lanes::{
        meter::Load,
        reach::{Left, Reach},
    },
};
use dkvm_sdk::Sender;
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        peer::LinkState,
        video::{methods, LinkLoad},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What the links carry is looked at so often: as web does, and as the encoder believes it.
const LOOK: Duration = Duration::from_millis(500);

/// What was seen last.
#[derive(Debug, Default)]
pub struct Loads {
    at: Moment,
    /// Nodes that read each device's pictures.
    readers: BTreeMap<String, usize>,
    /// Devices whose pictures somebody at another node watches no more, though others do there.
    left: BTreeSet<String>,
}

impl Desk {
    /// When the links are to be looked at.
    pub(super) fn looks_at_links(&self) -> Option<Moment> {
        let shows = self.own.is_wanted(topics::VIDEO_H264) || !self.loads.readers.is_empty();
        shows.then(|| self.loads.at + LOOK)
    }

    /// Another node tells what those take who watch a device of this one there. Only of what it reads.
    pub(super) fn told_of_pace(
        &mut self,
        key: Fingerprint,
        id: LinkId,
        from: String,
        load: LinkLoad,
    ) {
        let wire = self
            .peers
            .get_mut(&key)
            .and_then(|peer| peer.wires.get_mut(&id));
        let Some(lanes) = wire.and_then(|wire| wire.lanes.as_mut()) else {
            return;
        };
        if lanes.is_read(topics::VIDEO_H264, &from)
            && lanes.pictures.told(&from, load) == Left::Somebody
        {
            self.loads.left.insert(from);
        }
    }

    /// Tells the encoders what the links carry, where one of them is full.
    pub(super) fn tick_loads(&mut self) {
        let now = self.now();
        if self.looks_at_links().is_none_or(|due| now < due) {
            return;
        }
        self.loads.at = now;
        let mut loads: BTreeMap<String, Vec<Reach>> = BTreeMap::new();
        for peer in self.peers.values_mut() {
            for (from, load) in of(peer, now) {
                loads.entry(from).or_default().push(load);
            }
        }
        let readers = loads.iter().map(|(from, of)| (from.clone(), of.len()));
        let before = std::mem::replace(&mut self.loads.readers, readers.collect());
        let left = std::mem::take(&mut self.loads.left);
        for (from, readers) in before {
            // The slow one may have been that which is gone.
            if left.contains(&from) || loads.get(&from).map_or(0, Vec::len) < readers {
                tell(&self.sender, &from, LinkLoad::default());
            }
        }
        for (from, loads) in loads {
            let load = together(&loads);
            if load.slowest.is_some() {
                tell(&self.sender, &from, load);
            }
        }
    }
}

/// Of each device's pictures, over one link.
fn of(peer: &mut Peer, now: Moment) -> Vec<(String, Reach)> {
    let goes = peer.link.state(now) == LinkState::Up;
    let Some(lanes) = peer.lanes() else {
        return Vec::new();
    };
    if !goes {
        lanes.pictures.stands_still();
    }
    let loads = lanes.pictures.loads();
    loads.map(|(from, load)| (from.to_owned(), load)).collect()
}

/// Of all links.
fn together(loads: &[Reach]) -> LinkLoad {
    let free = loads.iter().any(|reach| reach.fastest == Load::KeepsUp);
    let fastest = loads.iter().filter_map(|reach| full(reach.fastest)).max();
    LinkLoad {
        slowest: loads.iter().filter_map(|reach| full(reach.slowest)).min(),
        fastest: fastest.filter(|_| !free),
    }
}

fn full(load: Load) -> Option<u32> {
    match load {
        Load::Carries(bytes) => Some(bytes),
        Load::KeepsUp | Load::Unknown => None,
    }
}

/// An encoder that does not answer is told again.
fn tell(sender: &Sender, from: &str, load: LinkLoad) {
    let method = format!("{from}/{}", methods::LINK);
    drop(sender.call::<_, Nothing>(&method, &load));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_and_the_fastest_of_those_that_are_full_and_a_free_one_holds_up_no_frame() {
        let of = |loads: &[Load]| {
            let reaches: Vec<_> = loads.iter().map(|load| Reach::of(*load)).collect();
            let load = together(&reaches);
            (load.slowest, load.fastest)
        };
        let (slow, fast) = (Load::Carries(7), Load::Carries(9));
        assert_eq!(of(&[slow, Load::Unknown, fast]), (Some(7), Some(9)));
        assert_eq!(of(&[slow, Load::KeepsUp]), (Some(7), None));
        assert_eq!(of(&[Load::KeepsUp, Load::Unknown]), (None, None));
    }

    #[test]
    fn a_slow_page_behind_a_free_link_makes_the_picture_coarser_and_holds_up_nobody() {
        let page = Reach {
            slowest: Load::Carries(7),
            fastest: Load::Carries(7),
        };
        let (free, full) = (Reach::of(Load::KeepsUp), Reach::of(Load::Carries(9)));
        let of = |loads: &[Reach]| {
            let load = together(loads);
            (load.slowest, load.fastest)
        };
        assert_eq!(of(&[page]), (Some(7), Some(7)));
        assert_eq!(of(&[page, full]), (Some(7), Some(9)));
        assert_eq!(of(&[page, free]), (Some(7), None));
    }
}
