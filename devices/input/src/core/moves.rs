//! What keyboards and mice say: to whom it goes, and what of it means something here.

use super::{
    chords::Meaning,
    hands::For,
    pointer::Side,
    types::{DeviceId, Edge, Move},
    Core, How,
};
use dkvm_sdk::Time;

impl Core {
    pub(super) fn unplugged(&mut self, id: DeviceId) {
        let name = self.hands.name(id).to_owned();
        let held = self.hands.unplugged(id);
        let Some(node) = self.node().map(str::to_owned) else {
            return;
        };
        for code in &held {
            self.release(&node, *code);
        }
        if !held.is_empty() {
            self.notice = Some(format!(
                "{name} was unplugged: what was down on it is released at {node}"
            ));
        }
    }

    pub(super) fn moved(&mut self, id: DeviceId, moves: &[Move], now: Time) {
        for one in moves {
            match *one {
                Move::Key(code, edge) => self.key(id, code, edge, now),
                Move::Pointer(dx, dy) => self.pointer(id, (dx, dy), now),
                Move::Wheel(by) => self.wheel(id, by, 0),
                Move::Pan(by) => self.wheel(id, 0, by),
            }
        }
    }

    fn key(&mut self, id: DeviceId, code: u16, edge: Edge, now: Time) {
        let whose = self.hands.key(id, code, edge);
        if edge == Edge::Down {
            let names = self.targets.names();
            let meaning = self.chords.meaning(code, &self.hands.down(), &names);
            if let Some(meaning) = meaning {
                // It is part of the chord: nobody's.
                self.hands.mute(id, code);
                return self.obey(meaning, now);
            }
        }
        if let (For::Target, Some(node)) = (whose, self.node().map(str::to_owned)) {
            match edge {
                Edge::Down => self.press(id, &node, code),
                Edge::Up => self.release(&node, code),
            }
        }
    }

    fn obey(&mut self, meaning: Meaning, now: Time) {
        match meaning {
            Meaning::Release => self.give_back(None, now),
            // Many a keyboard has no right Ctrl.
            Meaning::Target(node) if self.node() == Some(&*node) => self.give_back(None, now),
            // Why not is in the notice.
            Meaning::Target(node) => drop(self.take(&node, How::Hotkey, now)),
        }
    }

    fn wheel(&mut self, id: DeviceId, wheel: i32, pan: i32) {
        if let (For::Target, Some(node)) = (self.hands.motion(id), self.node().map(str::to_owned)) {
            self.channel(&node).turn(wheel, pan);
        }
    }

    fn pointer(&mut self, id: DeviceId, by: (i32, i32), now: Time) {
        match (self.hands.motion(id), self.node().map(str::to_owned)) {
            (For::Machine, None) => self.wander(by, now),
            (For::Target, Some(node)) => self.steer(&node, by, now),
            _ => {}
        }
    }

    /// This machine's pointer moves: it may go over an edge.
    fn wander(&mut self, by: (i32, i32), now: Time) {
        if self.config.layout.is_empty() {
            return;
        }
        let resistance = f64::from(self.config.resistance);
        let by = (f64::from(by.0), f64::from(by.1));
        let Some(side) = self.here.shift(by, resistance, now) else {
            return;
        };
        // A button or key that is down belongs to this machine.
        if self.hands.down().is_empty() {
            let along = self.here.along(side);
            self.cross(None, side, along, now);
        }
    }

    fn steer(&mut self, node: &str, by: (i32, i32), now: Time) {
        if !self.is_absolute(node) {
            self.flush(node, now);
            if self.targets.hid_of(node).is_some() {
                // It may have had an absolute mouse a moment ago.
                self.channel(node).point(None);
            }
            return self.channel(node).shift(by.0, by.1);
        }
        let (speed, resistance) = (self.config.speed, f64::from(self.config.resistance));
        let Some(pointer) = self.there.get_mut(node) else {
            return;
        };
        let by = (f64::from(by.0) * speed, f64::from(by.1) * speed);
        let pushed = pointer.shift(by, resistance, now);
        let at = pointer.position();
        let along = pushed.map(|side| (side, pointer.along(side)));
        self.channel(node).point(Some(at));
        if let Some((side, along)) = along.filter(|_| self.hands.down().is_empty()) {
            self.cross(Some(node), side, along, now);
        }
    }

    /// Over an edge, where somebody is beside it.
    fn cross(&mut self, from: Option<&str>, side: Side, along: f64, now: Time) {
        let beside = self.config.beside(from, side);
        let Some(to) = beside.map(|to| to.map(str::to_owned)) else {
            return;
        };
        match to {
            Some(node) => {
                let how = How::Edge(side.opposite(), along);
                if self.take(&node, how, now).is_err() {
                    self.rest(from);
                }
            }
            None => self.give_back(None, now),
        }
    }

    fn rest(&mut self, at: Option<&str>) {
        let pointer = match at {
            Some(node) => self.there.get_mut(node),
            None => Some(&mut self.here),
        };
        pointer.into_iter().for_each(super::Pointer::rest);
    }
}
