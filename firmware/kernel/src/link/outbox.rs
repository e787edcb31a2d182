use super::dropped_notice;
use dkvm_wire::{LeaseId, QueueClass};
use std::collections::VecDeque;
use std::rc::Rc;

/// A reader that has left so many events of the lossless class (or answers of the kernel's) unread is stalled.
const LOSSLESS_MOST: usize = 1024;
/// Frames of one stream that wait for a reader: the newest are the only ones of interest.
const STREAM_MOST: usize = 2;
/// Small stream events have no lease that tells when they were used up, so a few more are kept.
const PLAIN_MOST: usize = 16;
/// Frames of one stream that a reader may hold before it gets the next: one in use, one on its way, one that a
/// slow viewer of it still reads.
const IN_HAND_MOST: usize = 3;
/// Events of one topic and source that wait for a gateway, each list of names a kind of its own: a sender of ever other lists is
/// not to fill it. Nodes that are worked at a time are fewer.
const ADDRESSED_MOST: usize = 32;
/// Log lines that wait.
const LOG_MOST: usize = 256;
/// Bytes that wait for one connection, whatever they are.
const BYTES_MOST: usize = 4 << 20;

/// How a message queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Answers, requests and the kernel's own events: lossless, in order.
    Control,
    /// An event of a device.
    Event(QueueClass),
}

/// A message that waits.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) frame: Rc<[u8]>,
    pub(crate) class: Class,
    /// Who sent it: a number per source.
    pub(crate) source: u64,
    /// For whom at other nodes: a number per list of names, 0 for the reader itself.
    pub(crate) to: u64,
    pub(crate) topic: Rc<str>,
    pub(crate) leases: Vec<LeaseId>,
}

impl Item {
    pub(crate) fn control(frame: Rc<[u8]>) -> Self {
        Self {
            frame,
            class: Class::Control,
            source: u64::MAX,
            to: 0,
            topic: Rc::from(""),
            leases: Vec::new(),
        }
    }

    /// To other nodes, whomever there.
    fn is_addressed_like(&self, other: &Self) -> bool {
        let addressed = self.to != 0 && other.to != 0;
        addressed
            && (self.class, self.source) == (other.class, other.source)
            && self.topic == other.topic
    }

    fn is_like(&self, other: &Self) -> bool {
        self.class == other.class
            && (self.source, self.to) == (other.source, other.to)
            && self.topic == other.topic
    }
}

/// The reader is stalled; what it left unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    Messages,
    Bytes,
}

/// What waits for one connection, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    items: VecDeque<Item>,
    bytes: usize,
    lossless: usize,
    /// Frames that the reader holds: their leases, sources and topics.
    in_hand: Vec<(LeaseId, u64, Rc<str>)>,
    dropped: Vec<(Rc<str>, u64)>,
    /// Stream events dropped in all.
    pub(crate) dropped_ever: u64,
}

impl Outbox {
    /// Adds a message; returns the leases of what had to go for it.
    pub(crate) fn push(&mut self, item: Item) -> Result<Vec<LeaseId>, Overflow> {
        let mut gone = match item.class {
            Class::Control | Class::Event(QueueClass::Input) => return self.push_lossless(item),
            Class::Event(QueueClass::State) => self.replace(&item),
            Class::Event(QueueClass::Stream) => self.drop_oldest_frame(&item),
            Class::Event(QueueClass::Log) => self.drop_oldest_line(&item),
        };
        gone.extend(self.drop_oldest_addressed(&item));
        self.add(item)?;
        Ok(gone)
    }

    fn drop_oldest_addressed(&mut self, item: &Item) -> Vec<LeaseId> {
        let waiting = self.items.iter().enumerate();
        let mut like = waiting.filter(|(_, waiting)| waiting.is_addressed_like(item));
        let oldest = like.next().map(|(at, _)| at);
        let full = like.count() + 1 >= ADDRESSED_MOST;
        let old = oldest.filter(|_| full).and_then(|at| self.remove(at));
        old.map(|old| old.leases).unwrap_or_default()
    }

    /// Whether a message would find no room: time to write what can be written.
    pub(crate) fn is_full_for(&self, item: &Item) -> bool {
        let lossless = matches!(item.class, Class::Control | Class::Event(QueueClass::Input));
        self.bytes + item.frame.len() > BYTES_MOST || (lossless && self.lossless >= LOSSLESS_MOST)
    }

    fn push_lossless(&mut self, item: Item) -> Result<Vec<LeaseId>, Overflow> {
        if self.lossless >= LOSSLESS_MOST {
            return Err(Overflow::Messages);
        }
        self.lossless += 1;
        self.add(item)?;
        Ok(Vec::new())
    }

