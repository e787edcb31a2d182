//! States on their way to one node: of each one at a time, and behind it only the latest.

use super::stream::Freight;
use std::collections::BTreeMap;

/// Topic, and device of this node.
pub type Key = (String, String);

/// Those under way, each with what comes after it.
#[derive(Debug, Default)]
pub struct Outbox(BTreeMap<Key, Option<Freight>>);

impl Outbox {
    /// A new value: to be sent now, or it waits for the one before.
    pub fn offer(&mut self, key: &Key, freight: Freight) -> Option<Freight> {
        match self.0.get_mut(key) {
            Some(waiting) => {
                *waiting = Some(freight);
                None
            }
            None => {
                self.0.insert(key.clone(), None);
                Some(freight)
            }
        }
    }

    /// The one under way is there; what to send next.
    pub fn arrived(&mut self, key: &Key) -> Option<Freight> {
        let next = self.0.get_mut(key)?.take();
        if next.is_none() {
            self.0.remove(key);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Lane;

    fn state(byte: u8) -> Freight {
        Freight::new(Lane::State, vec![byte])
    }

    #[test]
    fn while_one_is_under_way_only_the_latest_waits() {
        let mut outbox = Outbox::default();
        let (hid, video) = (
            ("hid.state".to_owned(), "hid".to_owned()),
            ("video.state".to_owned(), "capture".to_owned()),
        );
        assert_eq!(outbox.offer(&hid, state(1)), Some(state(1)));
        assert_eq!(outbox.offer(&hid, state(2)), None);
        assert_eq!(outbox.offer(&hid, state(3)), None);
        assert_eq!(
            outbox.offer(&video, state(9)),
            Some(state(9)),
            "no other waits for it"
        );
        assert_eq!(outbox.arrived(&hid), Some(state(3)));
        assert_eq!(outbox.arrived(&hid), None);
        assert_eq!(outbox.offer(&hid, state(4)), Some(state(4)));
    }
}
