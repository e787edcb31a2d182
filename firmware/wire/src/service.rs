//! The kernel's own services: methods (requests to the kernel) and the bodies of its own topics.
//!
//! A method without a `/` is the kernel's. `device/method` is forwarded to that device when the
//! configuration's `calls` of the asker names it; the body is not looked into.

use crate::{lease::LeaseRef, DeviceName, ErrorCode, Generation, LeaseId, PoolId, SourceName};
use serde::{Deserialize, Serialize};

mod config;
pub use config::*;

/// Names of the kernel's methods. Arguments → result in each line.
pub mod methods {
    /// [`crate::Hello`] → [`crate::Welcome`]
    pub const HELLO: &str = "hello";
    /// Kernel → device: `{}` → `{}`. Answered by the device's event loop itself, not by a helper thread.
    pub const PING: &str = "ping";
    /// `{}` → [`super::KernelInfo`]
    pub const KERNEL_INFO: &str = "kernel.info";
    /// `{}` → [`super::DeviceList`]
    pub const DEVICES_LIST: &str = "devices.list";
    /// [`super::Named`] → [`super::DeviceInfo`]
    pub const DEVICES_GET: &str = "devices.get";
    /// [`super::Named`] → `{}`; needs `control`
    pub const DEVICES_START: &str = "devices.start";
    /// [`super::Named`] → `{}`; needs `control`
    pub const DEVICES_STOP: &str = "devices.stop";
    /// [`super::Named`] → `{}`; needs `control`
    pub const DEVICES_RESTART: &str = "devices.restart";
    /// [`super::DeathQuery`] → [`super::Deaths`]
    pub const DEVICES_DEATHS: &str = "devices.deaths";
    /// [`super::Subscribe`] → `{}`: the kernel's own topics (`device.*`, `log`) on this connection.
    pub const EVENTS_SUBSCRIBE: &str = "events.subscribe";
    /// [`super::LogQuery`] → [`super::LogLines`]: the last lines kept.
    pub const LOG_TAIL: &str = "log.tail";
    /// `{}` → [`super::Applied`]: reads the configuration file again and applies the difference; needs `control`
    pub const CONFIG_RELOAD: &str = "config.reload";
    /// [`super::ConfigNumber`] → [`super::ConfigText`]: the one in force, or one of the history; needs `control`
    pub const CONFIG_READ: &str = "config.read";
    /// [`super::ConfigDraft`] → [`super::ConfigVerdict`]: all that is wrong with a text; needs `control`
    pub const CONFIG_CHECK: &str = "config.check";
    /// [`super::ConfigApply`] → [`super::ConfigApplied`]: on trial from then on; needs `control`
    pub const CONFIG_APPLY: &str = "config.apply";
    /// [`super::ConfigConfirm`] → [`super::ConfigState`]: it stays; needs `control`
    pub const CONFIG_CONFIRM: &str = "config.confirm";
    /// `{}` → [`super::ConfigHistory`]; needs `control`
    pub const CONFIG_HISTORY: &str = "config.history";
    /// [`super::ConfigRollback`] → [`super::ConfigApplied`]; needs `control`
    pub const CONFIG_ROLLBACK: &str = "config.rollback";
    /// `{}` → [`super::ConfigState`]
    pub const CONFIG_STATE: &str = "config.state";
    /// [`super::Restart`] → `{}`: ends all devices, then restarts the machine; needs `system`
    pub const SYSTEM_RESTART: &str = "system.restart";
    /// [`super::PoolRequest`] → [`super::PoolInfo`]: a pool of slots with a pre-granted window.
    pub const MEMORY_POOL: &str = "memory.pool";
    /// [`super::PoolId`](crate::PoolId) in [`super::PoolRef`] → `{}`: no more grants; the file goes when its last lease ends.
    pub const MEMORY_CLOSE: &str = "memory.close";
    /// [`super::PoolRef`] → [`super::Grant`] of one lease, beyond the window.
    pub const MEMORY_ALLOCATE: &str = "memory.allocate";
    /// [`super::LeaseArg`] → `{}`: one more count on a lease that the caller holds.
    pub const MEMORY_RETAIN: &str = "memory.retain";
    /// [`super::LockArg`] → `{}`: a lease that the caller means to hold long: its hold limit becomes `hold_ms`.
    pub const MEMORY_LOCK: &str = "memory.lock";
    /// [`super::Release`] → `{}`; the event of the same name does it without an answer.
    pub const MEMORY_RELEASE: &str = "memory.release";
    /// `{}` → [`super::MemoryStats`]
    pub const MEMORY_STATS: &str = "memory.stats";
}

/// An empty body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Nothing {}

/// A device by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Named {
    pub name: DeviceName,
}

