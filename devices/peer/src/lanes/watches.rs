//! What is read of other nodes' devices: here, and by others of ours.

use super::{
    event,
    table::{self, Rights, Way},
};
use crate::message::Watched;
use dkvm_wire::{vocab::peer::Grant, SourceName};
use std::collections::{BTreeMap, BTreeSet};

/// Of one node so many can be watched: one message of the control stream.
pub const MOST: usize = 32;
/// Routes of this node that name devices of others.
const DEMANDS_MOST: usize = 512;

/// What devices of this node read of others'.
#[derive(Debug, Default)]
pub struct Demands(BTreeMap<(String, String), u32>);

impl Demands {
    /// The kernel says how many read this topic of that device, `office/hid` or `*/hid`.
    pub fn say(&mut self, topic: &str, from: &str, readers: u32) {
        let key = (topic.to_owned(), from.to_owned());
        if readers == 0 {
            self.0.remove(&key);
        } else if self.0.len() < DEMANDS_MOST || self.0.contains_key(&key) {
            self.0.insert(key, readers);
        }
    }

    /// How many read that of a device of that node.
    pub fn readers(&self, topic: &str, node: &str, device: &str) -> u32 {
        let of = |whose: &str| {
            let key = (topic.to_owned(), format!("{whose}/{device}"));
            self.0.get(&key).copied().unwrap_or_default()
        };
        of(node).saturating_add(of("*"))
    }

    /// What to ask of one node. What is read of any node is asked of those alone that let this one have it.
    pub fn of(&self, node: &str, granted: &[Grant]) -> Vec<Watched> {
        let mut asked = BTreeSet::new();
        for (topic, from) in self.0.keys() {
            let Some(listed) = table::topic(topic).filter(|topic| topic.way == Way::Show) else {
                continue;
            };
            let Some((whose, device)) = from.split_once('/') else {
                continue;
            };
            if whose == node || (whose == "*" && granted.contains(&listed.grant)) {
                asked.insert(Watched {
                    topic: topic.clone(),
                    from: device.to_owned(),
                });
            }
        }
        asked.into_iter().take(MOST).collect()
    }
}

/// What another node asks for: what it gets, and what it may not have.
pub fn judge(asked: Vec<Watched>, rights: &Rights) -> (BTreeSet<Watched>, Vec<Watched>) {
    let known = asked.into_iter().take(MOST).filter(|one| {
        let listed = table::topic(&one.topic);
        // A later release may ask for what this one does not know.
        listed.is_some_and(|topic| topic.way == Way::Show) && event::device(&one.from).is_ok()
    });
    let may = |one: &Watched| table::topic(&one.topic).is_some_and(|topic| rights.send(topic));
    let (given, refused): (BTreeSet<_>, BTreeSet<_>) = known.partition(may);
    (given, refused.into_iter().collect())
}

/// The device of another node that an event is for: `office` and `hid`.
fn reader(name: &str) -> Option<(String, String)> {
    match name.strip_prefix("*/") {
        Some(device) => {
            event::device(device).ok()?;
            Some(("*".to_owned(), device.to_owned()))
        }
        None => {
            let name = SourceName::try_from(name).ok()?;
            Some((name.node()?.to_owned(), name.device().to_owned()))
        }
    }
}

/// Those of that node among them, so many at a time as one event may be for.
pub fn readers_at(node: &str, to: &[String]) -> Vec<Vec<String>> {
    let known = to.iter().filter_map(|name| reader(name));
    let there: BTreeSet<String> = known
        .filter(|(whose, _)| whose == node || whose == "*")
        .map(|(_, device)| device)
        .collect();
    let there: Vec<String> = there.into_iter().collect();
    there
        .chunks(event::READERS_MOST)
        .map(<[_]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn watched(topic: &str, from: &str) -> Watched {
        Watched {
            topic: topic.into(),
            from: from.into(),
        }
    }

    #[test]
    fn of_any_node_only_what_it_grants_is_asked_and_of_one_all() {
        let mut demands = Demands::default();
        demands.say("hid.state", "*/hid", 1);
        demands.say("input.ack", "*/hid", 1);
        demands.say("h264.state", "office/h264", 1);
        demands.say("input.hid", "*/input", 1);
        demands.say("serial.output", "office/serial", 1);
        let office = demands.of("office", &[Grant::Type]);
        assert_eq!(
            office,
            [watched("h264.state", "h264"), watched("input.ack", "hid")]
        );
        assert_eq!(
            demands.of("attic", &[Grant::View]),
            [watched("hid.state", "hid")]
        );
        demands.say("hid.state", "*/hid", 0);
        assert_eq!(demands.of("attic", &[Grant::View]), []);
    }

    #[test]
    fn readers_of_one_device_are_those_of_its_node_and_of_any() {
        let mut demands = Demands::default();
        let readers = |demands: &Demands| demands.readers("video.h264", "office", "h264");
        assert_eq!(readers(&demands), 0);
        demands.say("video.h264", "office/h264", 1);
        demands.say("video.h264", "attic/h264", 4);
        demands.say("video.jpeg", "office/h264", 4);
        assert_eq!(readers(&demands), 1);
        demands.say("video.h264", "*/h264", 2);
        assert_eq!(readers(&demands), 3);
    }

    #[test]
    fn who_asks_gets_what_was_granted_and_is_told_of_the_rest() {
        let rights = Rights {
            here: vec![Grant::View],
            there: vec![Grant::Type],
        };
        let asked = vec![
            watched("hid.state", "hid"),
            watched("input.ack", "hid"),
            watched("input.hid", "web"),
            watched("log", "kernel"),
            watched("hid.state", "attic/hid"),
        ];
        let (given, refused) = judge(asked, &rights);
        assert_eq!(
            given.into_iter().collect::<Vec<_>>(),
            [watched("hid.state", "hid")]
        );
        assert_eq!(refused, [watched("input.ack", "hid")]);
    }

    #[test]
    fn readers_are_devices_of_other_nodes() {
        let of = |name| reader(name);
        assert_eq!(of("office/hid"), Some(("office".into(), "hid".into())));
        assert_eq!(of("*/hid"), Some(("*".into(), "hid".into())));
        for wrong in ["hid", "*/", "a/b/c", "/hid", "*/a/b", "Office/hid"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn of_a_node_each_device_is_named_once_and_so_many_at_a_time() {
        let to = ["office/hid", "*/hid", "attic/hid", "hid", "office/audio"].map(str::to_owned);
        assert_eq!(readers_at("office", &to), [["audio", "hid"]]);
        assert_eq!(readers_at("attic", &to), [["hid"]]);
        assert_eq!(readers_at("cellar", &to[2..]), [[""; 0]; 0]);
        let many: Vec<_> = (0..20).map(|n| format!("office/hid-{n}")).collect();
        let lengths: Vec<_> = readers_at("office", &many).iter().map(Vec::len).collect();
        assert_eq!(lengths, [event::READERS_MOST, event::READERS_MOST, 4]);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_was_granted(
            asked in proptest::collection::vec((".{0,12}", ".{0,12}"), 0..80), known: bool,
        ) {
            let mut asked: Vec<_> = asked.into_iter().map(|(topic, from)| Watched { topic, from }).collect();
            if known {
                asked.iter_mut().for_each(|one| one.topic = "hid.state".into());
            }
            let (given, refused) = judge(asked, &Rights::default());
            prop_assert!(given.is_empty() && refused.len() <= MOST);
        }
    }
}
