//! The WebSockets of a page: control (JSON), and one for each thing that flows.

mod control;
mod frame;
mod link;
mod microphone;
mod pace;
mod purpose;
mod serial;
mod sound;
mod thumbs;
mod units;
mod video;

use crate::{
    app::App,
    auth::token::TokenHash,
    http::{
        api,
        gate::Pass,
        reply::{empty, with, Refusal, Reply},
        router::Visit,
        Io,
    },
    state::Place,
};
use base64::{prelude::BASE64_STANDARD, Engine};
use hyper::{header, upgrade::OnUpgrade, StatusCode};
use hyper_util::rt::TokioIo;
use link::Ending;
use purpose::{Needs, Purpose};
use ring::digest::{digest, SHA1_FOR_LEGACY_USE_ONLY};
use std::sync::Arc;

/// RFC 6455, 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The RFC's `Sec-WebSocket-Key`: 16 bytes in base64.
const KEY_LENGTH: usize = 24;

/// Which socket is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/api/ws`
    Control,
    /// `/api/video`
    Video,
    /// `/api/thumbs`
    Thumbs,
    /// `/api/serial`
    Serial,
    /// `/api/sound`
    Sound,
    /// `/api/microphone`
    Microphone,
}

/// Who opened it.
struct Guest {
    app: Arc<App>,
    session: TokenHash,
    pass: Arc<Pass>,
    needs: Option<Needs>,
}

/// Answers the request for a WebSocket, and serves it.
pub fn upgrade(app: &Arc<App>, mut visit: Visit, kind: Kind) -> Result<Reply, Refusal> {
    let key = handshake_key(&visit)?.to_owned();
    let token = api::from_own_page(&visit, visit.query("csrf"))?;
    if !app.is_open(&token) {
        return Err(Refusal::log_in());
    }
    let (purpose, needs) = purpose::of(app, &visit, kind)?;
    let guest = Guest {
        app: app.clone(),
        session: token.hash(),
        pass: visit.pass.clone(),
        needs,
    };
    tokio::spawn(serve(
        hyper::upgrade::on(&mut visit.request),
        purpose,
        guest,
    ));
    let reply = with(
        empty(StatusCode::SWITCHING_PROTOCOLS),
        header::CONNECTION,
        "Upgrade",
    );
    let reply = with(reply, header::UPGRADE, "websocket");
    Ok(with(reply, header::SEC_WEBSOCKET_ACCEPT, &accept(&key)))
}

fn handshake_key(visit: &Visit) -> Result<&str, Refusal> {
    let names = |name, word: &str| {
        visit.header(name).is_some_and(|value| {
            value
                .split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(word))
        })
    };
    let asked = names(header::UPGRADE, "websocket") && names(header::CONNECTION, "upgrade");
    let version = visit.header(header::SEC_WEBSOCKET_VERSION) == Some("13");
    let key = visit
        .header(header::SEC_WEBSOCKET_KEY)
        .filter(|key| key.len() == KEY_LENGTH);
    match key.filter(|_| asked && version) {
        Some(key) => Ok(key),
        None => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "this address takes WebSockets (version 13) only: see docs/web-api.md",
        )),
    }
}

fn accept(key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    BASE64_STANDARD.encode(hash)
}

async fn serve(upgrade: OnUpgrade, purpose: Purpose, guest: Guest) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<Io>>() else {
        return;
    };
    let (io, early) = (parts.io.into_inner(), parts.read_buf);
    let (read, mut write) = tokio::io::split(io);
    let mut reader = link::Reader::new(read, &early);
    let ending = tokio::select! {
        ending = run(purpose, &mut reader, &mut write, &guest) => ending,
        () = guest.app.session_over(Some(guest.session)) => Ending::session_over(),
        () = guest.app.leaving() => Ending::leaving(),
        ending = Needs::denied(guest.needs.as_ref(), &guest.app) => ending,
    };
    ending.log(&guest.pass.source);
    link::close(reader.into_inner().unsplit(write), ending).await;
}

async fn run(
    purpose: Purpose,
    reader: &mut link::Read,
    write: &mut link::Write,
    guest: &Guest,
) -> Ending {
    match purpose {
        Purpose::Control(page) => control::run(page, reader, write, &guest.app).await,
        Purpose::Video(viewer) => video::run(viewer, reader, write).await,
        Purpose::Units(viewer) => units::run(viewer, reader, write).await,
        Purpose::Thumbs(overview) => thumbs::run(overview, reader, write).await,
        Purpose::Serial(reading, at) => {
            serial::run(reading, at, reader, write, &guest.app.hub).await
        }
        Purpose::Sound(listener) => sound::listen(listener, reader, write).await,
        Purpose::Microphone(Place::Here, who) => {
            microphone::speak(who, reader, write, &guest.app).await
        }
        Purpose::Microphone(Place::At(node), who) => {
            microphone::speak_to(&node, who, reader, write, &guest.app).await
        }
        Purpose::Nothing(ending) => ending,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_answer_to_the_rfcs_key_is_the_rfcs() {
        assert_eq!(
            super::accept("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