    fn add(&mut self, item: Item) -> Result<(), Overflow> {
        if self.bytes + item.frame.len() > BYTES_MOST {
            return Err(Overflow::Bytes);
        }
        self.bytes += item.frame.len();
        self.items.push_back(item);
        Ok(())
    }

    fn remove(&mut self, at: usize) -> Option<Item> {
        let item = self.items.remove(at)?;
        self.bytes -= item.frame.len();
        if matches!(item.class, Class::Control | Class::Event(QueueClass::Input)) {
            self.lossless -= 1;
        }
        Some(item)
    }

    fn replace(&mut self, item: &Item) -> Vec<LeaseId> {
        let at = self.items.iter().position(|waiting| waiting.is_like(item));
        at.and_then(|at| self.remove(at))
            .map(|old| old.leases)
            .unwrap_or_default()
    }

    fn drop_oldest_frame(&mut self, item: &Item) -> Vec<LeaseId> {
        let most = if item.leases.is_empty() {
            PLAIN_MOST
        } else {
            STREAM_MOST
        };
        let Some(old) = self.remove_oldest_like(item, most) else {
            return Vec::new();
        };
        self.dropped_ever += 1;
        match self
            .dropped
            .iter_mut()
            .find(|(topic, _)| *topic == item.topic)
        {
            Some((_, count)) => *count += 1,
            None => self.dropped.push((item.topic.clone(), 1)),
        }
        old.leases
    }

    fn drop_oldest_line(&mut self, item: &Item) -> Vec<LeaseId> {
        self.remove_oldest_like(item, LOG_MOST)
            .map(|old| old.leases)
            .unwrap_or_default()
    }

    /// Makes room: at most `most` of the like are to wait, the new one included.
    fn remove_oldest_like(&mut self, item: &Item, most: usize) -> Option<Item> {
        let mut like = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, waiting)| waiting.is_like(item))
            .map(|(at, _)| at);
        let oldest = like.next()?;
        if like.count() + 1 < most {
            return None;
        }
        self.remove(oldest)
    }

    /// The next bytes to send: the oldest message whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<Rc<[u8]>> {
        let at = self.items.iter().position(|item| self.may_go(item))?;
        if let Some(notice) = self.notice_before(at) {
            return Some(notice);
        }
        let item = self.remove(at)?;
        self.in_hand.extend(
            item.leases
                .iter()
                .map(|lease| (*lease, item.source, item.topic.clone())),
        );
        Some(item.frame)
    }

    fn may_go(&self, item: &Item) -> bool {
        item.leases.is_empty()
            || self
                .in_hand
                .iter()
                .filter(|(_, source, topic)| *source == item.source && *topic == item.topic)
                .count()
                < IN_HAND_MOST
    }

    fn notice_before(&mut self, at: usize) -> Option<Rc<[u8]>> {
        if self.dropped.is_empty() || self.items[at].class != Class::Event(QueueClass::Stream) {
            return None;
        }
        let found = self
            .dropped
            .iter()
            .position(|(topic, _)| *topic == self.items[at].topic)?;
        let (topic, count) = self.dropped.swap_remove(found);
        Some(dropped_notice(&topic, count))
    }

    /// The reader gave a lease back, or said that it means to keep it. `true`: the next frame may go now.
    pub(crate) fn put_down(&mut self, lease: LeaseId) -> bool {
        let at = self.in_hand.iter().position(|(held, ..)| *held == lease);
        at.map(|at| self.in_hand.swap_remove(at)).is_some() && !self.items.is_empty()
    }

    /// Drops what waits of a topic (of one source), as when the reader no longer wants it; returns the leases.
    pub(crate) fn forget(&mut self, topic: &str, source: Option<u64>) -> Vec<LeaseId> {
        let mut gone = Vec::new();
        let unwanted = |item: &Item| {
            is_stream_of(item, topic) && source.is_none_or(|source| source == item.source)
        };
        while let Some(at) = self.items.iter().position(unwanted) {
            gone.extend(self.remove(at).map(|item| item.leases).unwrap_or_default());
        }
        self.dropped.retain(|(of, _)| &**of != topic);
        gone
    }
}

