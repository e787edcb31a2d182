//! What a page asks for, done by the kernel or a device.

use crate::state::{Hub, Key};
use dkvm_sdk::CallError;
use dkvm_wire::{
    service::{methods, DeathQuery, DeathRecord, Deaths, Named, Nothing},
    vocab::{gadget, page::Action, power, storage, typist, update, video},
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
const GADGET: About = (Key::Gadget, "gadget");
const POWER: About = (Key::Power, "power");
const TYPIST: About = (Key::Typist, "typist");
const STORAGE: About = (Key::Storage, "storage");
const UPDATE: About = (Key::Update, "update");

/// Does it; the error is a sentence for the person who asked.
pub async fn perform(hub: &Hub, action: Action) -> Result<Option<Vec<DeathRecord>>, WireError> {
    match action {
        Action::Deaths { device } => return deaths(hub, device).await.map(Some),
        Action::Restart { device } => restart(hub, device).await,
        Action::SetMode(mode) => ask(hub, VIDEO, video::methods::SET_MODE, &mode).await,
        Action::SetEncode(to) => ask(hub, ENCODE, video::methods::SET_ENCODE, &to).await,
        Action::Replug => ask(hub, GADGET, gadget::methods::REPLUG, &Nothing {}).await,
        Action::Plug(plug) => ask(hub, GADGET, gadget::methods::PLUG, &plug).await,
        Action::Profile { profile } => {
            let choose = gadget::Choose { name: profile };
            ask_within(
                PROFILE_PATIENCE,
                hub,
                GADGET,
                gadget::methods::PROFILE,
                &choose,
            )
            .await
        }
        Action::PowerPress(press) => ask(hub, POWER, power::methods::PRESS, &press).await,
        Action::Wake(wake) => ask(hub, POWER, power::methods::WAKE, &wake).await,
        Action::TypeText(text) => ask(hub, TYPIST, typist::methods::TYPE, &text).await,
        Action::TypeCheck(text) => ask(hub, TYPIST, typist::methods::CHECK, &text).await,
        Action::TypeCancel => ask(hub, TYPIST, typist::methods::CANCEL, &Nothing {}).await,
        Action::StorageAttach(to) => ask(hub, STORAGE, storage::methods::ATTACH, &to).await,
        Action::StorageEject(of) => ask(hub, STORAGE, storage::methods::EJECT, &of).await,
        Action::StorageRename(to) => ask(hub, STORAGE, storage::methods::RENAME, &to).await,
        Action::StorageDelete(image) => ask(hub, STORAGE, storage::methods::DELETE, &image).await,
        Action::StorageDrive(drive) => ask(hub, STORAGE, storage::methods::DRIVE, &drive).await,
        Action::StorageAbort(put) => ask(hub, STORAGE, storage::methods::PUT_ABORT, &put).await,
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
    .map(|Nothing {}| None)
}

async fn restart(hub: &Hub, device: DeviceName) -> Result<Nothing, WireError> {
    let named = Named { name: device };
    let done = hub.sender().call(methods::DEVICES_RESTART, &named).await;
    done.map_err(CallError::into_wire)
}

async fn deaths(hub: &Hub, device: DeviceName) -> Result<Vec<DeathRecord>, WireError> {
    let query = DeathQuery {
        name: Some(device),
        limit: Some(MAX_DEATHS),
    };
    let found = hub
        .sender()
        .call::<_, Deaths>(methods::DEVICES_DEATHS, &query)
        .await;
    found
        .map(|found| found.deaths)
        .map_err(CallError::into_wire)
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
