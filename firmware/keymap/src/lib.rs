//! # dkvm-keymap
//!
//! Keyboard layouts, as HID usages of page 7: which keys type a character, and what a key types. The tables are made from xkb-data
//! by `layouts/make.py`, which asks libxkbcommon; nobody writes in them. `typist` types texts by them, `input` translates by them.

mod keys;
mod layout;
#[cfg(test)]
mod layout_tests;
mod tables;

pub use keys::{
    Keys, Modifiers, Stroke, CAPS_LOCK, ENTER, LEFT_SHIFT, RIGHT_ALT, RIGHT_SHIFT, TAB,
};
pub use layout::{all, find, list, Layout, LayoutError, Typed};
