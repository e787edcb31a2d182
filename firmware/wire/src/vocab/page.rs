//! What the page and the web device say to each other: JSON on the WebSocket `/api/ws`.
//! Frames travel on a second one, `/api/video`, so that no picture stands before a key.

use super::{
    audio, fetch, gadget, gadget::GadgetState, input, network::NetworkState, peer, power, serial,
    storage, typist, update, usbnet, video,
};
use crate::service::{
    ConfigApplied, ConfigApply, ConfigDraft, ConfigHistory, ConfigRollback, ConfigState,
    ConfigText, ConfigVerdict, DeathRecord, DeviceInfo, KernelInfo, MemoryStats,
};
use crate::{DeviceName, WireError};
use serde::{Deserialize, Serialize};

/// Page → web.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWeb {
    /// Input of this page.
    Input(input::InputState),
    /// Input of this page for the target of another node.
    InputTo {
        /// Which.
        node: String,
        /// As for this one.
        state: input::InputState,
    },
    /// Something to do, answered by [`ToPage::Done`] with the same `id`.
    Do {
        /// Chosen by the page.
        id: u32,
        /// What.
        action: Action,
    },
    /// Round-trip probe, answered by [`ToPage::Pong`].
    Ping {
        /// Given back as it is.
        nonce: u32,
    },
}

/// What a page can ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Action {
    /// Captured size and rate.
    SetMode(video::VideoMode),
    /// JPEG quality and rate.
    SetEncode(video::EncodeSettings),
    /// H.264: most frames and bits a second.
    SetH264(video::H264Settings),
    /// USB soft unplug and plug.
    Replug,
    /// USB soft unplug, or plug.
    Plug(gadget::Plug),
    /// Another USB profile: the target sees one device unplugged and another plugged.
    Profile {
        /// Its name in `gadget.state`.
        profile: String,
    },
    /// Restart a device.
    Restart {
        /// Which.
        device: DeviceName,
    },
    /// The mouse moves to and fro while nobody moves it.
    Jiggle(input::Jiggle),
    /// Presses a button of the target's front panel.
    PowerPress(power::Press),
    /// Wake-on-LAN.
    Wake(power::Wake),
    /// Types a text on the target.
    TypeText(typist::Text),
    /// Whether a text can be typed.
    TypeCheck(typist::Text),
    /// Stops typing.
    TypeCancel,
    /// Keeps a macro.
    MacroPut {
        /// Its name; `name` is the action's.
        which: String,
        /// Its steps.
        text: String,
    },
    /// Forgets a macro.
    MacroRemove {
        /// Its name.
        which: String,
    },
    /// Presses the keys of a macro.
    MacroRun {
        /// Its name.
        which: String,
        /// The target's layout for its texts.
        layout: Option<String>,
    },
    /// Puts an image into a drive of the target.
    StorageAttach(storage::Attach),
    /// Takes out what is in a drive.
    StorageEject(storage::Eject),
    /// Another name for an image.
    StorageRename(storage::Rename),
    /// Deletes an image.
    StorageDelete(storage::ImageRef),
    /// Makes an empty FAT drive.
    StorageDrive(storage::Drive),
    /// Deletes a file from a FAT drive.
    StorageFileRemove(storage::FileRef),
    /// Forgets an unfinished upload.
    StorageAbort(storage::PutRef),
    /// Fetches an image by its URL.
    FetchStart(fetch::Fetch),
    /// Stops fetching.
    FetchCancel,
    /// Writes to the target's serial port.
    SerialWrite(serial::SerialText),
    /// Opens the network by USB, or closes it.
    UsbnetSet(usbnet::UsbnetSet),
    /// Whose sound is heard.
    SoundSource(audio::ChooseSource),
    /// Restarts the Pi into the staged image.
    UpdateTry,
    /// Forgets the upload or the staged image.
    UpdateAbort,
    /// Restarts the Pi into the other slot's image.
    UpdateRollback,
    /// Forgets all that the Pi keeps, and restarts it.
    FactoryReset,
    /// Restarts or switches off the Pi itself.
    NodePower {
        /// Which of them.
        power: update::Power,
    },
    /// Other nodes: pairing, and what they may do here.
    Peers(PeersDo),
    /// The configuration in force, or one of the history, answered in `Done.config`.
    ConfigRead {
        /// Its number in the history.
        number: Option<u32>,
    },
    /// What is wrong with a configuration, answered in `Done.config`.
    ConfigCheck(ConfigDraft),
    /// Applies a configuration, answered in `Done.config`.
    ConfigApply(ConfigApply),
    /// The configuration on trial stays.
    ConfigConfirm {
        /// Which.
        number: u32,
    },
    /// Those kept, answered in `Done.config`.
    ConfigHistory,
    /// Takes back the one on trial, or applies one of the history; answered in `Done.config`.
    ConfigRollback(ConfigRollback),
    /// The death records of a device, answered in `Done.deaths`.
    Deaths {
        /// Which.
        device: DeviceName,
    },
}

