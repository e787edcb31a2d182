//! WebSocket frames (RFC 6455), the server's side. Pure.
//!
//! Written here rather than taken from a library for two reasons: a picture goes from shared memory into
//! the TLS record without a copy in between, and a message over the limit is refused from its head
//! alone, before a byte of it is kept.

use thiserror::Error;

/// Largest message that a page may send. The largest real one is an input state with all its steps,
/// about 25 KiB.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// A control frame's payload, by the RFC.
const MAX_CONTROL: usize = 125;
/// Longest head that the server sends.
pub const MAX_HEAD: usize = 10;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// Goes on with a message.
    Continue,
    /// Begins a text message.
    Text,
    /// Begins a binary message.
    Binary,
    /// Ends the connection.
    Close,
    /// To be answered by a pong.
    Ping,
    /// Answers a ping.
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continue,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continue => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// UTF-8.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// To be answered by a pong with the same payload.
    Ping(Vec<u8>),
    /// Somebody is there.
    Pong,
    /// The other side is done.
    Close,
}

/// Why the connection is closed, with the code that the RFC has for it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// 1009.
    #[error("a message of {0} bytes is over the limit of {MAX_MESSAGE}")]
    TooBig(u64),
    /// 1002.
    #[error("the client broke the WebSocket protocol: {0}")]
    Protocol(&'static str),
    /// 1007.
    #[error("a text message is not UTF-8")]
    NotText,
}

impl Refusal {
    /// The close code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooBig(_) => 1009,
            Self::Protocol(_) => 1002,
            Self::NotText => 1007,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Head {
    opcode: Opcode,
    last: bool,
    mask: [u8; 4],
    /// Bytes of the head itself.
    head: usize,
    /// Bytes of the payload.
    payload: usize,
}

/// Puts a stream of bytes together to messages. Holds one message at most, and what was pushed last.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// The message that is under way in fragments.
    message: Option<(Opcode, Vec<u8>)>,
}

