//! What a page asks for, done by the kernel or a device.

use crate::state::{Hub, Key};
use dkvm_sdk::CallError;
use dkvm_wire::{
    service::{methods, DeathQuery, DeathRecord, Deaths, Named, Nothing},
    vocab::{gadget, page::Action, video},
    WireError,
};
use serde::Serialize;

/// Death records that a page shows of one device.
const MAX_DEATHS: u32 = 32;

/// Does it; the error is a sentence for the person who asked.
pub async fn perform(hub: &Hub, action: Action) -> Result<Option<Vec<DeathRecord>>, WireError> {
    match action {
        Action::SetMode(mode) => {
            ask(
                hub,
                (Key::Video, "capture"),
                video::methods::SET_MODE,
                &mode,
            )
            .await
        }
        Action::SetEncode(settings) => {
            ask(
                hub,
                (Key::Encode, "encode"),
                video::methods::SET_ENCODE,
                &settings,
            )
            .await
        }
        Action::Replug => {
            ask(
                hub,
                (Key::Gadget, "gadget"),
                gadget::methods::REPLUG,
                &Nothing {},
            )
            .await
        }
        Action::Restart { device } => {
            let done = hub
                .sender()
                .call::<_, Nothing>(methods::DEVICES_RESTART, &Named { name: device })
                .await;
            done.map(|_| None).map_err(CallError::into_wire)
        }
        Action::Deaths { device } => {
            let query = DeathQuery {
                name: Some(device),
                limit: Some(MAX_DEATHS),
            };
            let found = hub
                .sender()
                .call::<_, Deaths>(methods::DEVICES_DEATHS, &query)
                .await;
            found
                .map(|found| Some(found.deaths))
                .map_err(CallError::into_wire)
        }
    }
}

/// Asks the device that told its state under `about`.
async fn ask<B: Serialize>(
    hub: &Hub,
    about: (Key, &str),
    method: &str,
    body: &B,
) -> Result<Option<Vec<DeathRecord>>, WireError> {
    let device = hub.device_of(&about.0, about.1);
    let done = hub
        .sender()
        .call::<_, Nothing>(&format!("{device}/{method}"), body)
        .await;
    done.map(|_| None)
        .map_err(|error| error.into_wire().about(device))
}
