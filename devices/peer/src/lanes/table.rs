//! What may cross the link: this list and nothing else.

use super::event;
use crate::message::Lane;
use dkvm_wire::{topics, vocab::peer::Grant, QueueClass};

/// Which way a topic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the node that is worked, from one that has the grant there.
    Work,
    /// From the node that is worked, to one that has the grant there and asks for it.
    Show,
}

/// Longest events, each with room for what a later release adds: input has at most 256 steps of some 50 bytes, ...
const INPUT_LONGEST: usize = 32 * 1024;
/// ... an acknowledgement has five numbers, ...
const ACK_LONGEST: usize = 1024;
/// ... sound 20 ms of two channels, or 100 ms of a microphone, ...
const SOUND_LONGEST: usize = 12 * 1024;
/// ... the event before a picture sizes and times, ...
const PICTURE_LONGEST: usize = 4 * 1024;
/// ... and a small picture its 32 KiB.
const THUMB_LONGEST: usize = 40 * 1024;

/// One topic that crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// How a kernel queues it.
    pub class: QueueClass,
    /// How it travels.
    pub lane: Lane,
    /// Which way.
    pub way: Way,
    /// What the working node needs at the worked one.
    pub grant: Grant,
    /// An event of it has at most so many bytes.
    pub longest: usize,
}

const fn work(name: &'static str, class: QueueClass, lane: Lane) -> Topic {
    Topic {
        name,
        class,
        lane,
        way: Way::Work,
        grant: Grant::Type,
        longest: longest(lane),
    }
}

const fn show(name: &'static str, class: QueueClass, lane: Lane) -> Topic {
    Topic {
        name,
        class,
        lane,
        way: Way::Show,
        grant: Grant::View,
        longest: longest(lane),
    }
}

const fn longest(lane: Lane) -> usize {
    match lane {
        Lane::Input => INPUT_LONGEST,
        Lane::Sound => SOUND_LONGEST,
        Lane::Picture => PICTURE_LONGEST,
        Lane::State | Lane::Control | Lane::Session | Lane::Unknown => event::LONGEST,
    }
}

const fn state(name: &'static str) -> Topic {
    show(name, QueueClass::State, Lane::State)
}

/// All of them.
pub const TOPICS: [Topic; 16] = [
    work(topics::INPUT, QueueClass::Input, Lane::Input),
    // Of use to nobody but who sends input.
    Topic {
        grant: Grant::Type,
        longest: ACK_LONGEST,
        ..show(topics::INPUT_ACK, QueueClass::Stream, Lane::Input)
    },
    state(topics::HID_STATE),
    state(topics::VIDEO_STATE),
    state(topics::H264_STATE),
    state(topics::GADGET_STATE),
    state(topics::POWER_STATE),
    state(topics::AUDIO_STATE),
    state(topics::UPDATE_STATE),
    state(topics::ENCODE_STATE),
    // Of use to nobody but who types: it tells the target's layout.
    Topic {
        grant: Grant::Type,
        ..state(topics::TYPIST_STATE)
    },
    // Made while somebody looks, but as with a state only the latest is of use.
    Topic {
        longest: THUMB_LONGEST,
        ..show(topics::VIDEO_THUMB, QueueClass::Stream, Lane::State)
    },
    show(topics::VIDEO_JPEG, QueueClass::Stream, Lane::Picture),
    show(topics::VIDEO_H264, QueueClass::Stream, Lane::Picture),
    show(topics::AUDIO_SPEAKER, QueueClass::Stream, Lane::Sound),
    work(topics::AUDIO_MICROPHONE, QueueClass::Stream, Lane::Sound),
];

/// The topic of that name, if it may cross.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// The same, if it is one of pictures.
pub fn picture(name: &str) -> Option<&'static Topic> {
    topic(name).filter(|topic| topic.lane == Lane::Picture)
}

