//! Which keys the window itself takes.

use super::WindowError;
use crate::core::Direction;
use std::collections::BTreeSet;
use x11rb::{
    connection::Connection,
    protocol::xproto::{ConnectionExt as _, Keycode, KeymapNotifyEvent, Timestamp},
    rust_connection::RustConnection,
};

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// F11: full screen and back.
    FullScreen,
    /// F10: all targets, or one.
    Overview,
    /// Enter, of both blocks.
    Enter,
    /// An arrow.
    Arrow(Direction),
}

/// By their names in X: XK_F11 and so on.
const KEYS: [(u32, Key); 8] = [
    (0xffc8, Key::FullScreen),
    (0xffc7, Key::Overview),
    (0xff0d, Key::Enter),
    (0xff8d, Key::Enter),
    (0xff51, Key::Arrow(Direction::Left)),
    (0xff52, Key::Arrow(Direction::Up)),
    (0xff53, Key::Arrow(Direction::Right)),
    (0xff54, Key::Arrow(Direction::Down)),
];

/// Where they are on the keyboard.
pub(super) struct Keys(Vec<(Keycode, Key)>);

impl Keys {
    /// Asks the server.
    pub(super) fn find(connection: &RustConnection) -> Result<Self, WindowError> {
        let setup = connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let count = last.saturating_sub(first).saturating_add(1);
        let map = connection.get_keyboard_mapping(first, count)?.reply()?;
        let each = usize::from(map.keysyms_per_keycode.max(1));
        let codes = (first..=last).zip(map.keysyms.chunks(each));
        let meant = |syms: &[u32]| KEYS.iter().find(|(sym, _)| syms.contains(sym));
        let found = codes.filter_map(|(code, syms)| meant(syms).map(|(_, key)| (code, *key)));
        Ok(Self(found.collect()))
    }

    /// What a key means, if anything.
    pub(super) fn meaning(&self, code: Keycode) -> Option<Key> {
        let mut keys = self.0.iter();
        keys.find(|(known, _)| *known == code).map(|(_, key)| *key)
    }
}

/// Nobody presses a key again so soon after he let go of it, ms. A key that is held does: X says of it that it goes up and down.
const AT_ONCE: Timestamp = 20;

/// Which keys are down, so that one that is held is pressed once.
#[derive(Debug, Default)]
pub(super) struct Held {
    down: BTreeSet<Keycode>,
    /// The last that went up, and when.
    up: Option<(Keycode, Timestamp)>,
}

impl Held {
    /// A key goes down. Says whether it only repeats itself.
    pub(super) fn repeats(&mut self, code: Keycode, time: Timestamp) -> bool {
        let is_back = |(last, at)| last == code && time.wrapping_sub(at) < AT_ONCE;
        let is_back = self.up.take().is_some_and(is_back);
        !self.down.insert(code) || is_back
    }

    /// A key goes up.
    pub(super) fn up(&mut self, code: Keycode, time: Timestamp) {
        self.down.remove(&code);
        self.up = Some((code, time));
    }

    /// The keyboard goes elsewhere: nothing is heard of what goes up there.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// It comes, with these down already.
    pub(super) fn begin(&mut self, keymap: &KeymapNotifyEvent) {
        // The first byte of the server's map, of eight codes that no key has, is not in it.
        let codes = 8..=Keycode::MAX;
        let is_down = |code: &Keycode| {
            let byte = keymap.keys.get(usize::from(code / 8) - 1);
            byte.is_some_and(|byte| byte >> (code % 8) & 1 == 1)
        };
        self.forget();
        self.down = codes.filter(is_down).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTER: Keycode = 36;
    const F10: Keycode = 76;

    #[test]
    fn a_key_that_is_held_is_pressed_once() {
        let mut held = Held::default();
        assert!(!held.repeats(ENTER, 1000));
        for time in (1660..3000).step_by(40) {
            held.up(ENTER, time);
            assert!(held.repeats(ENTER, time));
        }
        held.up(ENTER, 3000);
        assert!(!held.repeats(F10, 3001), "another");
        assert!(!held.repeats(ENTER, 3200));
    }

    #[test]
    fn nor_where_the_server_says_nothing_of_its_going_up() {
        let mut held = Held::default();
        assert!(!held.repeats(ENTER, Timestamp::MAX));
        assert!(held.repeats(ENTER, 660));
        held.up(ENTER, Timestamp::MAX);
        assert!(held.repeats(ENTER, 3), "the server's clock begins anew");
        held.forget();
        assert!(!held.repeats(ENTER, 900));
    }

    #[test]
    fn what_was_down_before_is_no_press() {
        let mut held = Held::default();
        let mut keys = [0; 31];
        keys[usize::from(ENTER / 8) - 1] = 1 << (ENTER % 8);
        held.begin(&KeymapNotifyEvent {
            response_type: 0,
            keys,
        });
        assert!(held.repeats(ENTER, 5));
        assert!(!held.repeats(F10, 5));
    }
}
