//! Text typed on the target, key by key.

use serde::{Deserialize, Serialize};

/// Methods of the typist device.
pub mod methods {
    /// `{}` → [`super::TypistState`]: for those to whom the topic is not routed.
    pub const GET: &str = "typist.get";
    /// [`super::Text`] → [`super::Checked`]: refused with a sentence that names what cannot be typed, and where.
    pub const CHECK: &str = "typist.check";
    /// [`super::Text`] → [`super::Checked`], answered at the start; [`super::TypistState`] tells how it goes on. Takes the
    /// focus. Refused before the first key for the same reasons as `typist.check`.
    pub const TYPE: &str = "typist.type";
    /// `{}` → `{}`: stops typing; nothing stays pressed.
    pub const CANCEL: &str = "typist.cancel";
    /// `{}` → [`super::MacroState`]: for those to whom the topic is not routed.
    pub const MACRO_LIST: &str = "macro.list";
    /// [`super::Macro`] → `{}`: kept under its name, in place of the one that has it. Refused with the line that is wrong.
    pub const MACRO_PUT: &str = "macro.put";
    /// [`super::MacroRef`] → `{}`.
    pub const MACRO_REMOVE: &str = "macro.remove";
    /// [`super::MacroRun`] → [`super::Checked`], answered at the start, as `typist.type`: its steps and characters.
    pub const MACRO_RUN: &str = "macro.run";
    /// `{}` → `{}`: the same as `typist.cancel`.
    pub const MACRO_CANCEL: &str = "macro.cancel";
}

/// Longest text, bytes: minutes of typing, and quoted it fits into a message of the page (64 KiB).
pub const MAX_TEXT: usize = 24 * 1024;
/// Longest pause after each character, ms. Slower is no typing.
pub const MAX_PACE_MS: u32 = 2000;

/// Most macros: a list that a person finds something in.
pub const MAX_MACROS: usize = 32;
/// Longest name of a macro, bytes.
pub const MAX_MACRO_NAME: usize = 48;
/// Longest macro, bytes.
pub const MAX_MACRO: usize = 4096;
/// All macros together, bytes: they travel as one message.
pub const MAX_MACROS_TEXT: usize = 32 * 1024;

/// Keys to be pressed, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// A step a line: `docs/typing.md` has the form.
    pub text: String,
}

/// A macro by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct MacroRef {
    pub name: String,
}

/// Arguments of `macro.run`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MacroRun {
    /// Which.
    pub name: String,
    /// The target's layout for its `text` lines; the configured one without it.
    #[serde(default)]
    pub layout: Option<String>,
    /// Pause after each character, ms; the configured one without it.
    #[serde(default)]
    pub pace_ms: Option<u32>,
}

/// Topic `macro.state`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MacroState {
    /// By name.
    pub macros: Vec<Macro>,
}

/// Arguments of `typist.check` and `typist.type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Text {
    /// At most [`MAX_TEXT`] bytes. Line ends of any kind are Enter.
    pub text: String,
    /// The target's layout, one of [`TypistState::layouts`]; the configured one without it.
    #[serde(default)]
    pub layout: Option<String>,
    /// Pause after each character, ms, at most [`MAX_PACE_MS`]; the configured one without it.
    #[serde(default)]
    pub pace_ms: Option<u32>,
}

/// A text that can be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Checked {
    pub characters: u32,
}

/// A keyboard layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Layout {
    /// `de`.
    pub id: String,
    /// `German`.
    pub title: String,
}

/// A text on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Typing {
    /// Characters that the target took.
    pub done: u32,
    /// Of so many.
    pub total: u32,
}

/// Why typing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The target took all of it.
    Done,
    /// Somebody asked for it.
    Cancelled,
    /// Somebody took the focus.
    FocusTaken,
    /// The target or hid took no more.
    Failed,
}

/// How the last text ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Typed {
    /// Counts the texts of this life of the device.
    pub number: u32,
    /// Why.
    pub ending: Ending,
    /// A sentence for a person.
    pub message: String,
    /// How far it came.
    pub typing: Typing,
}

/// Topic `typist.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TypistState {
    /// This device as a holder of the focus.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub holder: u64,
    /// What is being typed.
    pub typing: Option<Typing>,
    /// How the last text ended.
    pub last: Option<Typed>,
    /// The layouts.
    pub layouts: Vec<Layout>,
    /// The one that is used unless another is named.
    pub layout: String,
}
