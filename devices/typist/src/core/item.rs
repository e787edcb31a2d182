//! What a job does one after the other: characters of a text, and the other steps of a macro.

use dkvm_keymap::Keys;
use dkvm_wire::vocab::input::Step;
use std::time::Duration;

/// Keys in a chord: more than hands have use for, few enough that a step of the job stays short.
pub const MAX_CHORD: usize = 6;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A character.
    Keys(Keys),
    /// Keys down in this order, and up again in the other, as usages; at most [`MAX_CHORD`].
    Chord(Vec<u8>),
    /// Keys that stay down.
    Hold(Vec<u8>),
    /// Keys that were held come up.
    Release(Vec<u8>),
    /// Nothing, for a while.
    Wait(Duration),
}

impl From<Keys> for Item {
    fn from(keys: Keys) -> Self {
        Self::Keys(keys)
    }
}

/// The steps that press or let go of keys, in their order.
pub fn each(usages: &[u8], down: bool) -> Vec<Step> {
    usages
        .iter()
        .map(|usage| Step::Key {
            usage: *usage,
            down,
        })
        .collect()
}

/// A chord: down in order, up in the other.
pub fn chord(usages: &[u8]) -> Vec<Step> {
    let up = usages.iter().rev().map(|usage| Step::Key {
        usage: *usage,
        down: false,
    });
    each(usages, true).into_iter().chain(up).collect()
}
