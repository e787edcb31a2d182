use super::{Readers, Retained};
use crate::link::DeviceId;
use dkvm_wire::{Generation, SourceName};
use std::collections::{BTreeMap, BTreeSet};

/// Devices of other nodes that one gateway speaks for at a time: when it dies, each reader is told of each of them, and that must
/// fit in the reader's queue.
const MOST: usize = 256;
/// Of these from one node: it has no more worth the name, and none may take the place of others.
const MOST_OF_NODE: usize = 32;
/// Bytes of state kept of all of them: a reader gets all of it at its start, in one turn, and its queue holds four times as much.
const KEPT_BYTES: usize = 1 << 20;
/// Of these of one device.
const KEPT_OF_ONE: usize = KEPT_BYTES / 4;

/// What a device of another node has sent of a topic.
#[derive(Debug)]
struct FarTopic {
    /// The topic's place in what the gateway sends.
    at: usize,
    /// `None`: to be found out anew.
    readers: Option<Readers>,
    /// Who has read of it, by routes that may be gone by now.
    reached: BTreeSet<DeviceId>,
    retained: Option<Retained>,
}

/// A device of another node.
#[derive(Debug)]
pub(crate) struct FarSource {
    pub(crate) name: SourceName,
    pub(crate) generation: Generation,
    /// A number of its own, for the queues of its readers.
    pub(crate) key: u64,
    topics: Vec<FarTopic>,
}

impl FarSource {
    /// The last state of each topic that it has sent one of.
    pub(crate) fn retained(&self) -> impl Iterator<Item = (usize, &Retained)> {
        let kept = self.topics.iter();
        kept.filter_map(|topic| Some((topic.at, topic.retained.as_ref()?)))
    }

    pub(crate) fn readers(&self, at: usize) -> Option<&Readers> {
        let topic = self.topics.iter().find(|topic| topic.at == at)?;
        topic.readers.as_ref()
    }

    /// Who is to be told of its end: beside who may hold keys of it, who shows its state.
    pub(crate) fn reached(&self) -> BTreeSet<DeviceId> {
        let topics = self.topics.iter();
        topics.flat_map(|t| t.reached.iter().copied()).collect()
    }

    /// Whether a topic of it has gone to a reader.
    pub(crate) fn has_reached(&self, at: usize, reader: DeviceId) -> bool {
        let mut topics = self.topics.iter().filter(|topic| topic.at == at);
        topics.any(|topic| topic.reached.contains(&reader))
    }

    fn topic(&mut self, at: usize) -> &mut FarTopic {
        let known = self.topics.iter().position(|topic| topic.at == at);
        let place = known.unwrap_or(self.topics.len());
        if known.is_none() {
            self.topics.push(FarTopic {
                at,
                readers: None,
                reached: BTreeSet::new(),
                retained: None,
            });
        }
        &mut self.topics[place]
    }

    fn kept(&self) -> usize {
        let frames = self.topics.iter().filter_map(|t| t.retained.as_ref());
        frames.map(|frame| frame.len()).sum()
    }
}

/// There is no place for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    TooMany,
    TooManyOfNode,
}

impl Refused {
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::TooMany => format!("speaks for {MOST} devices of other nodes already"),
            Self::TooManyOfNode => {
                format!("speaks for {MOST_OF_NODE} devices of that node already")
            }
        }
    }
}

/// The devices of other nodes that a gateway speaks for: those of which something came that somebody here may read.
#[derive(Debug, Default)]
pub(crate) struct FarSources {
    all: BTreeMap<String, FarSource>,
    kept: usize,
}

