//! The wire protocol by hand, blocking, over stdin and stdout.

use dkvm_wire::service::methods;
use dkvm_wire::{
    decode_body, encode_body, encode_frame, topics, FrameDecoder, Hello, Message, Preamble,
    Produce, Ready, RequestId, Welcome, LIMIT_BEFORE_WELCOME, LIMIT_DEFAULT, PREAMBLE_LEN,
    WIRE_VERSION,
};
use std::io::{Read, Write};

pub struct Wire {
    decoder: FrameDecoder,
    pub welcome: Option<Welcome>,
}

impl Wire {
    /// Preamble, hello, welcome.
    pub fn open(consumes: Vec<String>, produces: Vec<Produce>) -> Self {
        raw(&Preamble::BYTES);
        let mut preamble = [0; PREAMBLE_LEN];
        std::io::stdin()
            .read_exact(&mut preamble)
            .expect("the kernel's preamble");
        Preamble::check(preamble).expect("a kernel");
        let mut wire = Self {
            decoder: FrameDecoder::new(LIMIT_BEFORE_WELCOME),
            welcome: None,
        };
        let hello = Hello {
            wire: WIRE_VERSION,
            device: "puppet".into(),
            version: "1".into(),
            features: Vec::new(),
            consumes,
            produces,
            grants: None,
        };
        let body = encode_body(&hello);
        send(&Message::Request {
            id: RequestId(0),
            method: methods::HELLO,
            body: &body,
            source: None,
        });
        let frame = wire.next().expect("an answer");
        let Ok(Message::Response {
            result: Ok(body), ..
        }) = dkvm_wire::decode(&frame)
        else {
            std::process::exit(76);
        };
        wire.welcome = decode_body("hello", body).ok();
        wire.decoder.set_limit(LIMIT_DEFAULT);
        wire
    }

    /// The next frame's body; `None` at the end.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self
                .decoder
                .next_frame()
                .expect("the kernel keeps the limit")
            {
                return Some(frame.to_vec());
            }
            let mut buffer = [0; 65536];
            match std::io::stdin().read(&mut buffer) {
                Ok(n) if n > 0 => self.decoder.push(&buffer[..n]),
                _ => return None,
            }
        }
    }
}

pub fn ready() {
    emit(topics::READY, &encode_body(&Ready::default()));
}

pub fn emit(topic: &str, body: &[u8]) {
    send(&Message::Event {
        topic,
        body,
        leases: Vec::new(),
        source: None,
        to: vec![],
    });
}

pub fn send(message: &Message<'_>) {
    raw(&encode_frame(&message.encode(), LIMIT_DEFAULT).expect("small"));
}

pub fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(76);
    }
}
