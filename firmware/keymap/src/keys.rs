//! Keys, as HID usages of page 7.

use dkvm_wire::vocab::input::Step;

/// Enter.
pub const ENTER: u8 = 0x28;
/// Tab.
pub const TAB: u8 = 0x2b;
/// Caps Lock.
pub const CAPS_LOCK: u8 = 0x39;
/// The left Shift.
pub const LEFT_SHIFT: u8 = 0xe1;
/// The right Shift.
pub const RIGHT_SHIFT: u8 = 0xe5;
/// AltGr, where a layout has it.
pub const RIGHT_ALT: u8 = 0xe6;

/// Shift and AltGr, held or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Modifiers(u8);

impl Modifiers {
    /// Neither.
    pub const NONE: Self = Self(0);
    /// The left Shift.
    pub const SHIFT: Self = Self(1);
    /// The right Alt.
    pub const ALTGR: Self = Self(2);
    const EACH: [(Self, u8); 2] = [(Self::SHIFT, LEFT_SHIFT), (Self::ALTGR, RIGHT_ALT)];

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These, where they are held.
    pub const fn held(shift: bool, altgr: bool) -> Self {
        let shift = if shift { Self::SHIFT } else { Self::NONE };
        let altgr = if altgr { Self::ALTGR } else { Self::NONE };
        shift.and(altgr)
    }

    /// Whether one of the others is among these.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Their keys.
    pub fn usages(self) -> Vec<u8> {
        let held = Self::EACH.into_iter().filter(|(one, _)| self.has(*one));
        held.map(|(_, usage)| usage).collect()
    }

    /// The steps from these to others: releases first, so that no third combination comes between.
    pub fn steps_to(self, wanted: Self) -> Vec<Step> {
        let change = |down: bool| {
            let (from, to) = if down { (self, wanted) } else { (wanted, self) };
            let differs = move |one: &(Self, u8)| to.has(one.0) && !from.has(one.0);
            let each = Self::EACH.into_iter().filter(differs);
            each.map(move |(_, usage)| Step::Key { usage, down })
        };
        change(false).chain(change(true)).collect()
    }
}

/// A key with what is held meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stroke {
    /// The key.
    pub usage: u8,
    /// Held.
    pub modifiers: Modifiers,
}

impl Stroke {
    /// A key alone.
    pub const fn plain(usage: u8) -> Self {
        Self {
            usage,
            modifiers: Modifiers::NONE,
        }
    }

    /// Down and up.
    pub const fn steps(self) -> [Step; 2] {
        let usage = self.usage;
        [
            Step::Key { usage, down: true },
            Step::Key { usage, down: false },
        ]
    }
}

/// What types one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// One key.
    One(Stroke),
    /// A dead key and what follows it.
    Two(Stroke, Stroke),
}

impl Keys {
    /// In order.
    pub fn strokes(self) -> impl Iterator<Item = Stroke> {
        let (first, then) = match self {
            Self::One(stroke) => (stroke, None),
            Self::Two(dead, base) => (dead, Some(base)),
        };
        std::iter::once(first).chain(then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_change_by_releases_and_then_presses() {
        let key = |usage, down| Step::Key { usage, down };
        let (shift, altgr) = (Modifiers::SHIFT, Modifiers::ALTGR);
        assert_eq!(
            shift.steps_to(altgr),
            [key(LEFT_SHIFT, false), key(RIGHT_ALT, true)]
        );
        assert_eq!(shift.steps_to(shift), []);
        assert_eq!(
            Modifiers::NONE.steps_to(shift.and(altgr)),
            [key(LEFT_SHIFT, true), key(RIGHT_ALT, true)]
        );
        assert_eq!(shift.and(altgr).usages(), [LEFT_SHIFT, RIGHT_ALT]);
    }
}
