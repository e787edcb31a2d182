//! What a page asks for, done by the kernel or a device.

use crate::{
    configuration,
    state::{Hub, Key},
};
use dkvm_sdk::CallError;
use dkvm_wire::{
    service::{methods, DeathQuery, DeathRecord, Deaths, Named, Nothing},
    vocab::{
        audio, fetch, gadget, input,
        page::{Action, ConfigAnswer, PeersDo},
        peer, power, serial, storage, typist, update, usbnet, video,
    },
    DeviceName, WireError,
};
use serde::Serialize;
use std::time::Duration;

/// Death records that a page shows of one device.
const MAX_DEATHS: u32 = 32;

/// How long a device has for an answer, as the SDK's own calls.
const USUAL_PATIENCE: Duration = Duration::from_secs(5);
/// How long another USB profile may take: half a second, but on a machine with much to do Linux takes seconds to build it, and
/// once more when the old one has to come back. A page gives up after 10 s.
const PROFILE_PATIENCE: Duration = Duration::from_secs(9);

/// The subject under which a device tells its state, and the name it has unless the configuration says otherwise.
type About = (Key, &'static str);

const VIDEO: About = (Key::Video, "capture");
const ENCODE: About = (Key::Encode, "encode");
const H264: About = (Key::H264, "h264");
const GADGET: About = (Key::Gadget, "gadget");
const HID: About = (Key::Hid, "hid");
const POWER: About = (Key::Power, "power");
const TYPIST: About = (Key::Typist, "typist");
const STORAGE: About = (Key::Storage, "storage");
const AUDIO: About = (Key::Audio, "audio");
const USBNET: About = (Key::Usbnet, "usbnet");
const FETCH: About = (Key::Fetch, "fetch");
const SERIAL: About = (Key::Serial, "serial");
const PEER: About = (Key::Peers, "peer");
const UPDATE: About = (Key::Update, "update");

/// What a page is answered beside that it was done.
#[derive(Debug, Default)]
pub struct Answer {
    /// To `Deaths`.
    pub deaths: Option<Vec<DeathRecord>>,
    /// To what asks about the configuration.
    pub config: Option<Box<ConfigAnswer>>,
}

impl From<ConfigAnswer> for Answer {
    fn from(answer: ConfigAnswer) -> Self {
        Self {
            config: Some(Box::new(answer)),
            ..Self::default()
        }
    }
}

/// Does it; the error is a sentence for the person who asked.
pub async fn perform(hub: &Hub, action: Action) -> Result<Answer, WireError> {
    match action {
        Action::Deaths { device } => return deaths(hub, device).await,
        Action::ConfigRead { number } => return configuration::read(hub, number).await,
        Action::ConfigCheck(draft) => return configuration::check(hub, &draft).await,
        Action::ConfigApply(apply) => return configuration::apply(hub, &apply).await,
        Action::ConfigHistory => return configuration::history(hub).await,
        Action::ConfigRollback(to) => return configuration::rollback(hub, &to).await,
        Action::ConfigConfirm { number } => configuration::confirm(hub, number).await,
        Action::Restart { device } => restart(hub, device).await,
        Action::Peers(what) => peers(hub, what).await,
        Action::SetMode(mode) => ask(hub, VIDEO, video::methods::SET_MODE, &mode).await,
        Action::SetEncode(to) => ask(hub, ENCODE, video::methods::SET_ENCODE, &to).await,
        Action::SetH264(to) => ask(hub, H264, video::methods::SET_H264, &to).await,
        Action::Replug => ask(hub, GADGET, gadget::methods::REPLUG, &Nothing {}).await,
        Action::Plug(plug) => ask(hub, GADGET, gadget::methods::PLUG, &plug).await,
        Action::Profile { profile } => choose_profile(hub, profile).await,
        Action::Jiggle(every) => ask(hub, HID, input::methods::JIGGLE, &every).await,
        Action::PowerPress(press) => ask(hub, POWER, power::methods::PRESS, &press).await,
        Action::Wake(wake) => ask(hub, POWER, power::methods::WAKE, &wake).await,
        Action::TypeText(text) => ask(hub, TYPIST, typist::methods::TYPE, &text).await,
        Action::TypeCheck(text) => ask(hub, TYPIST, typist::methods::CHECK, &text).await,
        Action::TypeCancel => ask(hub, TYPIST, typist::methods::CANCEL, &Nothing {}).await,
        Action::MacroPut { which, text } => macro_put(hub, which, text).await,
        Action::MacroRemove { which } => macro_remove(hub, which).await,
        Action::MacroRun { which, layout } => macro_run(hub, which, layout).await,
        Action::StorageAttach(to) => ask(hub, STORAGE, storage::methods::ATTACH, &to).await,
        Action::StorageEject(of) => ask(hub, STORAGE, storage::methods::EJECT, &of).await,
        Action::StorageRename(to) => ask(hub, STORAGE, storage::methods::RENAME, &to).await,
        Action::StorageDelete(image) => ask(hub, STORAGE, storage::methods::DELETE, &image).await,
        Action::StorageDrive(drive) => ask(hub, STORAGE, storage::methods::DRIVE, &drive).await,
        Action::StorageFileRemove(file) => {
            ask(hub, STORAGE, storage::methods::FILES_REMOVE, &file).await
        }
        Action::StorageAbort(put) => ask(hub, STORAGE, storage::methods::PUT_ABORT, &put).await,
        Action::UsbnetSet(set) => ask(hub, USBNET, usbnet::methods::SET, &set).await,
        Action::SoundSource(to) => ask(hub, AUDIO, audio::methods::SOURCE, &to).await,
        Action::FetchStart(what) => ask(hub, FETCH, fetch::methods::START, &what).await,
        Action::FetchCancel => ask(hub, FETCH, fetch::methods::CANCEL, &Nothing {}).await,
        Action::SerialWrite(write) => serial_write(hub, write).await,
        Action::UpdateTry => ask(hub, UPDATE, update::methods::TRY, &Nothing {}).await,
        Action::UpdateAbort => ask(hub, UPDATE, update::methods::ABORT, &Nothing {}).await,
        Action::UpdateRollback => ask(hub, UPDATE, update::methods::ROLLBACK, &Nothing {}).await,
        Action::FactoryReset => {
            let reset = update::FactoryReset { confirmed: true };
            ask(hub, UPDATE, update::methods::FACTORY_RESET, &reset).await
        }
        Action::NodePower { power } => {
            let restart = update::Restart { power };
            ask(hub, UPDATE, update::methods::RESTART, &restart).await
        }
    }
    .map(|Nothing {}| Answer::default())
}

async fn choose_profile(hub: &Hub, name: String) -> Result<Nothing, WireError> {
    let (method, choose) = (gadget::methods::PROFILE, gadget::Choose { name });
    ask_within(PROFILE_PATIENCE, hub, GADGET, method, &choose).await
}

/// A call to another node is answered when it is begun: its code comes in the state.
async fn peers(hub: &Hub, what: PeersDo) -> Result<Nothing, WireError> {
    match what {
        PeersDo::Pair(with) => {
            let device = hub.device_of(&PEER.0, PEER.1);
            let method = format!("{device}/{}", peer::methods::PAIR);
            let begun = hub.sender().call::<_, peer::PairingId>(&method, &with);
            let begun = begun.await.map_err(|e| e.into_wire().about(device));
            begun.map(|_| Nothing {})
        }
        PeersDo::Answer(answer) => ask(hub, PEER, peer::methods::ANSWER, &answer).await,
        PeersDo::Authorise(node) => ask(hub, PEER, peer::methods::AUTHORISE, &node).await,
        PeersDo::Allow(allow) => ask(hub, PEER, peer::methods::ALLOW, &allow).await,
        PeersDo::Forget(node) => ask(hub, PEER, peer::methods::FORGET, &node).await,
    }
}

async fn macro_put(hub: &Hub, name: String, text: String) -> Result<Nothing, WireError> {
    let one = typist::Macro { name, text };
    ask(hub, TYPIST, typist::methods::MACRO_PUT, &one).await
}

async fn macro_remove(hub: &Hub, name: String) -> Result<Nothing, WireError> {
    let one = typist::MacroRef { name };
    ask(hub, TYPIST, typist::methods::MACRO_REMOVE, &one).await
}

async fn macro_run(hub: &Hub, name: String, layout: Option<String>) -> Result<Nothing, WireError> {
    let run = typist::MacroRun {
        name,
        layout,
        pace_ms: None,
    };
    ask(hub, TYPIST, typist::methods::MACRO_RUN, &run).await
}

async fn serial_write(hub: &Hub, typed: serial::SerialText) -> Result<Nothing, WireError> {
    let data = typed.text.into_bytes();
    let write = serial::SerialWrite { data };
    ask(hub, SERIAL, serial::methods::WRITE, &write).await
}

async fn restart(hub: &Hub, device: DeviceName) -> Result<Nothing, WireError> {
    let named = Named { name: device };
    let done = hub.sender().call(methods::DEVICES_RESTART, &named).await;
    done.map_err(CallError::into_wire)
}

async fn deaths(hub: &Hub, device: DeviceName) -> Result<Answer, WireError> {
    let query = DeathQuery {
        name: Some(device),
        limit: Some(MAX_DEATHS),
    };
    let found = hub
        .sender()
        .call::<_, Deaths>(methods::DEVICES_DEATHS, &query)
        .await;
    let deaths = Some(found.map_err(CallError::into_wire)?.deaths);
    Ok(Answer {
        deaths,
        ..Answer::default()
    })
}

/// Asks the device that told its state under `about`.
async fn ask<B: Serialize>(
    hub: &Hub,
    about: About,
    method: &str,
    body: &B,
) -> Result<Nothing, WireError> {
    ask_within(USUAL_PATIENCE, hub, about, method, body).await
}

async fn ask_within<B: Serialize>(
    patience: Duration,
    hub: &Hub,
    (key, usual): About,
    method: &str,
    body: &B,
) -> Result<Nothing, WireError> {
    let device = hub.device_of(&key, usual);
    let method = format!("{device}/{method}");
    let done = hub.sender().call_within(patience, &method, body).await;
    done.map_err(|error| error.into_wire().about(device))
}

/// The pages' H.264 is to begin anew for somebody.
pub async fn key_frame(hub: &Hub) -> Result<Nothing, WireError> {
    ask(hub, H264, video::methods::KEY_FRAME, &Nothing {}).await
}

/// What the pages' links carry.
pub async fn link_load(hub: &Hub, load: &video::LinkLoad) -> Result<Nothing, WireError> {
    ask(hub, H264, video::methods::LINK, load).await
}

/// What the links of the pages carry that watch another node's pictures: that node's encoder is told through this one's peer.
pub async fn far_link_load(hub: &Hub, pace: &peer::Pace) -> Result<Nothing, WireError> {
    ask(hub, PEER, peer::methods::PACE, pace).await
}

/// A page's microphone opens; refused while another one is open.
pub async fn open_microphone(hub: &Hub, who: &audio::MicrophoneRef) -> Result<Nothing, WireError> {
    ask(hub, AUDIO, audio::methods::MICROPHONE_OPEN, who).await
}

/// It closes.
pub async fn close_microphone(hub: &Hub, who: &audio::MicrophoneRef) -> Result<Nothing, WireError> {
    ask(hub, AUDIO, audio::methods::MICROPHONE_CLOSE, who).await
}