/// What this device reads: what crosses, and `more`.
pub const fn consumes<const N: usize>(more: &'static str) -> [&'static str; N] {
    let mut all = [more; N];
    let mut at = 0;
    while at < TOPICS.len() {
        all[at] = TOPICS[at].name;
        at += 1;
    }
    all
}

/// What this device sends: what crosses, and what is its own.
pub const fn produces<const N: usize>(
    own: &[(&'static str, QueueClass)],
) -> [(&'static str, QueueClass); N] {
    let mut all = [(topics::INPUT, QueueClass::Input); N];
    let mut at = 0;
    while at < N {
        all[at] = match at < TOPICS.len() {
            true => (TOPICS[at].name, TOPICS[at].class),
            false => own[at - TOPICS.len()],
        };
        at += 1;
    }
    all
}

/// What two nodes may do at each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// What the other may do here.
    pub here: Vec<Grant>,
    /// What this node may do there, as it told.
    pub there: Vec<Grant>,
}

impl Rights {
    /// Whether this node may send it.
    pub fn send(&self, topic: &Topic) -> bool {
        match topic.way {
            Way::Work => self.there.contains(&topic.grant),
            Way::Show => self.here.contains(&topic.grant),
        }
    }

    /// Whether the other may send it.
    pub fn take(&self, topic: &Topic) -> bool {
        match topic.way {
            Way::Work => self.here.contains(&topic.grant),
            Way::Show => self.there.contains(&topic.grant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_there_does_not_type_here_and_sees_nothing_of_there() {
        let rights = Rights {
            here: vec![],
            there: vec![Grant::Type],
        };
        let (input, ack) = (topic("input.hid"), topic("input.ack"));
        let state = topic("hid.state");
        assert!(rights.send(input.unwrap()) && !rights.take(input.unwrap()));
        assert!(!rights.send(ack.unwrap()) && rights.take(ack.unwrap()));
        assert!(!rights.send(state.unwrap()) && !rights.take(state.unwrap()));
    }

    #[test]
    fn what_is_not_listed_does_not_cross() {
        for name in [
            "serial.output",
            "peer.state",
            "config.state",
            "log",
            "want",
            "memory.grant",
            "",
        ] {
            assert_eq!(topic(name), None, "{name}");
        }
    }

    #[test]
    fn the_largest_that_devices_say_is_far_below_what_may_cross() {
        use dkvm_wire::{
            encode_body,
            vocab::{audio, input, video},
        };
        let of = |name: &str| topic(name).unwrap().longest;
        let sound = audio::Speaker {
            stream: u32::MAX,
            position: u64::MAX,
            captured_ns: u64::MAX,
            data: vec![0; audio::CHUNK_FRAMES * 4],
        };
        let voice = audio::Microphone {
            who: audio::MicrophoneRef {
                holder: u64::MAX,
                name: "x".repeat(64),
            },
            position: Some(u64::MAX),
            data: vec![0; audio::MICROPHONE_FRAMES * 2],
        };
        let at = input::Position {
            x: input::ABSOLUTE_MAX,
            y: input::ABSOLUTE_MAX,
        };
        let step = input::Step::Touch {
            contact: u8::MAX,
            down: false,
            at,
        };
        let steps = vec![step; input::MAX_STEPS];
        assert!(encode_body(&sound).len() + 512 < of(topics::AUDIO_SPEAKER));
        assert!(encode_body(&voice).len() + 512 < of(topics::AUDIO_MICROPHONE));
        let thumb = video::Thumb {
            sequence: u64::MAX,
            width: video::THUMB_WIDTH,
            height: video::THUMB_HEIGHT,
            jpeg: vec![0; video::THUMB_LONGEST],
        };
        assert!(encode_body(&steps).len() + 2048 < of(topics::INPUT));
        assert!(encode_body(&thumb).len() + 512 < of(topics::VIDEO_THUMB));
    }

    #[test]
    fn each_is_listed_once() {
        for (at, one) in TOPICS.iter().enumerate() {
            assert!(TOPICS[at + 1..].iter().all(|other| other.name != one.name));
        }
    }
}
