//! The picture without the page: one JPEG, or a stream of them.

use super::{
    api,
    body::Body,
    reply::{whole, with, Refusal, Reply},
    router::Visit,
};
use crate::{
    app::App,
    state::{Picture, Place, Viewer},
};
use bytes::Bytes;
use hyper::{header, Response, StatusCode};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};

const BOUNDARY: &str = "dkvm";
const BOUNDARY_LINE: &str = "--dkvm\r\n";
/// Capture that was idle takes about half a second to its first frame; a dongle that is plugged in, two.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(3);
/// Parts ahead of the connection: one picture and its head. More would be old when it is sent.
const AHEAD: usize = 2;

/// `GET /api/snapshot.jpg`: the picture of now.
pub async fn snapshot(app: &Arc<App>, visit: &Visit) -> Result<Reply, Refusal> {
    let mut viewer = viewer(app, visit)?;
    match timeout(SNAPSHOT_WAIT, viewer.next()).await {
        Ok(picture) => Ok(whole(StatusCode::OK, "image/jpeg", picture.copy())),
        Err(_) => {
            let message =
                "no picture came: look at the page whether the target is on and its cable is in";
            Err(Refusal::later(
                StatusCode::SERVICE_UNAVAILABLE,
                message,
                SNAPSHOT_WAIT,
            ))
        }
    }
}

/// `GET /api/stream.mjpeg`: pictures for as long as somebody reads them.
pub fn stream(app: &Arc<App>, visit: &Visit) -> Result<Reply, Refusal> {
    let viewer = viewer(app, visit)?;
    let (parts, receiver) = mpsc::channel(AHEAD);
    let session = api::cookie(visit).map(|token| token.hash());
    let app = app.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = feed(viewer, &parts) => {}
            () = app.session_over(session) => {}
        }
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    Ok(with(
        Response::new(Body::Parts(receiver)),
        header::CONTENT_TYPE,
        &kind,
    ))
}

fn viewer(app: &Arc<App>, visit: &Visit) -> Result<Viewer, Refusal> {
    api::cookie(visit)
        .filter(|token| app.is_open(token))
        .ok_or_else(Refusal::log_in)?;
    let full = |error: &dyn std::fmt::Display| {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    };
    let pictures = app.streams.pictures(&Place::Here);
    let pictures = pictures.map_err(|error| full(&error))?;
    pictures.watch().map_err(|error| full(&error))
}

/// Until the reader is gone. The boundary comes right after each picture: Chromium shows one only then.
async fn feed(mut viewer: Viewer, parts: &mpsc::Sender<Bytes>) {
    let mut last = parts
        .send(Bytes::from_static(BOUNDARY_LINE.as_bytes()))
        .await;
    while last.is_ok() {
        let picture = tokio::select! {
            picture = viewer.next() => picture,
            () = parts.closed() => return,
        };
        last = send(parts, &picture).await;
    }
}

/// The connection may be slow: the stream holds copies, never leases.
async fn send(
    parts: &mpsc::Sender<Bytes>,
    picture: &Picture,
) -> Result<(), mpsc::error::SendError<Bytes>> {
    let jpeg = picture.copy();
    let head = format!(
        "Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        jpeg.len()
    );
    parts.send(head.into()).await?;
    parts.send(jpeg).await?;
    parts.send(format!("\r\n{BOUNDARY_LINE}").into()).await
}
