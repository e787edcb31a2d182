//! Which key the window itself takes: F11, full screen and back.

use super::WindowError;
use x11rb::{
    connection::Connection,
    protocol::xproto::{ConnectionExt as _, Keycode},
    rust_connection::RustConnection,
};

/// XK_F11.
const F11: u32 = 0xffc8;

/// The key with F11 on it, if the keyboard has one.
pub(super) fn full_screen_key(connection: &RustConnection) -> Result<Option<Keycode>, WindowError> {
    let setup = connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let count = last.saturating_sub(first).saturating_add(1);
    let map = connection.get_keyboard_mapping(first, count)?.reply()?;
    let each = usize::from(map.keysyms_per_keycode.max(1));
    let at = map
        .keysyms
        .chunks(each)
        .position(|syms| syms.contains(&F11));
    Ok(at
        .and_then(|at| u8::try_from(at).ok())
        .and_then(|at| first.checked_add(at)))
}
