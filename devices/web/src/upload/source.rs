//! A request's body as chunks, each as large as one call may carry.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;

/// A body of which nothing comes for so long has nobody at the other end. A phone that changes its network needs up to
/// about 20 s.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why a body did not come whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SourceError {
    /// Nothing came.
    #[error("nothing came for {} s: send it again, it goes on where it stopped", PATIENCE.as_secs())]
    Stalled,
    /// The connection broke, or ended early.
    #[error(
        "the connection broke before all was there: send it again, it goes on where it stopped"
    )]
    Broken,
    /// There is more of it than the headers say.
    #[error("the body is longer than its headers say")]
    TooLong,
}

/// Reads a body of a known length.
pub struct Source<B> {
    body: B,
    /// Bytes that the body still owes.
    left: u64,
    held: BytesMut,
}

impl<B: Body<Data = Bytes> + Unpin> Source<B> {
    /// Nothing is read yet.
    pub fn new(body: B, length: u64) -> Self {
        Self {
            body,
            left: length,
            held: BytesMut::new(),
        }
    }

    /// At most `most` bytes, less only at the end of the body, but left to be read again.
    pub async fn peek(&mut self, most: usize) -> Result<&[u8], SourceError> {
        while self.held.len() < most && self.left > 0 {
            self.fill().await?;
        }
        Ok(&self.held[..most.min(self.held.len())])
    }

    /// The next bytes, at most `most`, less only at the end of the body; empty after it.
    pub async fn next(&mut self, most: usize) -> Result<Bytes, SourceError> {
        let length = self.peek(most).await?.len();
        Ok(self.held.split_to(length).freeze())
    }

    /// Throws bytes away, at most `many`.
    pub async fn skip(&mut self, mut many: u64) -> Result<(), SourceError> {
        while many > 0 {
            if self.held.is_empty() && self.left == 0 {
                return Ok(());
            }
            if self.held.is_empty() {
                self.fill().await?;
            }
            let step =
                usize::try_from(many).map_or(self.held.len(), |many| many.min(self.held.len()));
            let _ = self.held.split_to(step);
            many -= step as u64;
        }
        Ok(())
    }

    /// One frame of the body more: as many bytes as the connection's own buffer holds.
    async fn fill(&mut self) -> Result<(), SourceError> {
        let frame = match timeout(PATIENCE, self.body.frame()).await {
            Err(_) => return Err(SourceError::Stalled),
            Ok(None | Some(Err(_))) => return Err(SourceError::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing here.
        let Ok(bytes) = frame.into_data() else {
            return Ok(());
        };
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or(SourceError::TooLong)?;
        self.held.extend_from_slice(&bytes);
        Ok(())
    }
}
