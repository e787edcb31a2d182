//! What a socket is opened for, and whose target it is about.

use super::{link::Ending, serial, Kind};
use crate::{
    app::App,
    clock::Moment,
    http::{reply::Refusal, router::Visit},
    state::{Lacks, Listener, Overview, Page, Place, Reading, UnitViewer, Viewer},
};
use dkvm_wire::{
    is_node_name,
    vocab::{audio::MicrophoneRef, peer::Grant, serial::HistoryFrom},
};
use hyper::StatusCode;
use std::{fmt::Display, sync::Arc};

/// Taken before the upgrade so that there is room for it after.
pub enum Purpose {
    /// News and input.
    Control(Page),
    /// JPEGs.
    Video(Viewer),
    /// H.264.
    Units(UnitViewer),
    /// All targets, small.
    Thumbs(Overview),
    /// The serial port.
    Serial(Reading, HistoryFrom),
    /// What the target plays.
    Sound(Listener),
    /// What it is to hear.
    Microphone(Place, MicrophoneRef),
    /// It cannot be: a page learns why from the end of its socket alone.
    Nothing(Ending),
}

/// What another node has to go on allowing while a socket is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    node: String,
    grants: &'static [Grant],
}

impl Needs {
    /// Completes when it does not any more; never for what needs no other node.
    pub async fn denied(needs: Option<&Self>, app: &App) -> Ending {
        match needs {
            Some(needs) => ending(&app.hub.denied(&needs.node, needs.grants).await),
            None => std::future::pending().await,
        }
    }
}

fn ending(lacks: &Lacks) -> Ending {
    match lacks.passes() {
        true => Ending::later(lacks.to_string()),
        false => Ending::policy(lacks.to_string()),
    }
}

/// What a request asks for.
pub fn of(app: &Arc<App>, visit: &Visit, kind: Kind) -> Result<(Purpose, Option<Needs>), Refusal> {
    let place = place(visit, kind)?;
    let needs = needs(&place, kind);
    let denied = needs
        .as_ref()
        .and_then(|needs| app.hub.allows(&needs.node, needs.grants).err());
    let purpose = match denied {
        Some(lacks) => Purpose::Nothing(ending(&lacks)),
        None => open(app, visit, kind, &place)?,
    };
    Ok((purpose, needs))
}

/// Whose target, for those that have one.
fn place(visit: &Visit, kind: Kind) -> Result<Place, Refusal> {
    match (kind, visit.query("node")) {
        (Kind::Control | Kind::Serial | Kind::Thumbs, _) | (_, None) => Ok(Place::Here),
        (_, Some(node)) if is_node_name(node) => Ok(Place::At(node.to_owned())),
        (_, Some(_)) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "node= is no name of a node: 1 to 63 of a-z, 0-9 and '-'",
        )),
    }
}

fn needs(place: &Place, kind: Kind) -> Option<Needs> {
    let Place::At(node) = place else { return None };
    let grants: &[Grant] = match kind {
        // Whether it is heard there, only its state says, and that is shown to who may `view`.
        Kind::Microphone => &[Grant::View, Grant::Type],
        _ => &[Grant::View],
    };
    let node = node.clone();
    Some(Needs { node, grants })
}

fn open(app: &Arc<App>, visit: &Visit, kind: Kind, place: &Place) -> Result<Purpose, Refusal> {
    let full = |why: &dyn Display| full(place, why);
    match kind {
        Kind::Control => app
            .hub
            .open()
            .map_or_else(|e| full(&e), |page| Ok(Purpose::Control(page))),
        Kind::Video => video(app, visit, place),
        Kind::Thumbs => {
            let overview = app.streams.thumbs.look();
            overview.map_or_else(|e| full(&e), |overview| Ok(Purpose::Thumbs(overview)))
        }
        Kind::Serial => {
            let at = serial::wanted(visit.query("log"), visit.query("from"));
            let reading = app.serial.read();
            reading.map_or_else(|e| full(&e), |reading| Ok(Purpose::Serial(reading, at)))
        }
        Kind::Sound => match app.streams.sounds(place) {
            Ok(sounds) => sounds
                .listen()
                .map_or_else(|e| full(&e), |listener| Ok(Purpose::Sound(listener))),
            Err(error) => full(&error),
        },
        Kind::Microphone => microphone(visit).map(|who| Purpose::Microphone(place.clone(), who)),
    }
}

/// In the codec that the page asks for.
fn video(app: &Arc<App>, visit: &Visit, place: &Place) -> Result<Purpose, Refusal> {
    match visit.query("codec") {
        None | Some("jpeg") => match app.streams.pictures(place) {
            Ok(pictures) => pictures
                .watch()
                .map_or_else(|e| full(place, &e), |viewer| Ok(Purpose::Video(viewer))),
            Err(error) => full(place, &error),
        },
        Some("h264") => match app.streams.units(place) {
            Ok(units) => units
                .watch(Moment::now())
                .map_or_else(|e| full(place, &e), |viewer| Ok(Purpose::Units(viewer))),
            Err(error) => full(place, &error),
        },
        Some(_) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "there is no such codec: use codec=jpeg or codec=h264",
        )),
    }
}

/// Of this node's own target it is told by the status, of another's as all else of that.
fn full(place: &Place, why: &dyn Display) -> Result<Purpose, Refusal> {
    match place {
        Place::Here => Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            why.to_string(),
        )),
        Place::At(_) => Ok(Purpose::Nothing(Ending::later(why.to_string()))),
    }
}

fn microphone(visit: &Visit) -> Result<MicrophoneRef, Refusal> {
    let holder = visit.query("holder").and_then(|text| text.parse().ok());
    let holder = holder.ok_or_else(|| {
        let what = "a microphone needs holder=, a random number: see docs/web-api.md";
        Refusal::new(StatusCode::BAD_REQUEST, what)
    })?;
    Ok(MicrophoneRef {
        holder,
        name: visit.pass.source.to_string(),
    })
}
