use crate::{topic::QueueClass, DeviceName, Generation};
use serde::{Deserialize, Serialize};

/// Version of the wire protocol; see [`crate::WIRE_VERSION`] for the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct WireVersion {
    pub major: u16,
    pub minor: u16,
}

/// A topic that a device sends, with the queue class that its readers get it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Produce {
    /// The topic.
    pub topic: String,
    /// How it queues.
    pub class: QueueClass,
}

/// Device to kernel, the first message: request `hello`, answered by [`Welcome`] or by an error with
/// [`Reject`]'s sentence. Due 3 s after the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol that the device was written for.
    pub wire: WireVersion,
    /// What kind of device this is (`hid`, `capture`); for people and logs.
    pub device: String,
    /// The device's own version; for people and logs.
    pub version: String,
    /// Optional abilities, by name.
    #[serde(default)]
    pub features: Vec<String>,
    /// Topics that it wants, exact or ending in `*`. The kernel's configuration decides which it gets.
    #[serde(default)]
    pub consumes: Vec<String>,
    /// Topics that it sends.
    #[serde(default)]
    pub produces: Vec<Produce>,
    /// On the control socket: the names of grants (`[grants.NAME]` of the configuration) that this session is held to, for one that
    /// is opened for somebody else. Without it a session may all that its user may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<String>>,
}

/// What holds on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest frame body, bytes.
    pub frame: u32,
    /// Bytes of shared memory that this device may hold in pools.
    pub memory: u64,
    /// A `ping` unanswered for so long means hung, ms.
    pub heartbeat_ms: u32,
    /// Time until `ready` is due, ms from `welcome`.
    pub ready_ms: u32,
}

/// Kernel to device: the answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The kernel's protocol version.
    pub wire: WireVersion,
    /// The name that the configuration gives this device.
    pub device_id: DeviceName,
    /// How often it was started, from 1.
    pub generation: Generation,
    /// What holds on this connection.
    pub limits: Limits,
    /// Directory of the shared-memory pools: a pool is the file `pool-<id>` in it.
    pub pools: String,
    /// The device's own part of the configuration: a MessagePack map, as bytes.
    #[serde(with = "serde_bytes")]
    pub config: Vec<u8>,
}

/// Why a hello was refused, as the `message` of the error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// What to do about it.
    pub reason: String,
}

/// Device to kernel, event `ready`: it is usable now. Sent again when `degraded` changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ready {
    /// `Some`: running, but not fully; the sentence says what is wrong and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
}

/// Kernel to device, event `goodbye`: finish and exit 0. EOF follows, then SIGTERM, then SIGKILL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// Why.
    pub reason: String,
    /// Time until SIGTERM, ms.
    pub deadline_ms: u32,
}