impl FarSources {
    pub(crate) fn get(&self, name: &str) -> Option<&FarSource> {
        self.all.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &FarSource> {
        self.all.values()
    }

    /// One that is not there yet.
    pub(crate) fn add(
        &mut self,
        name: SourceName,
        generation: Generation,
        key: u64,
    ) -> Result<(), Refused> {
        let of_node = self
            .all
            .values()
            .filter(|one| one.name.node() == name.node());
        if of_node.count() >= MOST_OF_NODE {
            return Err(Refused::TooManyOfNode);
        }
        if self.all.len() >= MOST {
            return Err(Refused::TooMany);
        }
        let source = FarSource {
            name: name.clone(),
            generation,
            key,
            topics: Vec::new(),
        };
        self.all.insert(name.into(), source);
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<FarSource> {
        let gone = self.all.remove(name)?;
        self.kept -= gone.kept();
        Some(gone)
    }

    /// Who reads what has changed.
    pub(crate) fn forget_readers(&mut self) {
        let topics = self.all.values_mut().flat_map(|one| &mut one.topics);
        topics.for_each(|topic| topic.readers = None);
    }

    pub(crate) fn set_readers(&mut self, name: &str, at: usize, readers: Readers) {
        if let Some(source) = self.all.get_mut(name) {
            let topic = source.topic(at);
            topic.reached.extend(readers.iter().copied());
            topic.readers = Some(readers);
        }
    }

    /// A state that was kept went to one that came later.
    pub(crate) fn reaches(&mut self, name: &str, at: usize, reader: DeviceId) {
        if let Some(source) = self.all.get_mut(name) {
            source.topic(at).reached.insert(reader);
        }
    }

    /// A reader is gone, or reads nothing of this one source any more.
    pub(crate) fn forget(&mut self, name: Option<&str>, reader: DeviceId) {
        let meant = |one: &&mut FarSource| name.is_none_or(|name| one.name.as_str() == name);
        let sources = self.all.values_mut().filter(meant);
        let topics = sources.flat_map(|one| &mut one.topics);
        for topic in topics {
            topic.reached.remove(&reader);
        }
    }

    /// Keeps a state for readers that come later; `false` where there is no room.
    pub(crate) fn keep(&mut self, name: &str, at: usize, frame: &Retained) -> bool {
        let Some(source) = self.all.get_mut(name) else {
            return true;
        };
        self.kept -= source.topic(at).retained.take().map_or(0, |old| old.len());
        let fits = |kept: usize, most: usize| kept + frame.len() <= most;
        let fits = fits(self.kept, KEPT_BYTES) && fits(source.kept(), KEPT_OF_ONE);
        if fits {
            self.kept += frame.len();
            source.topic(at).retained = Some(frame.clone());
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn add(far: &mut FarSources, name: &str) -> Result<(), Refused> {
        let name = SourceName::try_from(name).expect("a name");
        far.add(name, Generation(1), 0)
    }

    #[test]
    fn one_node_cannot_take_the_place_of_others() {
        let mut far = FarSources::default();
        let taken = (0..100).filter(|n| add(&mut far, &format!("bad/d{n}")).is_ok());
        assert_eq!(taken.count(), MOST_OF_NODE);
        assert_eq!(add(&mut far, "bad/more"), Err(Refused::TooManyOfNode));
        assert_eq!(add(&mut far, "good/hid"), Ok(()));
        for node in 0..100 {
            let _ = add(&mut far, &format!("n{node}/hid"));
        }
        for n in 0..MOST {
            let _ = add(
                &mut far,
                &format!("m{}/d{}", n / MOST_OF_NODE, n % MOST_OF_NODE),
            );
        }
        assert_eq!(far.iter().count(), MOST);
        assert_eq!(add(&mut far, "late/hid"), Err(Refused::TooMany));
        assert!(far.remove("good/hid").is_some() && add(&mut far, "late/hid").is_ok());
    }

    fn kept(far: &FarSources, name: &str) -> usize {
        far.get(name).map_or(0, |one| one.retained().count())
    }

    #[test]
    fn what_is_kept_is_bounded_and_goes_with_its_source() {
        let mut far = FarSources::default();
        let names: Vec<_> = (0..5).map(|n| format!("n{n}/x")).collect();
        names
            .iter()
            .for_each(|name| add(&mut far, name).expect("room"));
        let big: Retained = Rc::from(vec![0; KEPT_OF_ONE]);
        let small: Retained = Rc::from(vec![0; 10]);
        assert!(names[..4].iter().all(|name| far.keep(name, 0, &big)));
        assert!(!far.keep("n4/x", 0, &small), "full");
        assert!(far.keep("n3/x", 0, &small) && far.keep("n4/x", 0, &small));
        assert!(
            !far.keep("n4/x", 0, &big),
            "no room again, and the old one is not true any more"
        );
        assert_eq!((kept(&far, "n3/x"), kept(&far, "n4/x")), (1, 0));
        far.remove("n0/x");
        assert!(far.keep("n4/x", 0, &big));
        names.iter().for_each(|name| drop(far.remove(name)));
        assert_eq!(far.kept, 0);
    }

    #[test]
    fn one_device_cannot_take_the_room_of_others() {
        let mut far = FarSources::default();
        add(&mut far, "a/x").expect("room");
        let half: Retained = Rc::from(vec![0; KEPT_OF_ONE / 2]);
        assert!(far.keep("a/x", 0, &half) && far.keep("a/x", 1, &half));
        assert!(!far.keep("a/x", 2, &half) && far.keep("a/x", 1, &half));
        assert_eq!(kept(&far, "a/x"), 2);
    }

    #[test]
    fn readers_are_found_out_anew_and_who_was_reached_is_known_still() {
        let mut far = FarSources::default();
        add(&mut far, "a/x").expect("room");
        far.set_readers("a/x", 3, Rc::from([DeviceId(7)]));
        far.reaches("a/x", 2, DeviceId(8));
        let reached = |far: &FarSources| far.get("a/x").map(FarSource::reached);
        far.forget_readers();
        assert!(far.get("a/x").is_some_and(|one| one.readers(3).is_none()));
        assert_eq!(reached(&far), Some([DeviceId(7), DeviceId(8)].into()));
        far.forget(Some("b/x"), DeviceId(7));
        far.forget(Some("a/x"), DeviceId(8));
        assert_eq!(reached(&far), Some([DeviceId(7)].into()));
        far.forget(None, DeviceId(7));
        assert_eq!(reached(&far), Some([].into()));
    }
}
