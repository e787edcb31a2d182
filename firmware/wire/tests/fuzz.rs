//! The fuzz targets' entries on stable, bounded: every committed message with every byte changed, cut and
//! lengthened, and random bytes.

#[path = "../fuzz/entry.rs"]
mod entry;
mod samples;

use dkvm_wire::{
    decode, encode_frame, ErrorCode, FrameDecoder, Generation, LeaseId, LeaseRef, Message, PoolId,
    RequestId, SlotIndex, Source, WireError, LIMIT_DEFAULT,
};
use proptest::prelude::*;

/// Values that mean something to MessagePack: ends of the small types, and markers that promise much.
const NASTY: [u8; 12] = [
    0x00, 0x7f, 0x80, 0x90, 0x9f, 0xa0, 0xc0, 0xc1, 0xc6, 0xdb, 0xdd, 0xdf,
];

/// A frame, and in front of it the size of the chunks that it comes in.
fn as_stream(chunk: u8, body: &[u8]) -> Vec<u8> {
    let frame = encode_frame(body, LIMIT_DEFAULT).unwrap_or_default();
    [&[chunk], &frame[..]].concat()
}

fn try_all(bytes: &[u8]) {
    entry::bodies(bytes);
    entry::stream(bytes);
    entry::stream(&as_stream(3, bytes));
}

#[test]
fn every_byte_of_every_message_may_be_wrong() {
    for sample in samples::all() {
        for at in 0..sample.bytes.len() {
            for nasty in NASTY {
                let mut bytes = sample.bytes.clone();
                bytes[at] = nasty;
                try_all(&bytes);
            }
            try_all(&sample.bytes[..at]);
        }
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for marker in [0x91, 0x81, 0xdc, 0xde] {
        try_all(&[marker; 100_000]);
    }
    let mut event = b"\x97\x02\xa1t\xc4\x00\x90\xc0\xc0".to_vec();
    event.extend([0x91; 100_000]);
    try_all(&event);
}

fn source() -> impl Strategy<Value = Option<(String, u32)>> {
    proptest::option::of(("[a-z/-]{0,40}", any::<u32>()))
}

fn lease() -> impl Strategy<Value = LeaseRef> {
    (any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(lease, pool, slot, length)| LeaseRef {
            lease: LeaseId(lease),
            pool: PoolId(pool),
            slot: SlotIndex(slot),
            length,
        },
    )
}

fn borrowed(source: &Option<(String, u32)>) -> Option<Source<'_>> {
    source.as_ref().map(|(name, generation)| Source {
        name,
        generation: Generation(*generation),
    })
}

/// Through framing and envelope, and back.
fn travels(message: &Message<'_>) -> Result<(), TestCaseError> {
    let frame = encode_frame(&message.encode(), LIMIT_DEFAULT)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    let mut decoder = FrameDecoder::new(LIMIT_DEFAULT);
    decoder.push(&frame);
    let body = decoder
        .next_frame()
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    let read = body.and_then(|body| decode(body).ok());
    prop_assert_eq!(read.as_ref(), Some(message));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        try_all(&bytes);
    }

    #[test]
    fn random_bytes_after_a_good_beginning_never_panic(
        which in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
        tail in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let samples = samples::all();
        let bytes = &samples[which.index(samples.len())].bytes;
        try_all(&[&bytes[..cut.index(bytes.len() + 1)], &tail[..]].concat());
    }

    #[test]
    fn events_travel(
        topic in ".{0,80}", body in proptest::collection::vec(any::<u8>(), 0..3000),
        to in proptest::collection::vec(".{0,80}", 0..5),
        leases in proptest::collection::vec(lease(), 0..5), source in source(),
    ) {
        travels(&Message::Event { topic: &topic, body: &body, leases, source: borrowed(&source), to: to.iter().map(String::as_str).collect() })?;
    }

    #[test]
    fn requests_travel(
        id in any::<u32>(), method in ".{0,80}", body in proptest::collection::vec(any::<u8>(), 0..300), source in source(),
    ) {
        travels(&Message::Request { id: RequestId(id), method: &method, body: &body, source: borrowed(&source) })?;
    }

    #[test]
    fn responses_travel(id in any::<u32>(), body in proptest::collection::vec(any::<u8>(), 0..300), why in ".{0,80}", bad in any::<bool>()) {
        let result = if bad { Err(WireError::new(ErrorCode::Conflict, why)) } else { Ok(&body[..]) };
        travels(&Message::Response { id: RequestId(id), result })?;
    }
}
