//! Pictures of this node's devices on their way to those nodes that read them.

use super::{
    lanes::{event, FromDevice},
    peer::Peer,
    Desk,
};
use crate::{
    lanes::{
        keys::Keys,
        pictures::{Picture, SOURCES_MOST},
        print,
        table::Topic,
        Lanes,
    },
    message::Watched,
};
use bytes::Bytes;
use dkvm_sdk::FrameReader;
use dkvm_wire::{topics, vocab::video::FrameInfo};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// `encode` sends what rests again each second: one that came longer ago is a picture of what is off by now.
const FRESH: Duration = Duration::from_secs(3);

/// What is known of them.
pub struct Film {
    frames: FrameReader,
    keys: Keys,
    /// The newest JPEG of each device, and when it came, for who begins to read it while it rests.
    newest: BTreeMap<String, (Instant, Picture)>,
}

impl Film {
    /// Nothing was shown.
    pub const fn new(frames: FrameReader, keys: Keys) -> Self {
        Self {
            frames,
            keys,
            newest: BTreeMap::new(),
        }
    }

    /// A node reads that from now on.
    pub fn begin(&self, one: &Watched, lanes: &mut Lanes) {
        match one.topic.as_str() {
            topics::VIDEO_H264 => lanes.pictures.begin(&one.from),
            topics::VIDEO_JPEG => self.show_newest(&one.from, lanes),
            _ => {}
        }
    }

    /// A node needs one that needs none before it.
    pub fn anew(&self, from: &str, lanes: &mut Lanes) {
        if lanes.is_read(topics::VIDEO_H264, from) {
            self.keys.ask(from);
        }
        if lanes.is_read(topics::VIDEO_JPEG, from) {
            self.show_newest(from, lanes);
        }
    }

    fn show_newest(&self, from: &str, lanes: &mut Lanes) {
        match self.newest.get(from) {
            Some((came, picture)) if came.elapsed() < FRESH => lanes.stills.send(picture),
            _ => {}
        }
    }

    /// Nobody reads the topic any more.
    pub fn end(&mut self, topic: &str) {
        if topic == topics::VIDEO_JPEG {
            self.newest.clear();
        }
    }

    /// What it showed is history.
    pub fn device_gone(&mut self, device: &str) {
        self.newest.remove(device);
    }

    fn keep(&mut self, picture: Picture) {
        let newest = &mut self.newest;
        if newest.len() < SOURCES_MOST || newest.contains_key(&picture.from) {
            newest.insert(picture.from.clone(), (Instant::now(), picture));
        }
    }
}

/// A node does not read that any more.
pub fn end(one: &Watched, lanes: &mut Lanes) {
    match one.topic.as_str() {
        topics::VIDEO_H264 => lanes.pictures.end(&one.from),
        topics::VIDEO_JPEG => lanes.stills.end(&one.from),
        _ => {}
    }
}

impl Desk {
    /// The one event that is looked into: what is left out, and what waits for what, goes by its number.
    pub(super) fn show_picture(&mut self, topic: &Topic, said: &FromDevice) {
        let from = &said.source.name;
        let mut readers: Vec<_> = self
            .peers
            .values_mut()
            .filter_map(Peer::lanes)
            .filter(|lanes| lanes.is_read(topic.name, from))
            .collect();
        let (Some(lease), false) = (said.leases.first(), readers.is_empty()) else {
            return;
        };
        // A frame that is gone is a gap in the numbers, as any other.
        let (Ok(info), Ok(view)) = (
            said.body.decode::<FrameInfo>(topic.name),
            self.own.film.frames.view(lease),
        ) else {
            return;
        };
        // So is what the other side would take for a lie: a dongle's JPEG may be anything.
        let Ok(unit) = print::sound(topic.name, &info, &view) else {
            return;
        };
        let picture = Picture {
            from: from.clone(),
            event: event(said, &[]).encode().into(),
            payload: Bytes::copy_from_slice(&view),
            unit,
        };
        for lanes in &mut readers {
            lanes.show(topic, &picture);
        }
        if topic.name == topics::VIDEO_JPEG {
            self.own.film.keep(picture);
        }
    }
}
