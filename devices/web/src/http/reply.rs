//! How an answer looks: headers that every answer has, and errors as sentences.

use super::body::Body;
use bytes::Bytes;
use dkvm_wire::{ErrorCode, WireError};
use hyper::{
    header::{self, HeaderName, HeaderValue},
    Response, StatusCode,
};
use serde::Serialize;
use std::time::Duration;

/// An answer.
pub type Reply = Response<Body>;

/// On every answer. The page loads nothing from elsewhere and nobody frames it; `blob:` is for
/// screenshots and pictures that the page made itself.
const ALWAYS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts on what every answer has.
pub fn finish(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    reply
}

/// An answer with a body of a kind.
pub fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Body::Whole(Some(body.into())));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::Whole(None));
    *reply.status_mut() = status;
    reply
}

/// An answer as JSON.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Reply {
    // Plain data has no way to fail.
    whole(
        status,
        "application/json",
        serde_json::to_vec(body).unwrap_or_default(),
    )
}

/// The same with another header; a value that is none is left out.
pub fn with(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

/// Why a request is refused.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: WireError,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// With a sentence for the person who asked.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            error: WireError::new(code_of(status), message),
            retry_after: None,
        }
    }

    /// The same, to be tried again after `wait`.
    pub fn later(status: StatusCode, message: impl Into<String>, wait: Duration) -> Self {
        let mut refusal = Self {
            retry_after: Some(wait),
            ..Self::new(status, message)
        };
        refusal.error.retryable = true;
        refusal
    }

    /// As a device or the kernel said it.
    pub fn of(error: WireError) -> Self {
        Self {
            status: status_of(error.code),
            error,
            retry_after: None,
        }
    }

    /// Nobody is logged in.
    pub fn log_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "log in first: the session is over or was never there",
        )
    }

    /// As an answer.
    pub fn reply(self) -> Reply {
        let reply = json(self.status, &self.error);
        match self.retry_after {
            None => reply,
            Some(wait) => with(reply, header::RETRY_AFTER, &whole_seconds(wait).to_string()),
        }
    }
}

/// Rounded up: too early would be refused again.
pub const fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000) as u64
}

fn code_of(status: StatusCode) -> ErrorCode {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorCode::Forbidden,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::CONFLICT => ErrorCode::Conflict,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::Exhausted,
        StatusCode::SERVICE_UNAVAILABLE => ErrorCode::Unavailable,
        status if status.is_server_error() => ErrorCode::Internal,
        _ => ErrorCode::BadRequest,
    }
}

/// What the web device could not have done by another device is a bad gateway, not its own fault.
const fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::Exhausted => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::NotFound
        | ErrorCode::UnknownMethod
        | ErrorCode::Unavailable
        | ErrorCode::Hardware
        | ErrorCode::Internal => StatusCode::BAD_GATEWAY,
    }
}
