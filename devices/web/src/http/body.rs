//! Bodies in and out.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use thiserror::Error;
use tokio::{sync::mpsc, time::timeout};

/// Largest body of a POST: a password and its quotes.
pub const MAX_JSON: usize = 16 * 1024;
/// A body of that size takes no longer on any line worth the name.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a response carries.
pub enum Body {
    /// All at once; taken when it is sent.
    Whole(Option<Bytes>),
    /// Parts as they come, until their sender is gone.
    Parts(mpsc::Receiver<Bytes>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = match &mut *self {
            Self::Whole(bytes) => bytes.take(),
            Self::Parts(parts) => std::task::ready!(parts.poll_recv(cx)),
        };
        Poll::Ready(part.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Parts(_) => SizeHint::default(),
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Over the limit.
    #[error("the request's body is over the limit of {MAX_JSON} bytes")]
    TooBig,
    /// Too slow, or broken off.
    #[error("the request's body did not arrive whole")]
    Broken,
}

/// Reads a body whole.
pub async fn read(body: Incoming) -> Result<Bytes, ReadError> {
    if body.size_hint().lower() > MAX_JSON as u64 {
        return Err(ReadError::TooBig);
    }
    match timeout(BODY_TIMEOUT, Limited::new(body, MAX_JSON).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ReadError::TooBig),
        _ => Err(ReadError::Broken),
    }
}
