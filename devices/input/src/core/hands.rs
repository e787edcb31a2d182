//! Keyboards and mice: what is down on each, and whose each is.
//!
//! A device changes hands only while nothing is down on it, or the side that it leaves would be left with a key that it saw go
//! down and not up. So no key is both here and there.

use super::types::{Action, DeviceId, Edge, Grip, KeysOf};
use dkvm_sdk::Time;
use dkvm_wire::vocab::{
    desk::{DeskDevice, Grab},
    input::Leds,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// So long a device waits for its keys to be released before it changes hands all the same.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Devices that are read: more than any desk has.
pub const MAX_DEVICES: usize = 64;

/// Whose keyboards and mice are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Owner {
    /// This machine's.
    #[default]
    Machine,
    /// A target's.
    Target,
}

/// How a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Hold {
    #[default]
    Free,
    /// Asked for; the answer is on its way.
    Asked,
    Grabbed,
    /// It cannot be had; asked for again with the next move.
    Failed,
}

#[derive(Debug)]
struct Device {
    info: DeskDevice,
    /// What it has.
    keys: BTreeSet<u16>,
    down: BTreeSet<u16>,
    /// Down, and nobody's: pressed for another side, or refused.
    mute: BTreeSet<u16>,
    /// Down, though this machine was told that they are up: at the grab they are down again.
    stuck: BTreeSet<u16>,
    hold: Hold,
    /// Since when its owner should be another.
    since: Time,
    lit: Option<Leds>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Hands {
    devices: BTreeMap<DeviceId, Device>,
    owner: Owner,
    problem: Option<String>,
}

/// For whom a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// This machine, which sees it itself.
    Machine,
    /// The target.
    Target,
    /// Nobody.
    Nobody,
}

impl Hands {
    /// A device is there.
    pub fn plugged(&mut self, id: DeviceId, info: DeskDevice, keys: KeysOf, now: Time) {
        if self.devices.len() >= MAX_DEVICES {
            return;
        }
        let down: BTreeSet<u16> = keys.down.into_iter().collect();
        let device = Device {
            info,
            keys: keys.all,
            mute: down.clone(),
            down,
            stuck: BTreeSet::new(),
            hold: Hold::Free,
            since: now,
            lit: None,
        };
        self.devices.insert(id, device);
    }

    /// A device is gone; what the target held by it, and by no other.
    pub fn unplugged(&mut self, id: DeviceId) -> Vec<u16> {
        let Some(device) = self.devices.remove(&id) else {
            return Vec::new();
        };
        let told = device.hold == Hold::Grabbed && self.owner == Owner::Target;
        let held = device.down.difference(&device.mute);
        held.copied()
            .filter(|code| told && !self.is_given(*code))
            .collect()
    }

    /// What a device calls itself.
    pub fn name(&self, id: DeviceId) -> &str {
        self.devices.get(&id).map_or("", |one| &one.info.name)
    }

    /// Whether a device that the target has holds this key for it.
    fn is_given(&self, code: u16) -> bool {
        self.devices.values().any(|one| {
            one.hold == Hold::Grabbed && one.down.contains(&code) && !one.mute.contains(&code)
        })
    }

    /// A key goes up or down: for whom. Nothing for one that is as it was, or that another keyboard still holds.
    pub fn key(&mut self, id: DeviceId, code: u16, edge: Edge) -> For {
        let Some(device) = self.devices.get_mut(&id) else {
            return For::Nobody;
        };
        let news = match edge {
            Edge::Down => device.down.insert(code),
            Edge::Up => device.down.remove(&code),
        };
        let muted = edge == Edge::Up && device.mute.remove(&code);
        let grabbed = device.hold == Hold::Grabbed;
        match (grabbed, self.owner) {
            (false, _) => For::Machine,
            (true, Owner::Machine) => {
                self.mute(id, code);
                For::Nobody
            }
            (true, Owner::Target) if !news || muted => For::Nobody,
            (true, Owner::Target) if edge == Edge::Up && self.is_given(code) => For::Nobody,
            (true, Owner::Target) => For::Target,
        }
    }

    /// For whom the motion of a mouse is.
    pub fn motion(&self, id: DeviceId) -> For {
        match self.devices.get(&id) {
            Some(device) if device.hold != Hold::Grabbed => For::Machine,
            Some(_) if self.owner == Owner::Target => For::Target,
            _ => For::Nobody,
        }
    }

    /// A key that is down is nobody's until it is pressed anew.
    pub fn mute(&mut self, id: DeviceId, code: u16) {
        if let Some(device) = self.devices.get_mut(&id) {
            if device.down.contains(&code) {
                device.mute.insert(code);
            }
        }
    }

