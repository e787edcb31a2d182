//! The first thing that is said on a control socket: preamble and hello.

use dkvm_wire::{
    decode, decode_body, encode_body, encode_frame, service::methods, Hello, Message, Preamble,
    RequestId, LIMIT_BEFORE_WELCOME, PREAMBLE_LEN,
};
use std::io;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Why it is no opening.
#[derive(Debug, Error)]
pub enum OpeningError {
    /// It breaks off.
    #[error("it broke off before its hello: {0}")]
    Broken(#[from] io::Error),
    /// It speaks something else.
    #[error("it does not begin as a client of the control socket does: {0}")]
    Foreign(String),
}

/// A hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// What its answer has to carry.
    pub id: RequestId,
    /// It.
    pub hello: Hello,
}

impl Opening {
    /// Reads preamble and hello, and not one byte more.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Self, OpeningError> {
        let mut preamble = [0; PREAMBLE_LEN];
        stream.read_exact(&mut preamble).await?;
        Preamble::check(preamble).map_err(|error| foreign(&error))?;
        let mut header = [0; 4];
        stream.read_exact(&mut header).await?;
        let length = u32::from_le_bytes(header) as usize;
        if length == 0 || length > LIMIT_BEFORE_WELCOME {
            return Err(foreign(&format!("a frame of {length} bytes")));
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Self::parse(&body)
    }

    fn parse(frame: &[u8]) -> Result<Self, OpeningError> {
        match decode(frame).map_err(|error| foreign(&error))? {
            Message::Request {
                id, method, body, ..
            } if method == methods::HELLO => Ok(Self {
                id,
                hello: decode_body(method, body).map_err(|error| foreign(&error))?,
            }),
            _ => Err(foreign(&"something else than hello comes first")),
        }
    }

    /// The same for a session that is held to these grants, and by what this node calls the caller, whatever it wrote there;
    /// with the preamble.
    pub fn held_to(mut self, grants: Vec<String>, caller: &str) -> Vec<u8> {
        self.hello.grants = Some(grants);
        caller.clone_into(&mut self.hello.device);
        let message = Message::Request {
            id: self.id,
            method: methods::HELLO,
            body: &encode_body(&self.hello),
            source: None,
        };
        // It was below the limit when it came; a few names more than fit are no frame, and the kernel refuses it.
        let frame = encode_frame(&message.encode(), 2 * LIMIT_BEFORE_WELCOME).unwrap_or_default();
        [&Preamble::BYTES[..], &frame].concat()
    }
}

fn foreign(what: &dyn std::fmt::Display) -> OpeningError {
    OpeningError::Foreign(what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::WIRE_VERSION;
    use proptest::prelude::*;

    fn hello(grants: Option<Vec<String>>) -> Hello {
        Hello {
            wire: WIRE_VERSION,
            device: "cli".into(),
            version: "0.1.0".into(),
            features: Vec::new(),
            consumes: Vec::new(),
            produces: Vec::new(),
            grants,
        }
    }

    fn opening(grants: Option<Vec<String>>) -> Opening {
        Opening {
            id: RequestId(7),
            hello: hello(grants),
        }
    }

    async fn read(mut bytes: &[u8]) -> Result<(Opening, usize), OpeningError> {
        let opening = Opening::read(&mut bytes).await?;
        Ok((opening, bytes.len()))
    }

    #[tokio::test]
    async fn whatever_the_caller_claims_it_is_held_to_what_it_was_given() {
        let all = Some(vec!["configure".to_owned(), "view".to_owned()]);
        for claimed in [None, all, Some(Vec::new())] {
            let sent = opening(claimed).held_to(vec!["view".into()], "desk");
            let (read, rest) = read(&[&sent[..], b"more"].concat()).await.unwrap();
            let mut held = opening(Some(vec!["view".into()]));
            held.hello.device = "desk".into();
            assert_eq!(read, held);
            assert_eq!(rest, 4, "what follows is left for the kernel");
        }
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let sent = opening(None).held_to(Vec::new(), "desk");
        for cut in 0..sent.len() {
            assert!(
                matches!(read(&sent[..cut]).await, Err(OpeningError::Broken(_))),
                "{cut}"
            );
        }
        assert!(matches!(
            read(b"GET / HTTP/1.1").await,
            Err(OpeningError::Foreign(_))
        ));
        let large = [&Preamble::BYTES[..], &[0xff; 4]].concat();
        assert!(matches!(read(&large).await, Err(OpeningError::Foreign(_))));
        let message = Message::Request {
            id: RequestId(1),
            method: "devices.list",
            body: &[0x80],
            source: None,
        };
        assert!(Opening::parse(&message.encode()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_opening_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Opening::parse(&bytes);
        }

        #[test]
        fn a_damaged_one_is_held_all_the_same(at in 0usize..400, byte: u8) {
            let sent = opening(Some(vec!["configure".into()])).held_to(vec!["configure".into()], "desk");
            let mut frame = sent[PREAMBLE_LEN + 4..].to_vec();
            let at = at % frame.len();
            frame[at] = byte;
            if let Ok(opening) = Opening::parse(&frame) {
                let held = opening.held_to(Vec::new(), "desk");
                let again = Opening::parse(&held[PREAMBLE_LEN + 4..]).unwrap();
                prop_assert_eq!(again.hello.grants, Some(Vec::new()));
            }
        }
    }
}
