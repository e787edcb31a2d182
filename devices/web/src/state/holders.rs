//! Which page holds what on which target. Pure.

use super::Place;
use dkvm_wire::vocab::input::{InputState, Motion, Position};
use std::collections::BTreeMap;

/// One open page: counted, never used twice in this process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub u64);

/// Holders of one page at one target: its own random one; a page that makes up more is broken.
const MAX_HOLDERS: usize = 4;

/// What is needed of a holder's last state to let go in its name.
#[derive(Debug)]
struct Held {
    page: PageId,
    focus: u32,
    seq: u32,
    next_step: u32,
    at: Option<Position>,
    motion: Motion,
    holding: bool,
}

/// The holders that speak through this device.
#[derive(Debug, Default)]
pub struct Holders {
    held: BTreeMap<(Place, u64), Held>,
}

impl Holders {
    /// Notes a state on its way to hid. `false`: this page speaks for too many holders.
    ///
    /// A page that reconnects takes its holder along, so the connection that it left no longer has it.
    pub fn note(&mut self, page: PageId, place: &Place, state: &InputState) -> bool {
        let key = (place.clone(), state.holder);
        let known = self.held.contains_key(&key);
        let held = Held {
            page,
            focus: state.focus,
            seq: state.seq,
            next_step: state
                .first
                .wrapping_add(u32::try_from(state.steps.len()).unwrap_or(0)),
            at: state.at,
            motion: state.motion,
            holding: !state.keys.is_empty()
                || state.buttons != 0
                || !state.extra.is_empty()
                || !state.steps.is_empty(),
        };
        let its = self.held.iter();
        let its = its.filter(|((at, _), held)| at == place && held.page == page);
        if !known && its.count() >= MAX_HOLDERS {
            return false;
        }
        self.held.insert(key, held);
        true
    }

    /// The page that speaks for a holder at a target.
    pub fn page_of(&self, place: &Place, holder: u64) -> Option<PageId> {
        let held = self.held.get(&(place.clone(), holder));
        held.map(|held| held.page)
    }

    /// A page is gone: the states that let go of all that it held at each target, without waiting for the lease to lapse.
    pub fn leave(&mut self, page: PageId) -> Vec<(Place, InputState)> {
        let mut neutral = Vec::new();
        self.held.retain(|(place, holder), held| {
            if held.page == page && held.holding {
                neutral.push((place.clone(), let_go(*holder, held)));
            }
            held.page != page
        });
        neutral
    }

    /// Nothing reaches that target any more: it lets go by itself.
    pub fn forget(&mut self, place: &Place) {
        self.held.retain(|(at, _), _| at != place);
    }
}

fn let_go(holder: u64, held: &Held) -> InputState {
    InputState {
        holder,
        focus: held.focus,
        seq: held.seq.wrapping_add(1),
        first: held.next_step,
        steps: Vec::new(),
        keys: Vec::new(),
        buttons: 0,
        at: held.at,
        motion: held.motion,
        extra: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::input::Step;

    const ONE: PageId = PageId(1);
    const TWO: PageId = PageId(2);

    fn state(holder: u64, keys: &[u8]) -> InputState {
        let steps = keys
            .iter()
            .map(|&usage| Step::Key { usage, down: true })
            .collect();
        InputState {
            holder,
            focus: 3,
            seq: 9,
            first: 5,
            steps,
            keys: keys.to_vec(),
            buttons: 0,
            at: None,
            motion: Motion {
                x: 4,
                ..Motion::default()
            },
            extra: Default::default(),
        }
    }

    #[test]
    fn a_page_that_leaves_lets_go_under_its_own_focus() {
        let mut holders = Holders::default();
        holders.note(ONE, &Place::Here, &state(7, &[4, 5]));
        let neutral = holders.leave(ONE);
        let expected = InputState {
            seq: 10,
            first: 7,
            keys: vec![],
            steps: vec![],
            ..state(7, &[4, 5])
        };
        assert_eq!(neutral, [(Place::Here, expected)]);
        assert_eq!(holders.page_of(&Place::Here, 7), None);
    }

    #[test]
    fn a_page_that_holds_nothing_leaves_in_silence() {
        let mut holders = Holders::default();
        holders.note(ONE, &Place::Here, &state(7, &[4]));
        holders.note(ONE, &Place::Here, &state(7, &[]));
        assert!(holders.leave(ONE).is_empty());
    }

    #[test]
    fn a_page_that_reconnected_keeps_what_it_holds() {
        let mut holders = Holders::default();
        holders.note(ONE, &Place::Here, &state(7, &[4]));
        holders.note(TWO, &Place::Here, &state(7, &[4]));
        assert!(holders.leave(ONE).is_empty());
        assert_eq!(holders.page_of(&Place::Here, 7), Some(TWO));
    }

    #[test]
    fn a_page_cannot_invent_holders_without_end() {
        let mut holders = Holders::default();
        let taken = (0..100)
            .filter(|&holder| holders.note(ONE, &Place::Here, &state(holder, &[])))
            .count();
        assert_eq!(taken, MAX_HOLDERS);
        assert!(holders.note(TWO, &Place::Here, &state(200, &[])));
    }

    fn at(node: &str) -> Place {
        Place::At(node.to_owned())
    }

    #[test]
    fn one_number_holds_at_several_targets_and_lets_go_at_each() {
        let mut holders = Holders::default();
        holders.note(ONE, &Place::Here, &state(7, &[4]));
        holders.note(ONE, &at("office"), &state(7, &[5]));
        holders.note(TWO, &at("lab"), &state(7, &[6]));
        assert_eq!(holders.page_of(&at("lab"), 7), Some(TWO));
        let places: Vec<Place> = holders.leave(ONE).into_iter().map(|(at, _)| at).collect();
        assert_eq!(places, [Place::Here, at("office")]);
        assert_eq!(holders.page_of(&at("office"), 7), None);
        assert_eq!(holders.leave(TWO).len(), 1);
    }

    #[test]
    fn nothing_is_sent_to_a_target_that_is_gone() {
        let mut holders = Holders::default();
        holders.note(ONE, &at("office"), &state(7, &[5]));
        holders.note(ONE, &at("lab"), &state(7, &[5]));
        holders.forget(&at("office"));
        let left = holders.leave(ONE);
        assert_eq!((left.len(), &left[0].0), (1, &at("lab")));
    }
}
