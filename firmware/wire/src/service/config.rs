//! A configuration that takes itself back: what travels with `config.*`.

use super::Applied;
use crate::DeviceName;
use serde::{Deserialize, Serialize};

/// Longest text that `config.apply` takes, bytes: dozens of times what a person writes, and it fits into a frame with its answer.
pub const MAX_CONFIG_TEXT: usize = 256 * 1024;
/// Configurations that the history keeps.
pub const MAX_CONFIG_HISTORY: usize = 20;
/// Bytes of all texts of the history together; the oldest go first.
pub const MAX_CONFIG_HISTORY_BYTES: usize = 1024 * 1024;
/// Longest time to confirm, seconds.
pub const MAX_CONFIRM_S: u32 = 3600;
/// Longest comment, characters.
pub const MAX_CONFIG_COMMENT: usize = 200;

/// Where the configuration in force comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ConfigOrigin {
    /// The owner's file, on the data partition.
    Owner,
    /// The image's own.
    Image,
    /// Built into `dkvm`: neither of the files is right.
    BuiltIn,
    /// The file that the kernel was started with (`--config`).
    File,
    /// The kernel's memory alone: it was applied where nothing can be written, and is gone when the kernel ends.
    Memory,
}

/// Arguments of `config.read` and what `config.rollback` goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConfigNumber {
    /// Its number in the history; without it the one in force.
    #[serde(default)]
    pub number: Option<u32>,
}

/// A configuration as a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigText {
    /// The whole text.
    pub text: String,
    /// Where the one in force comes from; `None` for one of the history.
    #[serde(default)]
    pub origin: Option<ConfigOrigin>,
    /// Its file, where there is one.
    pub file: String,
    /// SHA-256 of the text, hexadecimal: `base` of a change made from it.
    pub digest: String,
    /// Its number in the history, if it is there.
    #[serde(default)]
    pub number: Option<u32>,
}

/// Arguments of `config.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct ConfigDraft {
    pub text: String,
}

/// One thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigMistake {
    /// From 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// With its tables, `device.hid.after`; may be empty.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Answer to `config.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigVerdict {
    /// All that is wrong, by line; empty: it is right.
    pub mistakes: Vec<ConfigMistake>,
    /// What else there is to say: that it looks like one of a newer version, or which of it waits for a restart.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Whom it would touch; `None` where it is wrong.
    #[serde(default)]
    pub change: Option<Applied>,
}

/// Arguments of `config.apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigApply {
    /// The whole text.
    pub text: String,
    /// `digest` of the one that it was made from; refused with `conflict` when that is not in force any more.
    /// Without it nothing is compared.
    #[serde(default)]
    pub base: Option<String>,
    /// Somebody has to confirm it within so many seconds after its devices are up, or it is taken back; 0: nobody has to.
    #[serde(default)]
    pub confirm_s: u32,
    /// For the history.
    #[serde(default)]
    pub comment: String,
}

/// Arguments of `config.rollback`: one of the history is applied, as by `config.apply`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigRollback {
    /// Which; without it the one on trial is taken back, else the one that was in force before.
    #[serde(default)]
    pub number: Option<u32>,
    /// As in [`ConfigApply`].
    #[serde(default)]
    pub confirm_s: u32,
    /// This one is taken back while it is on trial, and nothing else is done: `conflict` where that has ended meanwhile.
    /// Then the others do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub trial: Option<u32>,
}

/// Answer to `config.apply` and `config.rollback`: what was begun. How it ends is in [`ConfigState`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigApplied {
    /// Its number in the history.
    pub number: u32,
    /// Whom it touches.
    pub change: Applied,
    /// What there is to say: which of it waits for a restart, that it cannot be kept.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// Arguments of `config.confirm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigConfirm {
    /// Which: what was applied meanwhile by somebody else is not confirmed by mistake.
    pub number: u32,
}

/// What is on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigTrial {
    /// Its number; `None` where a file was read again (`config.reload`): that is watched, and never taken back.
    #[serde(default)]
    pub number: Option<u32>,
    /// Who applied it.
    pub who: String,
    /// Devices that are not up yet.
    pub waiting: Vec<DeviceName>,
    /// Time to confirm from now on, ms; `None` while devices are waited for, or when nobody has to.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub left_ms: Option<u64>,
    /// Somebody has to confirm it, and has not yet.
    pub unconfirmed: bool,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ConfigOutcome {
    /// On trial.
    Trial,
    /// It holds.
    Kept,
    /// The one before is in force again.
    TakenBack,
    /// Found in the owner's file; a person wrote it there, or it was there before the history.
    Found,
}

/// The last change that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigEnded {
    /// Its number; `None` for a `config.reload`.
    #[serde(default)]
    pub number: Option<u32>,
    /// How.
    pub outcome: ConfigOutcome,
    /// Why it was taken back; after a `config.reload`, which devices are not up and why. A sentence each.
    #[serde(default)]
    pub why: Vec<String>,
}

/// Answer to `config.state` and `config.confirm`; body of topic `config.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigState {
    /// SHA-256 of the text in force, hexadecimal.
    pub digest: String,
    /// Where that comes from.
    pub origin: ConfigOrigin,
    /// Its number in the history, if it is there.
    #[serde(default)]
    pub number: Option<u32>,
    /// What is on trial.
    #[serde(default)]
    pub trial: Option<ConfigTrial>,
    /// How the last change since the kernel's start ended, or what the start found on trial.
    #[serde(default)]
    pub last: Option<ConfigEnded>,
}

/// One of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConfigEntry {
    /// Counts up, from 1.
    pub number: u32,
    /// Wall clock, ms since 1970; wrong on a Pi without time.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_unix_ms: u64,
    /// Who applied it.
    pub who: String,
    /// What for.
    pub comment: String,
    /// SHA-256 of the text, hexadecimal.
    pub digest: String,
    /// Length of the text.
    pub bytes: u32,
    /// What became of it.
    pub outcome: ConfigOutcome,
    /// Why it was taken back.
    #[serde(default)]
    pub why: Option<String>,
}

/// Answer to `config.history`, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct ConfigHistory {
    pub entries: Vec<ConfigEntry>,
}
