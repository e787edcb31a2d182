use serde::{Deserialize, Serialize};

/// How the kernel queues events of a topic towards a reader that is slower than the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueClass {
    /// Only the latest per (source, topic) is kept; a new reader gets it at once.
    State,
    /// Lossless and in order; an overflow means that the reader is stalled: it is restarted.
    Input,
    /// The oldest is dropped, its leases released, and the reader told how many (`dropped`).
    Stream,
    /// The oldest is dropped.
    Log,
}

/// The topics of this repository's kernel and devices. Third parties may use any others.
pub mod topics {
    /// Device → kernel, [`crate::Ready`].
    pub const READY: &str = "ready";
    /// Kernel → device, [`crate::Goodbye`].
    pub const GOODBYE: &str = "goodbye";
    /// Kernel → device: events of a stream topic were dropped; [`crate::service::Dropped`].
    pub const DROPPED: &str = "dropped";
    /// Kernel → producer: who wants a topic; [`crate::service::Demand`]. Queue class state.
    pub const DEMAND: &str = "demand";
    /// Consumer → kernel: pauses or resumes a topic; [`crate::service::Want`].
    pub const WANT: &str = "want";
    /// Kernel → producer: leases to write into; [`crate::service::Grant`].
    pub const GRANT: &str = "memory.grant";
    /// Device → kernel: leases no longer used; [`crate::service::Release`].
    pub const RELEASE: &str = "memory.release";
    /// Kernel → sinks: a source is gone, release all that it held; [`crate::service::SourceGone`].
    pub const SOURCE_GONE: &str = "source.gone";
    /// Kernel → subscribers: [`crate::service::DeviceInfo`], one per device and change.
    pub const DEVICE_STATE: &str = "device.state";
    /// Kernel → subscribers: [`crate::service::DeathRecord`].
    pub const DEVICE_DEATH: &str = "device.death";
    /// Kernel → subscribers: [`crate::service::ConfigState`], at once and at every change.
    pub const CONFIG_STATE: &str = "config.state";
    /// Kernel → subscribers: [`crate::service::LogLine`].
    pub const LOG: &str = "log";

    /// gadget → all, state: [`crate::vocab::gadget::GadgetState`].
    pub const GADGET_STATE: &str = "gadget.state";
    /// → hid, input: [`crate::vocab::input::InputState`].
    pub const INPUT: &str = "input.hid";
    /// hid → senders, stream: [`crate::vocab::input::InputAck`].
    pub const INPUT_ACK: &str = "input.ack";
    /// hid → all, state: [`crate::vocab::input::HidState`].
    pub const HID_STATE: &str = "hid.state";
    /// capture → all, state: [`crate::vocab::video::VideoState`].
    pub const VIDEO_STATE: &str = "video.state";
    /// capture → encode, h264, stream, one lease: [`crate::vocab::video::FrameInfo`].
    pub const VIDEO_RAW: &str = "video.raw";
    /// encode → web, stream, one lease: [`crate::vocab::video::FrameInfo`] with format `MJPG`.
    pub const VIDEO_JPEG: &str = "video.jpeg";
    /// encode → web, screen, stream: [`crate::vocab::video::Thumb`], at most one a second and only of what changed.
    pub const VIDEO_THUMB: &str = "video.thumb";
    /// h264 → web, stream, one lease: [`crate::vocab::video::FrameInfo`] with format `H264`: one access unit of Annex B each.
    pub const VIDEO_H264: &str = "video.h264";
    /// h264 → all, state: [`crate::vocab::video::H264State`].
    pub const H264_STATE: &str = "h264.state";
    /// encode → all, state: [`crate::vocab::video::EncodeState`].
    pub const ENCODE_STATE: &str = "encode.state";
    /// update → all, state: [`crate::vocab::update::UpdateState`].
    pub const UPDATE_STATE: &str = "update.state";
    /// power → all, state: [`crate::vocab::power::PowerState`].
    pub const POWER_STATE: &str = "power.state";
    /// network → all, state: [`crate::vocab::network::NetworkState`].
    pub const NETWORK_STATE: &str = "network.state";
    /// audio → web, stream: [`crate::vocab::audio::Speaker`].
    pub const AUDIO_SPEAKER: &str = "audio.speaker";
    /// web → audio, stream: [`crate::vocab::audio::Microphone`].
    pub const AUDIO_MICROPHONE: &str = "audio.microphone";
    /// audio → all, state: [`crate::vocab::audio::AudioState`].
    pub const AUDIO_STATE: &str = "audio.state";
    /// typist → all, state: [`crate::vocab::typist::TypistState`].
    pub const TYPIST_STATE: &str = "typist.state";
    /// usbnet → all, state: [`crate::vocab::usbnet::UsbnetState`].
    pub const USBNET_STATE: &str = "usbnet.state";
    /// fetch → web, state: [`crate::vocab::fetch::FetchState`].
    pub const FETCH_STATE: &str = "fetch.state";
    /// typist → web, state: [`crate::vocab::typist::MacroState`].
    pub const MACRO_STATE: &str = "macro.state";
    /// storage → all, state: [`crate::vocab::storage::StorageState`].
    pub const STORAGE_STATE: &str = "storage.state";
    /// serial → web, stream: [`crate::vocab::serial::SerialOutput`].
    pub const SERIAL_OUTPUT: &str = "serial.output";
    /// serial → all, state: [`crate::vocab::serial::SerialState`].
    pub const SERIAL_STATE: &str = "serial.state";
    /// [`PeerState`](crate::vocab::peer::PeerState): the other nodes.
    pub const PEER_STATE: &str = "peer.state";
    /// [`Announce`](crate::vocab::peer::Announce): what the network is to be told of the peer link.
    pub const PEER_ANNOUNCE: &str = "peer.announce";
    /// input → all, state: [`crate::vocab::desk::DeskState`].
    pub const INPUT_STATE: &str = "input.state";
    /// [`SeenNodes`](crate::vocab::peer::SeenNodes): who is on the network.
    pub const NETWORK_NODES: &str = "network.nodes";
}
