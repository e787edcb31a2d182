//! Which keys the window itself takes.

use super::WindowError;
use crate::core::Direction;
use x11rb::{
    connection::Connection,
    protocol::xproto::{ConnectionExt as _, Keycode},
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
