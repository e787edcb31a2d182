use super::{
    http::{failed, Tls},
    Visitor,
};
use dkvm_testkit::Failure;
use dkvm_wire::vocab::page::{ToPage, ToWeb, VIDEO_HEAD_LEN};
use tungstenite::{
    client::IntoClientRequest,
    http::{header, HeaderValue},
    protocol::frame::coding::CloseCode,
    Error, HandshakeError, Message, WebSocket,
};

/// A page's WebSocket.
pub struct Socket {
    pub inner: WebSocket<Tls>,
}

/// A picture as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoFrame {
    pub sequence: u64,
    pub captured_ns: u64,
    pub sent_ns: u64,
    pub size: (u32, u32),
    pub jpeg: Vec<u8>,
}

impl Socket {
    /// Opens one; a refusal is a failure that begins with its status.
    pub fn open(visitor: &Visitor, path: &str, origin: &str) -> Result<Self, Failure> {
        let mut request = format!("wss://{}{path}", visitor.host())
            .into_client_request()
            .map_err(failed)?;
        let mut set = |name, value: &str| -> Result<(), Failure> {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(value).map_err(failed)?);
            Ok(())
        };
        set(header::ORIGIN, origin)?;
        if let Some(cookie) = &visitor.cookie {
            set(header::COOKIE, cookie)?;
        }
        match tungstenite::client(request, visitor.connect()?) {
            Ok((inner, _)) => Ok(Self { inner }),
            Err(HandshakeError::Failure(Error::Http(answer))) => {
                Err(Failure::new(answer.status().as_str()))
            }
            Err(error) => Err(failed(error)),
        }
    }

    pub fn send(&mut self, message: &ToWeb) -> Result<(), Failure> {
        self.send_text(&serde_json::to_string(message).map_err(failed)?)
    }

    pub fn send_text(&mut self, text: &str) -> Result<(), Failure> {
        self.inner.send(Message::text(text)).map_err(failed)
    }

    /// The next message from web.
    pub fn next(&mut self) -> Result<ToPage, Failure> {
        loop {
            if let Message::Text(text) = self.inner.read().map_err(failed)? {
                return serde_json::from_str(&text)
                    .map_err(|error| Failure::new(format!("{error} in {text}")));
            }
        }
    }

    /// The first message that fits; those before it are dropped.
    pub fn expect(&mut self, fits: impl Fn(&ToPage) -> bool) -> Result<ToPage, Failure> {
        loop {
            let message = self.next()?;
            if fits(&message) {
                return Ok(message);
            }
        }
    }

    /// Everything sent before was dealt with; what came meanwhile.
    pub fn sync(&mut self, nonce: u32) -> Result<Vec<ToPage>, Failure> {
        self.send(&ToWeb::Ping { nonce })?;
        let mut came = Vec::new();
        loop {
            match self.next()? {
                ToPage::Pong { nonce: back } if back == nonce => return Ok(came),
                other => came.push(other),
            }
        }
    }

    /// The code and reason that web closes with.
    pub fn expect_close(&mut self) -> Result<(u16, String), Failure> {
        loop {
            match self.inner.read() {
                Ok(Message::Close(Some(frame))) => {
                    return Ok((code(frame.code), frame.reason.to_string()))
                }
                Ok(_) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// The next picture.
    pub fn picture(&mut self) -> Result<VideoFrame, Failure> {
        loop {
            if let Message::Binary(bytes) = self.inner.read().map_err(failed)? {
                return take_apart(&bytes)
                    .ok_or_else(|| Failure::new("a picture without a whole head"));
            }
        }
    }

    /// Tells that a picture was shown.
    pub fn shown(&mut self) -> Result<(), Failure> {
        self.inner.send(Message::binary(Vec::new())).map_err(failed)
    }
}

fn code(code: CloseCode) -> u16 {
    code.into()
}

fn take_apart(bytes: &[u8]) -> Option<VideoFrame> {
    let long = |at: usize| {
        bytes
            .get(at..at + 8)?
            .try_into()
            .ok()
            .map(u64::from_le_bytes)
    };
    let short = |at: usize| {
        bytes
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_le_bytes)
    };
    Some(VideoFrame {
        sequence: long(0)?,
        captured_ns: long(8)?,
        sent_ns: long(16)?,
        size: (short(24)?, short(28)?),
        jpeg: bytes.get(VIDEO_HEAD_LEN..)?.to_vec(),
    })
}
