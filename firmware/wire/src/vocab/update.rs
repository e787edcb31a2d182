//! The image: its two slots, updates, factory reset.

use crate::service::Slot;
use serde::{Deserialize, Serialize};

/// Methods of the update device.
pub mod methods {
    /// `{}` → [`super::UpdateState`]: for those who are not sent the topic, as the command line is not.
    pub const GET: &str = "update.get";
    /// [`super::Begin`] → [`super::Upload`]: checks signature, board, version and size before a byte is written. The same
    /// bundle begun again goes on where it stopped.
    pub const BEGIN: &str = "update.begin";
    /// [`super::Chunk`] → [`super::Upload`]: the next bytes of the bundle, at most [`super::MAX_CHUNK`].
    pub const WRITE: &str = "update.write";
    /// [`super::UploadRef`] → `{}`: all is there: reads back what was written and compares it with the signed hashes.
    pub const FINISH: &str = "update.finish";
    /// `{}` → `{}`: forgets an upload or a staged image.
    pub const ABORT: &str = "update.abort";
    /// `{}` → `{}`: restarts the machine into the staged image, on trial.
    pub const TRY: &str = "update.try";
    /// `{}` → `{}`: restarts the machine into the other slot's image, on trial, where it holds one that was healthy before.
    pub const ROLLBACK: &str = "update.rollback";
    /// [`super::FactoryReset`] → `{}`: forgets all that was kept and restarts the machine.
    pub const FACTORY_RESET: &str = "update.factory_reset";
    /// [`super::Restart`] → `{}`: restarts or switches off the Pi itself.
    pub const RESTART: &str = "update.restart";
}

/// Most bytes in one `update.write`: a short burst for the router, beside which a key does not wait long.
pub const MAX_CHUNK: usize = 32 * 1024;

/// Most bytes of a bundle's head: magic, signature and manifest.
pub const MAX_HEAD: usize = 16 * 1024;

/// Arguments of `update.begin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Size of the whole bundle, bytes.
    pub size: u64,
    /// Its first bytes, at least the whole head (the head says its own length), at most [`MAX_HEAD`].
    #[serde(with = "serde_bytes")]
    pub head: Vec<u8>,
    /// Take an image that is older than the running one.
    #[serde(default)]
    pub downgrade: bool,
}

/// Whether an image that is older than the running one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downgrade {
    /// The person asked for it.
    Allowed,
    /// Not without being asked.
    Refused,
}

impl From<bool> for Downgrade {
    fn from(asked: bool) -> Self {
        if asked {
            Self::Allowed
        } else {
            Self::Refused
        }
    }
}

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Upload {
    /// Names the upload: made of the manifest, so the same bundle has the same.
    pub id: String,
    /// The next byte of the bundle that is wanted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: u64,
}

/// Arguments of `update.write`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// From `update.begin`.
    pub id: String,
    /// Where the bytes belong in the bundle; must be the wanted offset.
    pub offset: u64,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// An upload by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct UploadRef {
    pub id: String,
}

/// Arguments of `update.factory_reset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactoryReset {
    /// The caller has asked the person: must be `true`.
    pub confirmed: bool,
}

/// What is to become of the Pi itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Power {
    Restart,
    Off,
}

/// Arguments of `update.restart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Restart {
    pub power: Power,
}

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SlotState {
    /// Which.
    pub slot: Slot,
    /// Version of its image; `None` when it holds none that is whole.
    pub version: Option<String>,
    /// It once passed its health check.
    pub healthy: bool,
}

/// One thing that the health check asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Check {
    /// What: `devices`, `gadget`, `hid`, `capture`, `page`, `data`, `image`.
    pub name: String,
    /// Passed.
    pub ok: bool,
    /// What was seen, in words.
    pub detail: String,
}

/// What the update device is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// This machine has no slots: it does not run from a card.
    None,
    /// Nothing.
    Idle,
    /// Bytes come in.
    Receiving {
        /// Of the new image.
        version: String,
        /// Bytes taken.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        bytes: u64,
        /// Bytes in all.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        size: u64,
    },
    /// What was written is read back.
    Verifying {
        /// Of the new image.
        version: String,
    },
    /// The other slot holds a whole new image: `update.try` starts it.
    Staged {
        /// Of the new image.
        version: String,
    },
    /// The machine is about to restart.
    Restarting,
    /// This boot is a trial: committed when all checks pass, else the machine goes back.
    Trial {
        /// What was asked so far.
        checks: Vec<Check>,
        /// Left until it goes back, ms.
        left_ms: u32,
    },
}

/// How the last update ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Outcome {
    /// Which image was tried.
    pub version: String,
    /// It passed and was committed.
    pub committed: bool,
    /// Why not, or what was checked.
    pub reason: String,
}

/// Topic `update.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UpdateState {
    /// What it is at.
    pub stage: Stage,
    /// The slots, A first; empty on a machine without a card.
    pub slots: Vec<SlotState>,
    /// The slot that runs.
    pub running: Option<Slot>,
    /// The slot that the next power-on starts.
    pub committed: Option<Slot>,
    /// How the last one ended.
    pub last: Option<Outcome>,
}