/// What the kernel says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct KernelInfo {
    /// Release.
    pub version: String,
    /// Host name of the node.
    pub node: String,
    /// Since the kernel's start, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub uptime_ms: u64,
    /// Random per start, so a reader sees that the kernel restarted.
    pub boot: String,
    /// The image that runs; `None` on a machine that does not run from a card of ours.
    #[serde(default)]
    pub image: Option<ImageInfo>,
    /// What was ignored or could not be done at the start, a sentence each.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Only the devices with `safe = true` run, because the kernel ended uncleanly too often.
    #[serde(default)]
    pub safe_mode: bool,
}

/// One of the two places for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Slot {
    A,
    B,
}

impl Slot {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// The image that a machine runs; part of `/run/dkvm/boot/info.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImageInfo {
    /// `rpi4`, `zero2w`, `qemu`, `lab`.
    pub board: String,
    /// Release.
    pub version: String,
    /// The slot that runs.
    pub slot: Slot,
    /// The slot that the next power-on starts; another one than `slot` makes this boot a trial.
    pub committed: Slot,
    /// What is kept is on the card; else it is in memory and a notice says why.
    pub persistent: bool,
}

/// `/run/dkvm/boot/info.json`: what `dkvm boot` leaves for the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BootInfo {
    /// The image, where there is a card.
    pub image: Option<ImageInfo>,
    /// A sentence each.
    pub notices: Vec<String>,
    /// Boots since the last one that was healthy for a minute, this one included.
    pub unhealthy_boots: u32,
    /// The card's block device (`/dev/mmcblk0`), where there is a card.
    pub card: Option<String>,
}

/// How the machine restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartHow {
    /// Into the committed slot.
    Restart,
    /// Into the other slot, once.
    Trial,
    /// Not at all: off.
    PowerOff,
}

/// Arguments of `system.restart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// How.
    pub how: RestartHow,
    /// For the log.
    pub reason: String,
}

/// What a device should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// Running.
    Up,
    /// Stopped by a person.
    Down,
    /// Not started because the configuration says `enabled = false`.
    Held,
}

/// Where a device is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No process, none wanted, or waiting for a dependency.
    Stopped,
    /// Process started, no hello yet.
    Starting,
    /// Welcomed, not ready yet.
    Preparing,
    /// Ready.
    Running,
    /// Ready, with a sentence on what is missing.
    Degraded,
    /// Told to end.
    Stopping,
    /// Waits before the next start.
    Backoff,
    /// Given up (or waiting long); needs a person, a config change or hot-plug.
    Failed,
}

/// One device as the kernel sees it; also the body of topic `device.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeviceInfo {
    /// Its name.
    pub name: DeviceName,
    /// What it should be.
    pub desired: Desired,
    /// What it is.
    pub phase: Phase,
    /// What is wrong and what to do, when there is something to say.
    #[serde(default)]
    pub detail: Option<String>,
    /// How often it was started.
    pub generation: Generation,
    /// Process id, while there is one.
    #[serde(default)]
    pub pid: Option<u32>,
    /// Since `ready`, ms; 0 when it is not.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub uptime_ms: u64,
    /// Deaths that were not asked for, since the kernel's start.
    pub deaths: u32,
    /// Events routed from it since the kernel's start.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub events_out: u64,
    /// Events routed to it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub events_in: u64,
    /// Events with leases (frames) routed from it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub frames_out: u64,
    /// Stream events dropped on the way to it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub dropped: u64,
    /// Resident memory, bytes; 0 when unknown.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rss: u64,
    /// Leases it holds now.
    pub leases: u32,
}

/// All devices, in the order of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DeviceList {
    pub devices: Vec<DeviceInfo>,
}

/// Evidence of one unasked-for end of a process; also the body of topic `device.death`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DeathRecord {
    /// Which device.
    pub name: DeviceName,
    /// Which life of it.
    pub generation: Generation,
    /// Wall clock, ms since 1970; wrong on a Pi without time, hence also `at_uptime_ms`.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_unix_ms: u64,
    /// The kernel's uptime, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_uptime_ms: u64,
    /// How long that life was, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub lived_ms: u64,
    /// One sentence: what happened (`killed by SIGKILL`, `did not answer for 2000 ms`, `exit code 70`).
    pub cause: String,
    /// Its last log lines, oldest first, at most 64.
    pub log: Vec<String>,
}

/// Which deaths: all devices or one, the newest `limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct DeathQuery {
    #[serde(default)]
    pub name: Option<DeviceName>,
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Deaths {
    pub deaths: Vec<DeathRecord>,
}