/// What a page can do about other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum PeersDo {
    /// Calls one to be paired with; the code comes in its state.
    Pair(peer::PairWith),
    /// The codes were compared.
    Answer(peer::Answer),
    /// By its fingerprint, without a code.
    Authorise(peer::Authorise),
    /// What it may do here.
    Allow(peer::Allow),
    /// Cuts it off.
    Forget(peer::Node),
}

/// Web → page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToPage {
    /// First message: who we are. A changed `kernel.boot` means that the kernel restarted.
    Hello {
        /// The kernel.
        kernel: KernelInfo,
        /// Pages connected, this one included.
        viewers: u32,
    },
    /// Sent at once and on every change, one per device.
    Device(DeviceInfo),
    /// A device is gone from the configuration.
    DeviceGone {
        /// Which.
        name: DeviceName,
    },
    /// A device died.
    Death(DeathRecord),
    /// USB.
    Gadget(GadgetState),
    /// Keyboard and mouse; `None` while hid is not running.
    Hid {
        /// State.
        state: Option<input::HidState>,
    },
    /// Video; `None` while capture is not running.
    Video {
        /// State.
        state: Option<video::VideoState>,
    },
    /// Encoder; `None` while it is not running.
    Encode {
        /// State.
        state: Option<video::EncodeState>,
    },
    /// H.264; `None` while its encoder is not running.
    H264 {
        /// State.
        state: Option<video::H264State>,
    },
    /// Slots and updates; `None` while the update device is not running.
    Update {
        /// State.
        state: Option<update::UpdateState>,
    },
    /// The target's power; `None` while the power device is not running.
    Power {
        /// State.
        state: Option<power::PowerState>,
    },
    /// The node's network; `None` while the network device is not running.
    Network {
        /// State.
        state: Option<NetworkState>,
    },
    /// Text typed on the target; `None` while the typist is not running.
    Typist {
        /// State.
        state: Option<typist::TypistState>,
    },
    /// Sound; `None` while the audio device is not running.
    Audio {
        /// State.
        state: Option<audio::AudioState>,
    },
    /// Images fetched by URL; `None` while the fetch device is not running.
    Fetch {
        /// State.
        state: Option<fetch::FetchState>,
    },
    /// Macros; `None` while the typist is not running.
    Macros {
        /// State.
        state: Option<typist::MacroState>,
    },
    /// Images and drives; `None` while the storage device is not running.
    Storage {
        /// State.
        state: Option<storage::StorageState>,
    },
    /// The target's serial port; `None` while the serial device is not running.
    Serial {
        /// State.
        state: Option<serial::SerialState>,
    },
    /// The network to the target; `None` while the usbnet device is not running.
    Usbnet {
        /// State.
        state: Option<usbnet::UsbnetState>,
    },
    /// The target of another node: what it tells of itself, at once and on every change.
    Target(Box<FarTarget>),
    /// Nothing is known of that node's target any more.
    TargetGone {
        /// Which.
        node: String,
    },
    /// What became of this page's input for another node's target.
    AckFrom {
        /// Which.
        node: String,
        /// As of this one.
        ack: input::InputAck,
    },
    /// Other nodes; `None` while the peer device is not running.
    Peers {
        /// State.
        state: Option<peer::PeerState>,
    },
    /// The configuration: what is in force, what is on trial, how the last change ended.
    Config(ConfigState),
    /// Shared memory, once a second while a page asks for it by being open.
    Memory(MemoryStats),
    /// What became of this page's input.
    Ack(input::InputAck),
    /// Answer to [`ToWeb::Do`].
    Done {
        /// The page's.
        id: u32,
        /// Why not, if not.
        error: Option<WireError>,
        /// For `Deaths`.
        deaths: Option<Vec<DeathRecord>>,
        /// For those of `Config…` that ask for something.
        config: Option<Box<ConfigAnswer>>,
    },
    /// Answer to [`ToWeb::Ping`].
    Pong {
        /// The page's.
        nonce: u32,
    },
    /// Number of pages connected changed.
    Viewers {
        /// How many.
        count: u32,
    },
}

