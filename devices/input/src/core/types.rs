//! What goes into the core and what comes out.

use crate::codes;
use dkvm_wire::vocab::{
    desk::DeskDevice,
    input::{HidState, InputAck, InputState, Leds},
    peer::PeerState,
};
use std::collections::BTreeSet;

/// A keyboard or mouse, counted as they appear: never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// Keys and buttons of a device, by their codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysOf {
    /// That it has.
    pub all: BTreeSet<u16>,
    /// That are down.
    pub down: Vec<u16>,
}

impl KeysOf {
    /// All that there are, and none down.
    pub fn every() -> Self {
        let all = codes::all().into_iter();
        Self {
            all: all.map(|(code, _)| code).collect(),
            down: Vec::new(),
        }
    }
}

/// Which way a key went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Pressed.
    Down,
    /// Released.
    Up,
}

/// What a device said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A key or button, by its code.
    Key(u16, Edge),
    /// The pointer, counts right and down.
    Pointer(i32, i32),
    /// The wheel, 120ths of a notch away from the person.
    Wheel(i32),
    /// The horizontal wheel, 120ths to the right.
    Pan(i32),
}

/// What became of a grab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grip {
    /// It is this device's alone. These keys were down at that moment.
    Ours(Vec<u16>),
    /// It is this machine's.
    Machines,
    /// It could not be grabbed: why, a sentence.
    Failed(String),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A keyboard or mouse is there, with these keys.
    Plugged(DeviceId, DeskDevice, KeysOf),
    /// It is gone.
    Unplugged(DeviceId),
    /// It said something.
    Moved(DeviceId, Vec<Move>),
    /// It was grabbed, or let go.
    Gripped(DeviceId, Grip),
    /// A node's keyboard and mice as they are.
    Hid(String, HidState),
    /// A node's keyboard and mice are not known any more.
    HidGone(String),
    /// How large a node's screen is.
    Screen(String, (u32, u32)),
    /// A node's target has this keyboard layout.
    Layout(String, String),
    /// A node has seen what was sent.
    Ack(String, InputAck),
    /// The other nodes.
    Peers(PeerState),
    /// There are none to be known any more: the link's device is gone.
    PeersGone,
    /// Nothing can be read: why, a sentence; or something can again.
    Trouble(Option<String>),
    /// Time went by.
    Tick,
    /// The end.
    Goodbye,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Tell a node's keyboard and mice.
    Send(String, InputState),
    /// Grab a device, and say what became of it.
    Grab(DeviceId),
    /// Let it go, and say so.
    Ungrab(DeviceId),
    /// Tell this machine that these keys of a device are up: it will not see it, or not have seen them go down.
    LetUp(DeviceId, Vec<u16>),
    /// Light a keyboard.
    Light(DeviceId, Leds),
}