impl Decoder {
    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, `None` until more bytes are pushed.
    pub fn next_message(&mut self) -> Result<Option<Message>, Refusal> {
        while let Some(head) = parse_head(&self.buffer)? {
            self.check(&head)?;
            if self.buffer.len() < head.head + head.payload {
                return Ok(None);
            }
            if let Some(message) = self.take(&head)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Everything that can be refused before the payload is there.
    fn check(&self, head: &Head) -> Result<(), Refusal> {
        let so_far = self.message.as_ref().map_or(0, |(_, bytes)| bytes.len());
        match (head.opcode, &self.message) {
            (Opcode::Continue, None) => Err(Refusal::Protocol("a fragment without a beginning")),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                Err(Refusal::Protocol("a message inside a message"))
            }
            (opcode, _) if opcode.is_control() => Ok(()),
            _ if so_far + head.payload > MAX_MESSAGE => {
                Err(Refusal::TooBig((so_far + head.payload) as u64))
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, head: &Head) -> Result<Option<Message>, Refusal> {
        let end = head.head + head.payload;
        let mut payload = self.buffer[head.head..end].to_vec();
        self.buffer.drain(..end);
        unmask(&mut payload, head.mask);
        match head.opcode {
            Opcode::Ping => Ok(Some(Message::Ping(payload))),
            Opcode::Pong => Ok(Some(Message::Pong)),
            Opcode::Close => Ok(Some(Message::Close)),
            opcode => self.add(opcode, payload, head.last),
        }
    }

    fn add(
        &mut self,
        opcode: Opcode,
        payload: Vec<u8>,
        last: bool,
    ) -> Result<Option<Message>, Refusal> {
        let (kind, bytes) = match self.message.take() {
            Some((kind, mut bytes)) => {
                bytes.extend_from_slice(&payload);
                (kind, bytes)
            }
            None => (opcode, payload),
        };
        if !last {
            self.message = Some((kind, bytes));
            return Ok(None);
        }
        match kind {
            Opcode::Text => String::from_utf8(bytes)
                .map(|text| Some(Message::Text(text)))
                .map_err(|_| Refusal::NotText),
            _ => Ok(Some(Message::Binary(bytes))),
        }
    }
}

fn parse_head(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let &[first, second, ..] = bytes else {
        return Ok(None);
    };
    if first & RESERVED != 0 {
        return Err(Refusal::Protocol("reserved bits are set"));
    }
    let opcode = Opcode::from_bits(first & 0x0f).ok_or(Refusal::Protocol("unknown opcode"))?;
    if second & MASKED == 0 {
        return Err(Refusal::Protocol("a client's frame is not masked"));
    }
    let Some((length, at)) = parse_length(bytes, second & 0x7f) else {
        return Ok(None);
    };
    let last = first & FIN != 0;
    if opcode.is_control() && (length > MAX_CONTROL as u64 || !last) {
        return Err(Refusal::Protocol("a control frame is long or in fragments"));
    }
    if length > MAX_MESSAGE as u64 {
        return Err(Refusal::TooBig(length));
    }
    let Some(mask) = bytes.get(at..at + 4).and_then(|mask| mask.try_into().ok()) else {
        return Ok(None);
    };
    // At most MAX_MESSAGE, checked above.
    Ok(Some(Head {
        opcode,
        last,
        mask,
        head: at + 4,
        payload: length as usize,
    }))
}

/// The payload's length, and where the mask begins.
fn parse_length(bytes: &[u8], short: u8) -> Option<(u64, usize)> {
    match short {
        126 => bytes
            .get(2..4)
            .and_then(|b| b.try_into().ok())
            .map(|b| (u64::from(u16::from_be_bytes(b)), 4)),
        127 => bytes
            .get(2..10)
            .and_then(|b| b.try_into().ok())
            .map(|b| (u64::from_be_bytes(b), 10)),
        short => Some((u64::from(short), 2)),
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// The head of a frame that holds a whole message of `length` bytes, appended to `out`.
pub fn push_head(out: &mut Vec<u8>, opcode: Opcode, length: usize) {
    out.push(FIN | opcode.bits());
    if length <= 125 {
        out.push(length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// A whole frame.
pub fn encode(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAX_HEAD + payload.len());
    push_head(&mut out, opcode, payload.len());
    out.extend_from_slice(payload);
    out
}

/// A close frame; the reason is cut to what fits.
pub fn encode_close(code: u16, reason: &str) -> Vec<u8> {
    let cut = (0..=reason.len().min(MAX_CONTROL - 2))
        .rev()
        .find(|&at| reason.is_char_boundary(at));
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..cut.unwrap_or(0)]);
    encode(Opcode::Close, &payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MASK: [u8; 4] = [1, 2, 3, 250];

    fn client(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        push_head(&mut frame, Opcode::Text, payload.len());
        frame[0] = first;
        frame[1] |= MASKED;
        frame.extend_from_slice(&MASK);
        let mut payload = payload.to_vec();
        unmask(&mut payload, MASK);
        frame.extend(payload);
        frame
    }

    fn all(bytes: &[u8]) -> Result<Vec<Message>, Refusal> {
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        std::iter::from_fn(|| decoder.next_message().transpose()).collect()
    }

    #[test]
    fn messages_of_every_length_form_come_whole() {
        for length in [0, 1, 125, 126, 65535, MAX_MESSAGE] {
            let bytes = vec![7; length];
            assert_eq!(
                all(&client(0x82, &bytes)).unwrap(),
                [Message::Binary(bytes)]
            );
        }
    }

    #[test]
    fn fragments_join_and_a_ping_may_stand_between() {
        let stream = [
            client(0x01, b"ab"),
            client(0x89, b"p"),
            client(0x00, b"cd"),
            client(0x80, b"e"),
        ]
        .concat();
        assert_eq!(
            all(&stream).unwrap(),
            [Message::Ping(b"p".to_vec()), Message::Text("abcde".into())]
        );
    }

    #[test]
    fn a_huge_message_is_refused_from_its_head_alone() {
        let mut head = vec![0x82, 0xff];
        head.extend_from_slice(&100_000_000u64.to_be_bytes());
        let refusal = all(&head).unwrap_err();
        assert_eq!(refusal, Refusal::TooBig(100_000_000));
        assert_eq!(refusal.code(), 1009);
    }

    #[test]
    fn fragments_cannot_grow_beyond_the_limit() {
        let part = vec![0; MAX_MESSAGE / 2 + 1];
        let stream = [client(0x02, &part), client(0x00, &part)].concat();
        assert_eq!(all(&stream).unwrap_err().code(), 1009);
    }

    #[test]
    fn breaches_of_the_protocol_are_refused() {
        for (bytes, what) in [
            (vec![0x81, 0x01, b'a'], "not masked"),
            (client(0xc1, b""), "reserved"),
            (client(0x83, b""), "opcode"),
            (client(0x80, b""), "without a beginning"),
            (client(0x09, b""), "control frame"),
            (client(0x89, &[0; 126]), "control frame"),
            (
                [client(0x01, b""), client(0x81, b"")].concat(),
                "inside a message",
            ),
        ] {
            let refusal = all(&bytes).unwrap_err();
            assert!(
                refusal.to_string().contains(what) && refusal.code() == 1002,
                "{refusal}"
            );
        }
        assert_eq!(all(&client(0x81, &[0xff])).unwrap_err().code(), 1007);
    }

    #[test]
    fn a_close_reason_is_cut_at_a_character() {
        let frame = encode_close(1008, &"ä".repeat(100));
        assert!(frame.len() <= 2 + MAX_CONTROL && std::str::from_utf8(&frame[4..]).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_cuts_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0usize..400) {
            let mut decoder = Decoder::default();
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            for part in [one, two] {
                decoder.push(part);
                while let Ok(Some(_)) = decoder.next_message() {}
            }
            prop_assert!(decoder.buffer.len() <= bytes.len());
        }

        #[test]
        fn a_message_survives_any_cut(text in ".{0,300}", cut in 0usize..1300) {
            let stream = client(0x81, text.as_bytes());
            let (one, two) = stream.split_at(cut.min(stream.len()));
            let mut decoder = Decoder::default();
            decoder.push(one);
            let early = decoder.next_message().unwrap();
            decoder.push(two);
            let late = decoder.next_message().unwrap();
            prop_assert_eq!(early.or(late), Some(Message::Text(text)));
        }
    }
}
