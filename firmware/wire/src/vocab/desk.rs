//! The workstation: where its keyboard and mouse go.

use serde::{Deserialize, Serialize};

/// Methods of the input device.
pub mod methods {
    /// [`super::FocusTo`] → [`super::DeskState`]: moves keyboard and mouse to a node, or back here.
    pub const FOCUS: &str = "input.focus";
    /// `{}` → [`super::DeskState`]: for those to whom the topic is not routed.
    pub const GET: &str = "input.get";
}

/// Arguments of `input.focus`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FocusTo {
    /// Where to, by the name of the target; absent: here.
    #[serde(default)]
    pub node: Option<String>,
    /// Also when somebody is at work there. Else that is a refusal (`conflict`) which says who it is.
    #[serde(default)]
    pub steal: bool,
}

/// Topic `input.state`: where keyboard and mouse of this machine go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeskState {
    /// The target that is worked, by its name here: a node's, or that of several ([`DeskTarget::heads`]); absent: input is this
    /// machine's own.
    pub node: Option<String>,
    /// The focus epoch under which it is.
    pub epoch: u32,
    /// Counts moves of the focus, to and from here, whoever moved it.
    pub moves: u32,
    /// Whether this machine's keyboards and mice are grabbed.
    pub grab: Grab,
    /// The nodes that can be worked, in the order of their hotkeys.
    pub targets: Vec<DeskTarget>,
    /// The keyboards and mice that are read.
    pub devices: Vec<DeskDevice>,
    /// Who took the focus from here last; absent again with the next move to a node.
    pub taken: Option<TakenBy>,
    /// What a person who has just done something here is to be told: who is at work where he wanted to go, why input is here again. A sentence.
    pub notice: Option<String>,
    /// What is wrong, and what to do: a sentence.
    pub problem: Option<String>,
    /// The release chord, for people: `left Ctrl + right Ctrl`.
    pub release: String,
}

/// Whether keyboards and mice are this machine's or the target's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Grab {
    /// This machine's.
    #[default]
    Free,
    /// On the way to one or the other: a key is still down.
    Waiting,
    /// The target's.
    Grabbed,
}

/// What can be worked: a node, or several at one PC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeskTarget {
    /// Its name here: the node's, or the one that was given to several.
    pub node: String,
    /// Its hotkey, for people: `left Ctrl + left Alt + 1`.
    pub hotkey: Option<String>,
    /// Its keyboard can be reached now.
    pub up: bool,
    /// Through whom it is worked, as it says itself (`web`, `desk/input`); empty for nobody.
    pub by: String,
    /// Who works it is busy.
    pub busy: bool,
    /// Why it cannot be worked and what to do, a sentence.
    pub detail: Option<String>,
    /// Where several nodes are the heads of one PC: all of them, the first of which has its keyboard. Empty where the target is
    /// the node `node` itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<Head>>"))]
    pub heads: Vec<Head>,
    /// What becomes of keys on their way, a sentence: that they are translated, or why they are not though they should be. Absent
    /// where they travel as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub translation: Option<String>,
}

impl DeskState {
    /// The node that has the keyboard, the mouse and the sound of the target that is worked: itself, or the first of its heads.
    pub fn worked(&self) -> Option<&str> {
        let node = self.node.as_deref()?;
        let target = self.targets.iter().find(|target| target.node == node);
        let head = target.and_then(|target| target.heads.first());
        Some(head.map_or(node, |head| &head.node))
    }
}

/// One of the screens of a target that has several, each seen by a node of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Head {
    /// The node that sees it.
    pub node: String,
    /// Where its upper left corner stands on that PC's desktop, pixels.
    pub at: (i32, i32),
}

/// A keyboard or mouse of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeskDevice {
    /// What it calls itself.
    pub name: String,
    /// Its device file.
    pub path: String,
    /// It has keys.
    pub keyboard: bool,
    /// It has a pointer.
    pub mouse: bool,
}

/// Who took the focus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TakenBy {
    /// Of which node.
    pub node: String,
    /// Through whom (`web`, `lab/input`); empty where it is not known.
    pub by: String,
}