/// The kernel's own topics that a connection wants: `device.state`, `device.death`, `log`, `config.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Subscribe {
    pub topics: Vec<String>,
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// One line of the log. A device writes `<level> text` to stderr (`<warn> no signal`); a line without
/// a level is `info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LogLine {
    /// The kernel's uptime, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_uptime_ms: u64,
    /// Who: a device's name or `kernel`.
    pub device: String,
    /// Its generation; 0 for the kernel.
    pub generation: Generation,
    /// How grave.
    pub level: Level,
    /// The line, at most 1 KiB.
    pub text: String,
}

/// The last lines: of one device or all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LogQuery {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LogLines {
    pub lines: Vec<LogLine>,
}

/// What a configuration change did to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct Applied {
    pub started: Vec<DeviceName>,
    pub stopped: Vec<DeviceName>,
    pub restarted: Vec<DeviceName>,
}

/// Topic `dropped`: so many events of a stream were dropped before the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Dropped {
    pub topic: String,
    pub count: u64,
}

/// Topic `demand`, to a producer: how many running readers want its topic now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Demand {
    pub topic: String,
    pub readers: u32,
    /// To a gateway alone, for topics of every class: whose topic, `node/device`, or `*/device` where a route means any node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// Topic `want`, from a consumer: pause (`false`) or resume a topic that is routed to it.
/// A new connection wants all that is routed to it, except stream topics, which it must ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Want {
    pub topic: String,
    pub want: bool,
    /// Of this source alone (a device, `node/device`): without it of all that are routed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// Topic `source.gone`: a device that could hold things (keys, focus) in this one is gone. A gateway says it to the kernel of a device
/// of another node, which passes it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SourceGone {
    pub source: SourceName,
    pub generation: Generation,
}

/// A pool of `slots` slots of at least `slot_size` bytes each, rounded up to pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolRequest {
    /// Payload bytes per slot.
    pub slot_size: u64,
    /// Slots, 2 to 64.
    pub slots: u32,
    /// Free slots that the kernel keeps granted ahead, 1 to 4.
    pub window: u32,
}

/// A new pool. The file's own header holds its geometry; see [`crate::service::layout`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolInfo {
    /// Its id; the file is `pool-<id>` in the directory of `welcome`.
    pub pool: PoolId,
    /// Bytes that a slot really holds.
    pub slot_size: u64,
    /// Slots.
    pub slots: u32,
    /// The first window.
    pub leases: Vec<LeaseRef>,
}

/// A pool by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PoolRef {
    pub pool: PoolId,
}

/// Leases to write into (`length` is 0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Grant {
    pub leases: Vec<LeaseRef>,
}

/// One lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LeaseArg {
    pub lease: LeaseId,
}

/// A lease and how long its holder may keep it, ms, at most 1 hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LockArg {
    pub lease: LeaseId,
    pub hold_ms: u32,
}

/// Gives back one count on each lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Release {
    pub leases: Vec<LeaseId>,
}

/// Shared memory as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemoryStats {
    /// Bytes of all pools.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Bytes allowed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub budget: u64,
    /// Pools alive.
    pub pools: u32,
    /// Leases out, grants included.
    pub leases: u32,
    /// Grants that wait to be written by their producers.
    pub granted: u32,
}

/// Used by both sides when an error is made from a code alone.
pub fn sentence(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadRequest => "the request does not fit the method",
        ErrorCode::UnknownMethod => "no such method",
        ErrorCode::NotFound => "no such thing",
        ErrorCode::Forbidden => {
            "the configuration does not allow this call: add it to the device's `calls`"
        }
        ErrorCode::Unavailable => "the device is not running",
        ErrorCode::Timeout => "the device did not answer in time",
        ErrorCode::Exhausted => "no room left",
        ErrorCode::Conflict => "not in the present state",
        ErrorCode::Hardware => "the hardware refused",
        ErrorCode::Internal => "a fault inside the device",
    }
}

/// How a pool's file is laid out. Little-endian, offsets in bytes.
///
/// Page 0: the pool header at 0, then one slot header of 64 bytes per slot from offset 64.
/// Slot `i`'s payload begins at `data_offset + i * stride`; both are multiples of the page size.
///
/// Pool header: magic `dKVMpool` (8), layout version u32, slots u32, stride u64, data_offset u64.
/// Slot header: magic u32, layout u32, lease u64, length u64, rest zero. The producer writes it before it publishes.
pub mod layout {
    /// First 8 bytes of a pool file.
    pub const POOL_MAGIC: [u8; 8] = *b"dKVMpool";
    /// Version of the layout.
    pub const LAYOUT_VERSION: u32 = 1;
    /// Bytes per header, the pool's and each slot's.
    pub const HEADER_LEN: usize = 64;
    /// First 4 bytes of a slot header.
    pub const SLOT_MAGIC: u32 = 0x544c_536b;
    /// Page size that offsets are multiples of.
    pub const PAGE: u64 = 4096;
    /// Most slots in a pool: one page of headers.
    pub const MAX_SLOTS: u32 = 63;
}