fn is_stream_of(item: &Item, topic: &str) -> bool {
    item.class == Class::Event(QueueClass::Stream) && &*item.topic == topic
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{decode, Message};

    fn event(class: QueueClass, topic: &str, number: u8, leases: &[u64]) -> Item {
        Item {
            frame: Rc::from([number].as_slice()),
            class: Class::Event(class),
            source: 1,
            to: 0,
            topic: Rc::from(topic),
            leases: leases.iter().copied().map(LeaseId).collect(),
        }
    }

    fn drain(outbox: &mut Outbox) -> Vec<u8> {
        std::iter::from_fn(|| outbox.pop())
            .filter(|frame| frame.len() == 1)
            .map(|frame| frame[0])
            .collect()
    }

    #[test]
    fn state_keeps_the_latest_of_each_source_and_topic() {
        let mut outbox = Outbox::default();
        for n in 0..5 {
            outbox
                .push(event(QueueClass::State, "a", n, &[]))
                .expect("room");
            outbox
                .push(event(QueueClass::State, "b", 10 + n, &[]))
                .expect("room");
        }
        let mut other = event(QueueClass::State, "a", 77, &[]);
        other.source = 2;
        outbox.push(other).expect("room");
        let mut elsewhere = event(QueueClass::State, "a", 88, &[]);
        elsewhere.to = 5;
        outbox.push(elsewhere).expect("room");
        assert_eq!(drain(&mut outbox), [4, 14, 77, 88]);
    }

    #[test]
    fn ever_other_names_do_not_fill_a_gateway() {
        let mut outbox = Outbox::default();
        for n in 0..200 {
            let mut state = event(QueueClass::State, "a", n, &[]);
            state.to = 1 + u64::from(n);
            outbox.push(state).expect("room");
        }
        let mut other = event(QueueClass::State, "b", 255, &[]);
        other.to = 1;
        outbox.push(other).expect("room");
        let expected: Vec<u8> = (168..200).chain([255]).collect();
        assert_eq!(drain(&mut outbox), expected);
    }

    #[test]
    fn input_is_lossless_until_it_overflows() {
        let mut outbox = Outbox::default();
        for n in 0..LOSSLESS_MOST {
            outbox
                .push(event(QueueClass::Input, "k", n as u8, &[]))
                .expect("room");
        }
        assert_eq!(
            outbox.push(event(QueueClass::Input, "k", 0, &[])).err(),
            Some(Overflow::Messages)
        );
        let got = drain(&mut outbox);
        assert!(
            got.iter().enumerate().all(|(n, got)| *got == n as u8) && got.len() == LOSSLESS_MOST
        );
        outbox
            .push(event(QueueClass::Input, "k", 1, &[]))
            .expect("room again");
    }

    #[test]
    fn a_stream_drops_its_oldest_and_gives_the_lease_back() {
        let mut outbox = Outbox::default();
        let mut gone = Vec::new();
        for n in 0..5 {
            gone.extend(
                outbox
                    .push(event(QueueClass::Stream, "v", n, &[u64::from(n)]))
                    .expect("room"),
            );
        }
        assert_eq!(gone, [LeaseId(0), LeaseId(1), LeaseId(2)]);
        let notice = outbox.pop().expect("a notice");
        let Ok(Message::Event { topic, .. }) = decode(&notice[4..]) else {
            panic!("no event")
        };
        assert_eq!((topic, outbox.dropped_ever), ("dropped", 3));
        assert_eq!(drain(&mut outbox), [3, 4]);
    }

    #[test]
    fn a_reader_with_full_hands_waits() {
        let mut outbox = Outbox::default();
        let mut got = Vec::new();
        for n in 0..5 {
            outbox
                .push(event(QueueClass::Stream, "v", n, &[u64::from(n)]))
                .expect("room");
            got.extend(drain(&mut outbox));
        }
        assert_eq!(got, [0, 1, 2]);
        outbox
            .push(event(QueueClass::Input, "k", 99, &[]))
            .expect("room");
        assert_eq!(drain(&mut outbox), [99], "keys pass by waiting frames");
        assert!(outbox.put_down(LeaseId(0)));
        assert_eq!(drain(&mut outbox), [3]);
        assert!(!outbox.put_down(LeaseId(1000)));
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut outbox = Outbox::default();
        let mut big = event(QueueClass::Input, "k", 0, &[]);
        big.frame = vec![0; 1 << 20].into();
        for _ in 0..4 {
            outbox.push(big.clone()).expect("room");
        }
        assert_eq!(outbox.push(big).err(), Some(Overflow::Bytes));
    }

    #[test]
    fn an_unwanted_stream_is_forgotten() {
        let mut outbox = Outbox::default();
        outbox
            .push(event(QueueClass::Stream, "v", 0, &[7]))
            .expect("room");
        outbox
            .push(event(QueueClass::Stream, "w", 1, &[]))
            .expect("room");
        assert_eq!(outbox.forget("v", Some(2)), []);
        assert_eq!(outbox.forget("v", None), [LeaseId(7)]);
        assert_eq!(drain(&mut outbox), [1]);
    }
}
