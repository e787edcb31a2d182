//! Pictures that came from one node: each in its turn, though each has a stream of its own.

use dkvm_wire::vocab::video::AccessUnit;
use std::collections::BTreeMap;

/// Units that wait for one before them, which is being sent again: as many as a sender has under way.
const HELD_MOST: usize = super::flow::MOST;

/// Of one source.
#[derive(Debug)]
pub struct Chain<T> {
    next: Option<u64>,
    held: BTreeMap<u64, T>,
}

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Self {
            next: None,
            held: BTreeMap::new(),
        }
    }
}

/// What becomes of a unit that came.
#[derive(Debug, PartialEq, Eq)]
pub enum Came<T> {
    /// These are shown now, in this order.
    Show(Vec<T>),
    /// Nothing can be shown until the next key frame.
    Broken,
}

impl<T> Chain<T> {
    /// One came.
    pub fn came(&mut self, unit: AccessUnit, item: T) -> Came<T> {
        let next = match (self.next, unit.key) {
            (None, false) => return Came::Broken,
            (Some(next), _) if unit.number < next => return Came::Show(Vec::new()),
            // It needs none of those before it.
            (_, true) => unit.number,
            (Some(next), false) => next,
        };
        self.next = Some(next);
        self.held.retain(|number, _| *number >= next);
        self.held.insert(unit.number, item);
        let show = self.in_turn();
        if self.held.len() > HELD_MOST {
            self.broke();
            return Came::Broken;
        }
        Came::Show(show)
    }

    fn in_turn(&mut self) -> Vec<T> {
        let mut show = Vec::new();
        while let Some((number, item)) = self
            .next
            .and_then(|number| Some((number, self.held.remove(&number)?)))
        {
            show.push(item);
            self.next = Some(number.wrapping_add(1));
        }
        show
    }

    /// One will not come. Those before what was shown last are not missed.
    pub fn lost(&mut self, unit: AccessUnit) {
        if self.next.is_some_and(|next| unit.number >= next) {
            self.broke();
        }
    }

    /// What is shown does not go on.
    pub fn broke(&mut self) {
        self.next = None;
        self.held.clear();
    }

    /// Whether only a key frame can be shown.
    pub const fn needs_key(&self) -> bool {
        self.next.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn unit(number: u64) -> AccessUnit {
        let key = matches!(number % 10, 0);
        AccessUnit { number, key }
    }

    fn came(chain: &mut Chain<u64>, number: u64) -> Came<u64> {
        chain.came(unit(number), number)
    }

    #[test]
    fn one_that_overtook_another_waits_for_it() {
        let mut chain = Chain::default();
        assert_eq!(came(&mut chain, 3), Came::Broken);
        assert_eq!(came(&mut chain, 10), Came::Show(vec![10]));
        assert_eq!(came(&mut chain, 12), Came::Show(vec![]));
        assert_eq!(came(&mut chain, 13), Came::Show(vec![]));
        assert_eq!(came(&mut chain, 11), Came::Show(vec![11, 12, 13]));
        assert_eq!(came(&mut chain, 11), Came::Show(vec![]), "it was shown");
    }

    #[test]
    fn one_that_is_known_to_be_lost_is_not_waited_for_at_all() {
        let mut chain = Chain::default();
        came(&mut chain, 10);
        chain.lost(unit(9));
        assert!(!chain.needs_key(), "it was not missed");
        assert_eq!(came(&mut chain, 12), Came::Show(vec![]));
        chain.lost(unit(11));
        assert!(chain.needs_key() && chain.held.is_empty());
        assert_eq!(came(&mut chain, 13), Came::Broken);
        assert_eq!(came(&mut chain, 20), Came::Show(vec![20]));
        assert!(!chain.needs_key());
    }

    #[test]
    fn a_key_frame_waits_for_nobody() {
        let mut chain = Chain::default();
        came(&mut chain, 10);
        came(&mut chain, 12);
        assert_eq!(came(&mut chain, 21), Came::Show(vec![]));
        assert_eq!(came(&mut chain, 20), Came::Show(vec![20, 21]));
        assert_eq!(came(&mut chain, 11), Came::Show(vec![]));
        assert_eq!(came(&mut chain, 22), Came::Show(vec![22]));
    }

    #[test]
    fn one_that_never_comes_is_not_waited_for_for_ever() {
        let mut chain = Chain::default();
        came(&mut chain, 100);
        for number in 0..HELD_MOST as u64 {
            let one = AccessUnit {
                number: 102 + number,
                key: false,
            };
            assert_eq!(chain.came(one, 0), Came::Show(vec![]));
        }
        let one = AccessUnit {
            number: 200,
            key: false,
        };
        assert_eq!(chain.came(one, 0), Came::Broken);
        assert_eq!(came(&mut chain, 201), Came::Broken);
        assert_eq!(came(&mut chain, 210), Came::Show(vec![210]));
    }

    proptest! {
        #[test]
        fn whatever_numbers_are_claimed_what_is_shown_is_a_chain(
            claimed in proptest::collection::vec((0u64..40, any::<bool>()), 0..200), far: u64,
        ) {
            let mut chain = Chain::default();
            let mut last: Option<u64> = None;
            for (at, (number, key)) in claimed.into_iter().enumerate() {
                let number = if at % 17 == 16 { far } else { number };
                let unit = AccessUnit { number, key };
                if let Came::Show(shown) = chain.came(unit, unit) {
                    for unit in shown {
                        prop_assert!(unit.key || last.is_some_and(|last| last.wrapping_add(1) == unit.number));
                        last = Some(unit.number);
                    }
                }
                prop_assert!(chain.held.len() <= HELD_MOST);
            }
        }
    }
}
