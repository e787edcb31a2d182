use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a request failed: a closed list. A reader that meets an unknown code treats it as `internal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body does not fit the method.
    BadRequest,
    /// No such method on that device.
    UnknownMethod,
    /// No such device, lease, pool or other thing that the request names.
    NotFound,
    /// The configuration does not allow this caller that call.
    Forbidden,
    /// The callee is not running, or died before it answered.
    Unavailable,
    /// The callee did not answer in time.
    Timeout,
    /// No slot, memory, queue place or budget left.
    Exhausted,
    /// It contradicts the present state: focus held by another, a device busy.
    Conflict,
    /// The hardware or the Linux driver refused.
    Hardware,
    /// A fault of the callee's own.
    #[serde(other)]
    Internal,
}

/// The error part of a response: `{code, message, retryable, context}`.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[error("{message}")]
pub struct WireError {
    /// What kind of failure, for programs.
    pub code: ErrorCode,
    /// What failed, on what, and what to do, for people.
    pub message: String,
    /// Whether the same request may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// What it was about: a device, a path, a key. May be empty.
    #[serde(default)]
    pub context: String,
    /// The callee never got the request: to ask again repeats nothing. Sent only where it is true.
    #[cfg_attr(feature = "ts", ts(skip))]
    #[serde(default, skip_serializing_if = "is_false")]
    pub unheard: bool,
}

/// Left out then: readers that do not know the key never meet it.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl WireError {
    /// An error with a message for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retryable = matches!(
            code,
            ErrorCode::Unavailable | ErrorCode::Timeout | ErrorCode::Exhausted
        );
        Self {
            code,
            message: message.into(),
            retryable,
            context: String::new(),
            unheard: false,
        }
    }

    /// The same for a request that the callee never got.
    #[must_use]
    pub fn unheard(mut self) -> Self {
        self.unheard = true;
        self
    }

    /// The same with what it was about.
    #[must_use]
    pub fn about(mut self, context: impl Into<String>) -> Self {
        self.context = context.into();
        self
    }
}

/// A frame or body that is not what the protocol says.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The envelope is no array of a known kind.
    #[error("a frame is no message of the protocol ({0}); see docs/wire-protocol.md, Envelope")]
    Envelope(#[source] rmp_serde::decode::Error),
    /// The body is not what the topic or method says.
    #[error("the body of {what} is not what the protocol says: {source}")]
    Body {
        /// The topic or method.
        what: String,
        /// What the decoder met.
        source: rmp_serde::decode::Error,
    },
}
