//! The state of the node as pages are told it: the latest message per subject. Pure.
//!
//! A page that reads slowly gets the latest when it reads again, and nobody keeps a queue for it.

use dkvm_wire::{vocab::page::ToPage, DeviceName};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Subjects remembered: more devices than any configuration has, those gone included, and the targets of other nodes.
const MAX_SUBJECTS: usize = 192;
/// Targets that are gone and are told so to a page that has not read it yet.
const MAX_GONE: usize = 32;
/// Deaths kept for a page that opens: it asks for more by [`dkvm_wire::vocab::page::Action::Deaths`].
const MAX_DEATHS: usize = 16;

/// What a message is about: the next one about the same replaces it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// How many pages are open.
    Viewers,
    /// A device, or that it is gone.
    Device(DeviceName),
    /// USB.
    Gadget,
    /// Keyboard and mouse.
    Hid,
    /// Capture.
    Video,
    /// Encoder.
    Encode,
    /// The encoder of H.264.
    H264,
    /// Slots and updates.
    Update,
    /// The target's power.
    Power,
    /// The node's network.
    Network,
    /// Text typed on the target.
    Typist,
    /// The network to the target.
    Usbnet,
    /// Sound.
    Audio,
    /// Images and drives.
    Storage,
    /// Images fetched by URL.
    Fetch,
    /// Macros.
    Macros,
    /// The target's serial port.
    Serial,
    /// Other nodes.
    Peers,
    /// The target of another node.
    Target(String),
    /// The configuration.
    Config,
    /// Shared memory.
    Memory,
    /// The nth death: each is its own subject.
    Death(u64),
}

#[derive(Debug)]
struct Post {
    version: u64,
    message: ToPage,
    json: Arc<str>,
}

/// How far a page has read; the default has read nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark(u64);

/// The latest message per subject, each with the version at which it changed.
#[derive(Debug, Default)]
pub struct Board {
    posts: BTreeMap<Key, Post>,
    version: u64,
    deaths: u64,
    /// Targets that are gone, the longest first.
    gone: VecDeque<String>,
}

impl Board {
    /// Puts up a message. `false`: it says what stood there already, or there is no room.
    pub fn post(&mut self, key: Key, message: ToPage) -> bool {
        let known = self.posts.get(&key);
        let full = known.is_none() && self.posts.len() >= MAX_SUBJECTS;
        if full || known.is_some_and(|post| post.message == message) {
            return false;
        }
        let Ok(json) = serde_json::to_string(&message) else {
            return false;
        };
        self.version += 1;
        self.posts.insert(
            key,
            Post {
                version: self.version,
                message,
                json: json.into(),
            },
        );
        true
    }

    /// Puts up a death; the oldest makes room.
    pub fn post_death(&mut self, message: ToPage) -> bool {
        self.deaths += 1;
        if let Some(old) = self.deaths.checked_sub(MAX_DEATHS as u64) {
            self.posts.remove(&Key::Death(old));
        }
        self.post(Key::Death(self.deaths), message)
    }

    /// Puts up that a target is gone; the one that is gone for longest makes room. Names of nodes come and go.
    pub fn post_target_gone(&mut self, node: String) -> bool {
        self.gone.retain(|gone| *gone != node);
        self.gone.push_back(node.clone());
        if self.gone.len() > MAX_GONE {
            let key = self.gone.pop_front().map(Key::Target);
            let is_back = |post: &Post| !matches!(post.message, ToPage::TargetGone { .. });
            if let Some(key) = key.filter(|key| !self.posts.get(key).is_some_and(is_back)) {
                self.posts.remove(&key);
            }
        }
        self.post(Key::Target(node.clone()), ToPage::TargetGone { node })
    }

    /// Devices that stand on the board and are not gone.
    pub fn devices(&self) -> Vec<DeviceName> {
        let live = self
            .posts
            .iter()
            .filter(|(_, post)| !matches!(post.message, ToPage::DeviceGone { .. }));
        live.filter_map(|(key, _)| {
            if let Key::Device(name) = key {
                Some(name.clone())
            } else {
                None
            }
        })
        .collect()
    }

    /// What changed since `mark`, oldest change first, and the new mark.
    pub fn since(&self, mark: Mark) -> (Vec<Arc<str>>, Mark) {
        let mut news: Vec<&Post> = self
            .posts
            .values()
            .filter(|post| post.version > mark.0)
            .collect();
        news.sort_by_key(|post| post.version);
        (
            news.into_iter().map(|post| post.json.clone()).collect(),
            Mark(self.version),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::page::FarTarget;

    fn viewers(count: u32) -> ToPage {
        ToPage::Viewers { count }
    }

    fn gone(name: &str) -> ToPage {
        ToPage::DeviceGone {
            name: name.try_into().unwrap(),
        }
    }

    #[test]
    fn a_slow_page_gets_the_latest_only() {
        let mut board = Board::default();
        for count in 0..100 {
            assert!(board.post(Key::Viewers, viewers(count)));
        }
        board.post(Key::Hid, ToPage::Hid { state: None });
        let (news, mark) = board.since(Mark::default());
        assert_eq!(news.len(), 2);
        assert!(news[0].contains("99") && news[1].contains("hid"));
        assert!(board.since(mark).0.is_empty());
    }

    #[test]
    fn what_stood_there_is_no_news() {
        let mut board = Board::default();
        assert!(board.post(Key::Viewers, viewers(1)));
        assert!(!board.post(Key::Viewers, viewers(1)));
    }

    #[test]
    fn deaths_are_each_told_and_bounded() {
        let mut board = Board::default();
        for n in 0..1000 {
            board.post_death(viewers(n));
        }
        assert_eq!(board.since(Mark::default()).0.len(), MAX_DEATHS);
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let mut board = Board::default();
        for n in 0..1000 {
            let name = format!("d{n}");
            board.post(Key::Device(name.as_str().try_into().unwrap()), gone(&name));
        }
        assert_eq!(board.since(Mark::default()).0.len(), MAX_SUBJECTS);
        assert!(board.devices().is_empty());
    }

    #[test]
    fn targets_that_come_and_go_under_ever_new_names_leave_room() {
        let mut board = Board::default();
        let is = |node: &str| {
            ToPage::Target(Box::new(FarTarget {
                node: node.to_owned(),
                ..FarTarget::default()
            }))
        };
        for n in 0..1000 {
            let node = format!("n{n}");
            assert!(board.post(Key::Target(node.clone()), is(&node)));
            assert!(board.post_target_gone(node));
        }
        assert_eq!(board.since(Mark::default()).0.len(), MAX_GONE);
        // One that is back is none that makes room.
        assert!(board.post(Key::Target("n999".into()), is("n999")));
        for n in 0..MAX_GONE {
            board.post_target_gone(format!("m{n}"));
        }
        let (news, _) = board.since(Mark::default());
        assert_eq!(news.len(), MAX_GONE + 1);
        assert!(news[0].contains("\"target\"") && news[0].contains("n999"));
    }
}
