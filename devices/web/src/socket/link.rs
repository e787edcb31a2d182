//! Reading messages, and ending politely.

use super::frame::{encode_close, Decoder, Message, Refusal};
use crate::{auth::limit::Source, http::Io};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    time::timeout,
};

/// Bytes read at a time: most messages whole.
const CHUNK: usize = 4096;
/// RFC 6455, 7.4.1.
const GOING_AWAY: u16 = 1001;
/// The WebSocket registry's "try again later".
const TRY_AGAIN: u16 = 1013;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long what is still under way is thrown away. Without it the client's kernel would answer our end with
/// a reset, and its program would never read the reason.
const DRAIN: Duration = Duration::from_secs(3);
const DRAIN_CHUNK: usize = 64 * 1024;

/// The sending half.
pub type Write = WriteHalf<Io>;
/// The receiving half.
pub type Read = Reader<ReadHalf<Io>>;

/// Puts what comes together to messages.
pub struct Reader<R> {
    io: R,
    decoder: Decoder,
    chunk: Box<[u8; CHUNK]>,
}

impl<R: tokio::io::AsyncRead + Unpin> Reader<R> {
    /// `early` was read along with the request.
    pub fn new(io: R, early: &[u8]) -> Self {
        let mut decoder = Decoder::default();
        decoder.push(early);
        Self {
            io,
            decoder,
            chunk: Box::new([0; CHUNK]),
        }
    }

    /// The next message. Cancel-safe.
    pub async fn next(&mut self) -> Result<Message, Ending> {
        loop {
            if let Some(message) = self.decoder.next_message()? {
                return Ok(message);
            }
            let length = self.io.read(&mut self.chunk[..]).await?;
            if length == 0 {
                return Err(Ending::Gone);
            }
            self.decoder.push(&self.chunk[..length]);
        }
    }

    /// The connection.
    pub fn into_inner(self) -> R {
        self.io
    }
}

/// Why a socket ends.
#[derive(Debug)]
pub enum Ending {
    /// The other side is gone without a word.
    Gone,
    /// The other side took nothing for too long.
    Stalled,
    /// The other side said good-bye.
    Closed,
    /// We say it.
    Told {
        /// The close code.
        code: u16,
        /// Why.
        reason: String,
    },
}

impl Ending {
    /// The session is over: the page has to log in again. A code of our own, so that the page can tell.
    pub fn session_over() -> Self {
        Self::Told {
            code: 4401,
            reason: "the session is over: log in again".to_owned(),
        }
    }

    /// The device ends, most often to start again.
    pub fn leaving() -> Self {
        Self::Told {
            code: GOING_AWAY,
            reason: "the node's web device restarts".to_owned(),
        }
    }

    /// The page does what no page of ours does.
    pub fn policy(reason: impl Into<String>) -> Self {
        Self::Told {
            code: 1008,
            reason: reason.into(),
        }
    }

    /// What it takes is not there now, and may be in a moment.
    pub fn later(reason: impl Into<String>) -> Self {
        Self::Told {
            code: TRY_AGAIN,
            reason: reason.into(),
        }
    }

    /// Worth a line when it is somebody's fault.
    pub fn log(&self, source: &Source) {
        match self {
            Self::Stalled => {
                dkvm_sdk::info!("{source} took nothing for too long: its connection was cut")
            }
            Self::Told { code, reason }
                if *code < 4000 && ![GOING_AWAY, TRY_AGAIN].contains(code) =>
            {
                dkvm_sdk::warn!("a WebSocket from {source} was closed ({code}): {reason}");
            }
            _ => {}
        }
    }

    fn last_words(&self) -> Option<Vec<u8>> {
        match self {
            Self::Gone | Self::Stalled => None,
            Self::Closed => Some(encode_close(1000, "")),
            Self::Told { code, reason } => Some(encode_close(*code, reason)),
        }
    }
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::TimedOut {
            Self::Stalled
        } else {
            Self::Gone
        }
    }
}

impl From<Refusal> for Ending {
    fn from(refusal: Refusal) -> Self {
        Self::Told {
            code: refusal.code(),
            reason: refusal.to_string(),
        }
    }
}

/// Says why, and lets go.
pub async fn close(mut io: Io, ending: Ending) {
    let Some(words) = ending.last_words() else {
        return;
    };
    let said = timeout(LAST_WORDS, async {
        io.write_all(&words).await?;
        io.shutdown().await
    });
    if let Ok(Ok(())) = said.await {
        // Below TLS: what a hostile client still sends is not even decrypted.
        let _ = timeout(DRAIN, drain(io.into_inner().0.into_inner())).await;
    }
}

async fn drain(mut stream: TcpStream) {
    let mut bin = vec![0; DRAIN_CHUNK];
    while stream.read(&mut bin).await.is_ok_and(|length| length > 0) {}
}
