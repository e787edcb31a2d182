//! `/api/storage`: an image from the visitor to the storage device.

use super::{
    api, percent,
    reply::{json, Refusal, Reply},
    router::Visit,
    update,
};
use crate::{
    app::App,
    state::Key,
    upload::{take_image, ImageFailure, Library, Piece, PieceError, SourceError, Written},
};
use dkvm_sdk::{CallError, Sender};
use dkvm_wire::{
    vocab::storage::{
        methods, FileList, FilesOf, Finished, Onto, PutAt, PutBegin, PutChunk, PutFinish,
    },
    WireError,
};
use hyper::{header, StatusCode};
use std::{sync::Arc, time::Duration};

/// A little more than the kernel waits for a device: its own sentence is the better one.
const CALL: Duration = Duration::from_secs(12);

/// A request that broke off is noticed a little later than its page comes back.
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// `POST /api/storage`: an image, or a part of one.
pub async fn take(app: &Arc<App>, visit: Visit) -> Result<Reply, Refusal> {
    let begun = update::admit(app, &visit).and_then(|session| {
        let turn = || app.image_uploads.try_acquire().map_err(|_| busy());
        Ok((session, order(&visit)?, turn()?))
    });
    let source = visit.pass.source;
    let body = visit.request.into_body();
    let ((session, (begin, piece), _turn), mut body) = update::or_drained(begun, body)?;
    let gateway = Gateway::of(app);
    let done = tokio::select! {
        done = take_image((&begin, &piece), &mut body, &gateway) => done,
        () = app.session_over(Some(session)) => return Err(Refusal::log_in()),
        () = app.leaving() => return Err(leaving()),
    };
    if !matches!(&done, Ok(taken) if taken.offset >= piece.offset + piece.length) {
        tokio::spawn(update::drain(body));
    }
    match done {
        Ok(taken) => Ok(json(StatusCode::OK, &taken)),
        Err(failure) => {
            dkvm_sdk::warn!("an image from {source} was not taken: {failure}");
            Err(refuse(failure))
        }
    }
}

/// `GET /api/storage/files`: what is in a folder of a FAT drive.
pub async fn files(app: &Arc<App>, visit: &Visit) -> Result<Reply, Refusal> {
    api::cookie(visit)
        .filter(|token| app.is_open(token))
        .ok_or_else(Refusal::log_in)?;
    let of = FilesOf {
        image: text(visit, "image")?,
        folder: text(visit, "folder")?,
    };
    let gateway = Gateway::of(app);
    let method = gateway.method(methods::FILES);
    let list: Result<FileList, _> = gateway.sender.call_within(CALL, &method, &of).await;
    match list {
        Ok(list) => Ok(json(StatusCode::OK, &list)),
        Err(error) => Err(Refusal::of(gateway.wire(error))),
    }
}

fn order(visit: &Visit) -> Result<(PutBegin, Piece), Refusal> {
    let length = visit.header(header::CONTENT_LENGTH);
    let piece = Piece::of(
        length.and_then(|length| length.parse().ok()),
        visit.header(header::CONTENT_RANGE),
        visit.query("offset"),
    );
    let piece = piece.map_err(|error| bad(told(&error)))?;
    let begin = PutBegin {
        name: text(visit, "name")?,
        size: piece.size,
        sha256: visit.query("sha256").map(str::to_owned),
        tag: text(visit, "tag")?,
        onto: onto(visit)?,
    };
    Ok((begin, piece))
}

/// `?onto=DRIVE` makes it a file there.
fn onto(visit: &Visit) -> Result<Option<Onto>, Refusal> {
    let image = text(visit, "onto")?;
    if image.is_empty() {
        return Ok(None);
    }
    Ok(Some(Onto {
        image,
        folder: text(visit, "folder")?,
        take_out: visit.query("take_out") == Some("1"),
    }))
}

/// What is sent is an image here.
fn told(error: &PieceError) -> String {
    match error {
        PieceError::Empty => "the file is empty (0 bytes): choose the image itself".to_owned(),
        error => error.to_string(),
    }
}

fn text(visit: &Visit, name: &str) -> Result<String, Refusal> {
    let encoded = visit.query(name).unwrap_or_default();
    percent::decode(encoded)
        .ok_or_else(|| bad(format!("the parameter {name} is not percent-encoded UTF-8")))
}

fn bad(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

fn busy() -> Refusal {
    Refusal::later(
        StatusCode::CONFLICT,
        "two images are being uploaded already: wait until one of them is there",
        BUSY_WAIT,
    )
}

fn leaving() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the node's web device restarts: send the image again, it goes on where it stopped",
    )
}

fn refuse(failure: ImageFailure) -> Refusal {
    match failure {
        ImageFailure::Refused(error) => Refusal::of(error),
        ImageFailure::Source(SourceError::TooLong) => bad(failure.to_string()),
        ImageFailure::Source(SourceError::Stalled | SourceError::Broken) => Refusal::later(
            StatusCode::REQUEST_TIMEOUT,
            failure.to_string(),
            Duration::ZERO,
        ),
    }
}

/// The storage device, by way of the kernel.
struct Gateway {
    sender: Sender,
    device: String,
}

impl Gateway {
    fn of(app: &App) -> Self {
        Self {
            sender: app.hub.sender().clone(),
            device: app.hub.device_of(&Key::Storage, "storage"),
        }
    }

    fn method(&self, method: &str) -> String {
        format!("{}/{method}", self.device)
    }

    fn wire(&self, error: CallError) -> WireError {
        error.into_wire().about(self.device.clone())
    }
}

impl Library for Gateway {
    async fn begin(&self, begin: &PutBegin) -> Result<PutAt, WireError> {
        let method = self.method(methods::PUT_BEGIN);
        let done = self.sender.call_within(CALL, &method, begin).await;
        done.map_err(|error| self.wire(error))
    }

    fn write(&self, chunk: &PutChunk) -> Written {
        let method = self.method(methods::PUT_WRITE);
        let (call, device) = (
            self.sender.call_within(CALL, &method, chunk),
            self.device.clone(),
        );
        Box::pin(async move { call.await.map_err(|error| error.into_wire().about(device)) })
    }

    async fn finish(&self, finish: &PutFinish) -> Result<Finished, WireError> {
        let method = self.method(methods::PUT_FINISH);
        let done = self.sender.call_within(CALL, &method, finish).await;
        done.map_err(|error| self.wire(error))
    }
}