    /// Whether these keys can be pressed together, on devices that no other program has.
    pub fn can_press(&self, keys: &[u16]) -> bool {
        let has = |key: &u16| {
            let mut devices = self.devices.values();
            devices.any(|one| one.hold != Hold::Failed && one.keys.contains(key))
        };
        keys.iter().all(has)
    }

    /// All keys that are down.
    pub fn down(&self) -> BTreeSet<u16> {
        let devices = self.devices.values();
        devices.flat_map(|one| one.down.iter().copied()).collect()
    }

    /// They go to another side, or to another target: what is down belongs to neither.
    pub fn give(&mut self, owner: Owner, now: Time) {
        for device in self.devices.values_mut() {
            if device.hold == Hold::Grabbed {
                device.mute.clone_from(&device.down);
            }
            if device.hold == Hold::Failed {
                device.hold = Hold::Free;
            }
            if owner != self.owner {
                device.since = now;
            }
        }
        self.owner = owner;
        self.problem = None;
    }

    /// Grabs and lets go what can be now.
    pub fn settle(&mut self, now: Time, out: &mut Vec<Action>) {
        for (id, device) in &mut self.devices {
            let act = match (self.owner, device.hold) {
                (Owner::Target, Hold::Free) => Action::Grab(*id),
                (Owner::Machine, Hold::Grabbed) => Action::Ungrab(*id),
                _ => continue,
            };
            let late = now.since(device.since) >= PATIENCE;
            if !device.down.is_empty() && !late {
                continue;
            }
            if !device.down.is_empty() {
                // This machine does not see them go up, or would repeat them from now on.
                out.push(Action::LetUp(*id, device.down.iter().copied().collect()));
                device.stuck.clone_from(&device.down);
                device.mute.clone_from(&device.down);
            }
            device.hold = Hold::Asked;
            out.push(act);
        }
    }

    /// What became of it.
    pub fn gripped(&mut self, id: DeviceId, grip: Grip, now: Time, out: &mut Vec<Action>) {
        let owner = self.owner;
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let stuck = std::mem::take(&mut device.stuck);
        match grip {
            Grip::Machines => {
                device.hold = Hold::Free;
                device.lit = None;
            }
            Grip::Failed(why) => {
                device.hold = match owner {
                    Owner::Target => Hold::Failed,
                    Owner::Machine => Hold::Free,
                };
                self.problem = Some(why);
            }
            Grip::Ours(down) => {
                let late = now.since(device.since) >= PATIENCE;
                device.down = down.into_iter().chain(stuck).collect();
                if !device.down.is_empty() && !late {
                    // Pressed while it was grabbed: this machine has seen it, and is to see the release.
                    device.hold = Hold::Asked;
                    out.push(Action::Ungrab(id));
                } else {
                    device.mute.clone_from(&device.down);
                    device.hold = Hold::Grabbed;
                }
            }
        }
    }

    /// Lights grabbed keyboards as the target's.
    pub fn light(&mut self, leds: Leds, out: &mut Vec<Action>) {
        for (id, device) in &mut self.devices {
            let ours = device.hold == Hold::Grabbed && device.info.keyboard;
            if ours && device.lit != Some(leds) {
                device.lit = Some(leds);
                out.push(Action::Light(*id, leds));
            }
        }
    }

    /// When a device changes hands whatever is down.
    pub fn deadline(&self) -> Option<Time> {
        let waits = |device: &&Device| match self.owner {
            Owner::Target => device.hold == Hold::Free,
            Owner::Machine => device.hold == Hold::Grabbed,
        };
        let waiting = self.devices.values().filter(waits);
        waiting.map(|device| device.since.after(PATIENCE)).min()
    }

    /// Whether they are where they should be.
    pub fn grab(&self) -> Grab {
        let mut devices = self.devices.values();
        match self.owner {
            Owner::Machine if devices.all(|one| one.hold != Hold::Grabbed) => Grab::Free,
            Owner::Target
                if devices.all(|one| matches!(one.hold, Hold::Grabbed | Hold::Failed)) =>
            {
                Grab::Grabbed
            }
            _ => Grab::Waiting,
        }
    }

    /// Whether one is grabbed, or may be.
    pub fn has_grabbed(&self) -> bool {
        let mut holds = self.devices.values().map(|one| one.hold);
        holds.any(|hold| matches!(hold, Hold::Asked | Hold::Grabbed))
    }

    /// Why a device could not be grabbed.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// What is read.
    pub fn list(&self) -> Vec<DeskDevice> {
        self.devices.values().map(|one| one.info.clone()).collect()
    }
}
