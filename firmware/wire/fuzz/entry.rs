//! What is fuzzed: the two ways in which foreign bytes come in. Used by the fuzz targets and by `tests/fuzz.rs`.

use dkvm_wire::{
    decode, decode_body, service, vocab, FrameDecoder, Goodbye, Hello, Preamble, Ready, Welcome,
    WireError,
};

/// A limit that short inputs can go over.
#[allow(dead_code)]
const LIMIT: usize = 4096;

/// Bytes as they come from a pipe: preamble, then frames, cut anywhere.
#[allow(dead_code)]
pub fn stream(bytes: &[u8]) {
    let (cut, rest) = bytes
        .split_first()
        .map_or((1, bytes), |(cut, rest)| (usize::from(*cut).max(1), rest));
    if let Some((preamble, _)) = rest.split_first_chunk() {
        let _ = Preamble::check(*preamble);
    }
    let mut decoder = FrameDecoder::new(LIMIT);
    for chunk in rest.chunks(cut) {
        decoder.push(chunk);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => envelope(frame),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// One frame. What can be read can be written, and reads back as the same.
pub fn envelope(frame: &[u8]) {
    if let Ok(message) = decode(frame) {
        let again = message.encode();
        assert_eq!(
            decode(&again).ok(),
            Some(message),
            "a message that changes when it is passed on"
        );
    }
}

/// One body, as each type that a body can be.
#[allow(dead_code)]
pub fn bodies(bytes: &[u8]) {
    macro_rules! read {
        ($($body:ty),* $(,)?) => { $( let _ = decode_body::<$body>("fuzz", bytes); )* };
    }
    envelope(bytes);
    read!(Hello, Welcome, Ready, Goodbye, WireError);
    read!(
        service::DeviceInfo,
        service::DeathRecord,
        service::LogLine,
        service::KernelInfo,
        service::Subscribe,
        service::Named
    );
    read!(
        service::PoolRequest,
        service::PoolInfo,
        service::Grant,
        service::Release,
        service::LockArg,
        service::MemoryStats
    );
    read!(
        service::Want,
        service::Demand,
        service::Dropped,
        service::SourceGone,
        service::Nothing,
        service::LogQuery
    );
    read!(
        vocab::input::InputState,
        vocab::input::InputAck,
        vocab::input::HidState
    );
    read!(vocab::gadget::GadgetState, vocab::gadget::Plug);
    read!(
        vocab::video::VideoState,
        vocab::video::FrameInfo,
        vocab::video::EncodeState,
        vocab::video::VideoMode
    );
}
