//! `/api/update`: a bundle from the visitor to the update device.

use super::{
    api,
    reply::{json, with, Refusal, Reply},
    router::Visit,
};
use crate::{
    app::App,
    auth::token::TokenHash,
    clock::Moment,
    state::{Hub, Key},
    upload::{pump, Failure, Installer, Order, Piece, SourceError, Taken},
};
use dkvm_sdk::CallError;
use dkvm_wire::{
    service::Nothing,
    vocab::update::{methods, Begin, Chunk, Upload, UploadRef},
    ErrorCode, WireError,
};
use http_body_util::BodyExt;
use hyper::{body::Incoming, header, StatusCode};
use serde::{de::DeserializeOwned, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A little more than the kernel waits for a device: its own sentence is the better one.
const CALL: Duration = Duration::from_secs(12);
/// What a refused visitor still sends is thrown away for so long, or its own Linux would throw our refusal away.
const DRAIN: Duration = Duration::from_secs(3);

/// `GET /api/update`: the upload that waits for more, or `null`.
pub fn stands(app: &Arc<App>, visit: &Visit) -> Result<Reply, Refusal> {
    api::cookie(visit)
        .filter(|token| app.is_open(token))
        .ok_or_else(Refusal::log_in)?;
    Ok(json(
        StatusCode::OK,
        &crate::lock(&app.desk).current().cloned(),
    ))
}

/// `POST /api/update`: a bundle, or a part of one.
pub async fn take(app: &Arc<App>, visit: Visit) -> Result<Reply, Refusal> {
    let begun =
        admit(app, &visit).and_then(|session| Ok((session, order(&visit)?, Turn::take(app)?)));
    let source = visit.pass.source;
    let body = visit.request.into_body();
    let ((session, order, _turn), mut body) = or_drained(begun, body)?;
    let gateway = Gateway::new(app);
    let done = tokio::select! {
        done = pump(&order, &mut body, &gateway) => done,
        () = app.session_over(Some(session)) => return Err(Refusal::log_in()),
        () = app.leaving() => return Err(leaving()),
    };
    match done {
        Ok(upload) => Ok(answer(StatusCode::OK, &upload, &order.piece)),
        Err(failure) => {
            dkvm_sdk::warn!("an update from {source} was not taken: {failure}");
            tokio::spawn(drain(body));
            Err(refuse(failure))
        }
    }
}

/// Who may upload.
pub fn admit(app: &Arc<App>, visit: &Visit) -> Result<TokenHash, Refusal> {
    api::is_of_kind(visit, "application/octet-stream")?;
    let token = api::from_own_page(visit, visit.header(api::CSRF_HEADER))?;
    match app.is_open(&token) {
        true => Ok(token.hash()),
        false => Err(Refusal::log_in()),
    }
}

fn order(visit: &Visit) -> Result<Order, Refusal> {
    let length = visit.header(header::CONTENT_LENGTH);
    let piece = Piece::of(
        length.and_then(|length| length.parse().ok()),
        visit.header(header::CONTENT_RANGE),
        visit.query("offset"),
    );
    Ok(Order {
        piece: piece.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?,
        id: visit.query("id").map(str::to_owned),
        downgrade: visit.query("downgrade") == Some("1"),
    })
}

/// Where it stands: `offset` is the size of the bundle when it is all there and was read back.
fn answer(status: StatusCode, upload: &Upload, piece: &Piece) -> Reply {
    let range = format!("bytes 0-{}/{}", upload.offset.saturating_sub(1), piece.size);
    with(json(status, upload), header::CONTENT_RANGE, &range)
}

fn refuse(failure: Failure) -> Refusal {
    let status = match &failure {
        Failure::Source(SourceError::Stalled | SourceError::Broken) => StatusCode::REQUEST_TIMEOUT,
        Failure::Source(SourceError::TooLong) | Failure::NoId => StatusCode::BAD_REQUEST,
        Failure::Refused(error) => return Refusal::of(error.clone()),
    };
    Refusal::new(status, failure.to_string())
}

fn leaving() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the node's web device restarts: send the bundle again, it goes on where it stopped",
    )
}

/// Goes on with the body, or throws it away beside the refusal: a visitor who is still sending would not hear it.
pub fn or_drained<T>(begun: Result<T, Refusal>, body: Incoming) -> Result<(T, Incoming), Refusal> {
    match begun {
        Ok(begun) => Ok((begun, body)),
        Err(refusal) => {
            tokio::spawn(drain(body));
            Err(refusal)
        }
    }
}

/// Throws away what is still sent, for a while.
pub async fn drain(mut body: Incoming) {
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    // What comes after that is cut off.
    let _ = timeout(DRAIN, all).await;
}

/// The right to read a body, given back when it is dropped: also when the visitor breaks off.
struct Turn(Arc<App>);

impl Turn {
    fn take(app: &Arc<App>) -> Result<Self, Refusal> {
        crate::lock(&app.desk).enter().map_err(taken)?;
        Ok(Self(app.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        crate::lock(&self.0.desk).leave();
    }
}

fn taken(taken: Taken) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, taken.to_string())
}

/// The update device, by way of the kernel.
struct Gateway<'a> {
    app: &'a App,
    device: String,
}

impl<'a> Gateway<'a> {
    fn new(app: &'a App) -> Self {
        let device = app.hub.device_of(&Key::Update, "update");
        Self { app, device }
    }

    async fn call<B: Serialize + Sync, R: DeserializeOwned>(
        &self,
        method: &str,
        body: &B,
    ) -> Result<R, WireError> {
        let hub: &Hub = &self.app.hub;
        let method = format!("{}/{method}", self.device);
        let done = hub.sender().call_within(CALL, &method, body).await;
        done.map_err(|error: CallError| error.into_wire().about(self.device.clone()))
    }
}

impl Installer for Gateway<'_> {
    async fn begin(&self, begin: &Begin) -> Result<Upload, WireError> {
        crate::lock(&self.app.desk)
            .begin(&begin.head, Moment::now())
            .map_err(|taken| WireError::new(ErrorCode::Conflict, taken.to_string()))?;
        self.call(methods::BEGIN, begin).await
    }

    async fn write(&self, chunk: &Chunk) -> Result<Upload, WireError> {
        self.call(methods::WRITE, chunk).await
    }

    async fn finish(&self, upload: &UploadRef) -> Result<(), WireError> {
        match self.call(methods::FINISH, upload).await {
            // A slow card is read back for longer than a call may take; its end is told by the device's state.
            Err(error) if error.code == ErrorCode::Timeout => Ok(()),
            done => done.map(|Nothing {}| ()),
        }
    }

    fn stands(&self, upload: &Upload, piece: &Piece) {
        crate::lock(&self.app.desk).stands(upload, piece, Moment::now());
    }
}
