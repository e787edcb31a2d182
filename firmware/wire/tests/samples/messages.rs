use super::Sample;
use dkvm_wire::{
    decode, encode_frame, ErrorCode, Generation, LeaseId, LeaseRef, Message, PoolId, Preamble,
    RequestId, SlotIndex, Source, WireError, LIMIT_DEFAULT,
};

const SOURCE: Option<Source<'static>> = Some(Source {
    name: "web",
    generation: Generation(3),
});
const LEASE: LeaseRef = LeaseRef {
    lease: LeaseId(9),
    pool: PoolId(1),
    slot: SlotIndex(2),
    length: 614_400,
};

pub fn all() -> Vec<Sample> {
    let error = WireError::new(ErrorCode::Unavailable, "hid is not running now").about("hid");
    vec![
        preamble(),
        frame(),
        message(
            "request",
            Message::Request {
                id: RequestId(7),
                method: "devices.list",
                body: b"\x80",
                source: None,
            },
        ),
        message(
            "request-from",
            Message::Request {
                id: RequestId(7),
                method: "ping",
                body: b"\x80",
                source: SOURCE,
            },
        ),
        message(
            "response",
            Message::Response {
                id: RequestId(7),
                result: Ok(b"\x80"),
            },
        ),
        message(
            "response-error",
            Message::Response {
                id: RequestId(7),
                result: Err(error),
            },
        ),
        message(
            "event",
            Message::Event {
                topic: "ready",
                body: b"\x80",
                leases: vec![],
                source: None,
                to: vec![],
            },
        ),
        message(
            "event-from",
            Message::Event {
                topic: "echo.said",
                body: b"\x80",
                leases: vec![],
                source: SOURCE,
                to: vec![],
            },
        ),
        message(
            "event-with-lease",
            Message::Event {
                topic: "video.raw",
                body: b"\x80",
                leases: vec![LEASE],
                source: None,
                to: vec![],
            },
        ),
        message(
            "event-for-some",
            Message::Event {
                topic: "input.hid",
                body: b"\x80",
                leases: vec![],
                source: None,
                to: vec!["office/hid"],
            },
        ),
        message(
            "event-of-another-node",
            Message::Event {
                topic: "hid.state",
                body: b"\x80",
                leases: vec![],
                source: Some(Source {
                    name: "office/hid",
                    generation: Generation(4),
                }),
                to: vec![],
            },
        ),
    ]
}

fn message(name: &'static str, message: Message<'static>) -> Sample {
    let bytes = message.encode();
    Sample {
        name,
        bytes,
        reads_back: Box::new(move |bytes| decode(bytes).is_ok_and(|read| read == message)),
    }
}

fn preamble() -> Sample {
    let check = |bytes: &[u8]| {
        bytes
            .try_into()
            .is_ok_and(|bytes| Preamble::check(bytes).is_ok())
    };
    Sample {
        name: "preamble",
        bytes: Preamble::BYTES.to_vec(),
        reads_back: Box::new(check),
    }
}

fn frame() -> Sample {
    let event = Message::Event {
        topic: "ready",
        body: b"\x80",
        leases: vec![],
        source: None,
        to: vec![],
    };
    let bytes = encode_frame(&event.encode(), LIMIT_DEFAULT).unwrap_or_default();
    let check = |bytes: &[u8]| {
        let mut decoder = dkvm_wire::FrameDecoder::new(LIMIT_DEFAULT);
        decoder.push(bytes);
        decoder
            .next_frame()
            .is_ok_and(|frame| frame.is_some_and(|frame| decode(frame).is_ok()))
    };
    Sample {
        name: "frame",
        bytes,
        reads_back: Box::new(check),
    }
}