/// What another node tells of its target, as far as it lets this one see it. Each is absent while that device does not run there, or
/// the link does not carry.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FarTarget {
    /// The node, by its name here.
    pub node: String,
    /// Keyboard and mouse.
    pub hid: Option<input::HidState>,
    /// USB.
    pub gadget: Option<GadgetState>,
    /// Video.
    pub video: Option<video::VideoState>,
    /// JPEG.
    pub encode: Option<video::EncodeState>,
    /// H.264.
    pub h264: Option<video::H264State>,
    /// Sound.
    pub audio: Option<audio::AudioState>,
    /// The target's power.
    pub power: Option<power::PowerState>,
    /// The target's keyboard layout, one of the typist's.
    pub layout: Option<String>,
}

/// What is answered about the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConfigAnswer {
    /// To `ConfigRead`.
    Text(ConfigText),
    /// To `ConfigCheck`.
    Verdict(ConfigVerdict),
    /// To `ConfigApply` and `ConfigRollback`.
    Applied(ConfigApplied),
    /// To `ConfigHistory`.
    History(ConfigHistory),
}

/// `/api/session`, `/api/setup` and `/api/login` answer this as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionInfo {
    /// What the page has to show.
    pub state: SessionState,
    /// To be sent as header `x-dkvm-csrf` with every POST and as `?csrf=` with each WebSocket.
    pub csrf: String,
    /// The node's name.
    pub node: String,
}

/// Where a visitor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// No password is set yet: set one.
    Setup,
    /// Log in.
    Login,
    /// Logged in.
    Open,
}

/// Body of `POST /api/setup` and `POST /api/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Password {
    /// At least 8 characters at set-up.
    pub password: String,
}

/// Body of `POST /api/password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PasswordChange {
    /// The one in force.
    pub old: String,
    /// At least 8 characters.
    pub new: String,
}

/// Head of each binary message on `/api/video`, little-endian: sequence u64, captured_ns u64,
/// web's `CLOCK_MONOTONIC` at sending u64 (ns), width u32, height u32; then the JPEG.
/// The page answers each with an empty binary message when it has shown it: one credit. Web sends only with
/// credit (2 at the start), always the newest frame.
pub const VIDEO_HEAD_LEN: usize = 32;

/// With `?codec=h264` each message on `/api/video` is an access unit of H.264 (Annex B) instead of a JPEG. Its head is that of
/// a JPEG and a u32 of flags; the first unit, and the first after any that web left out, has [`VIDEO_KEY`] set. The page
/// answers each message when it has been decoded, as it does JPEGs (8 credits at the start).
pub const VIDEO_UNIT_HEAD_LEN: usize = 36;

/// Flag of a unit that is decoded without any before it.
pub const VIDEO_KEY: u32 = 1;

/// Head of each binary message on `/api/serial`, little-endian: log u32, offset u64; then what the target said. The page
/// names in the query (`log`, `from`) up to where it has them.
pub const SERIAL_HEAD_LEN: usize = 12;
