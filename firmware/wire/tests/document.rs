//! docs/wire-protocol.md says what the code does: its hexadecimal blocks are the golden samples, and it names
//! everything that there is to name.

mod samples;

use dkvm_wire::{
    encode_body, service::methods, topics, vocab, ErrorCode, ExitCode, LIMIT_BEFORE_WELCOME,
    MAX_DEPTH,
};
use std::collections::BTreeMap;

const TEXT: &str = include_str!("../../../docs/wire-protocol.md");

/// The blocks that begin with ```` ```hex NAME ````; what follows a `#` is for people.
fn blocks() -> BTreeMap<&'static str, Vec<u8>> {
    let parts = TEXT.split("```hex ").skip(1);
    let named = parts.filter_map(|part| part.split("```").next()?.split_once('\n'));
    named
        .map(|(name, lines)| (name, lines.lines().flat_map(bytes).collect()))
        .collect()
}

fn bytes(line: &str) -> Vec<u8> {
    let digits = line.split('#').next().unwrap_or_default();
    digits
        .split_whitespace()
        .map(|two| u8::from_str_radix(two, 16).unwrap_or_else(|_| unreachable!("{line}")))
        .collect()
}

#[test]
fn each_block_is_what_the_code_sends() {
    let samples: BTreeMap<_, _> = samples::all()
        .into_iter()
        .map(|sample| (sample.name, sample.bytes))
        .collect();
    let blocks = blocks();
    for (name, bytes) in &blocks {
        assert_eq!(samples.get(name), Some(bytes), "the block {name}");
    }
    for name in [
        "preamble",
        "frame",
        "hello",
        "welcome",
        "ready",
        "goodbye",
        "request",
        "response",
        "response-error",
        "event-with-lease",
    ] {
        assert!(blocks.contains_key(name), "there is no block {name}");
    }
}

fn assert_named(what: &str) {
    assert!(
        TEXT.contains(&format!("`{what}`")),
        "{what} is not in docs/wire-protocol.md"
    );
}

#[test]
fn every_method_is_named() {
    let kernel = [
        methods::HELLO,
        methods::PING,
        methods::KERNEL_INFO,
        methods::DEVICES_LIST,
        methods::DEVICES_GET,
        methods::DEVICES_START,
        methods::DEVICES_STOP,
        methods::DEVICES_RESTART,
        methods::DEVICES_DEATHS,
        methods::EVENTS_SUBSCRIBE,
        methods::LOG_TAIL,
        methods::CONFIG_RELOAD,
        methods::CONFIG_READ,
        methods::CONFIG_CHECK,
        methods::CONFIG_APPLY,
        methods::CONFIG_CONFIRM,
        methods::CONFIG_HISTORY,
        methods::CONFIG_ROLLBACK,
        methods::CONFIG_STATE,
        methods::MEMORY_POOL,
        methods::MEMORY_CLOSE,
        methods::MEMORY_ALLOCATE,
        methods::MEMORY_RETAIN,
        methods::MEMORY_LOCK,
        methods::MEMORY_RELEASE,
        methods::MEMORY_STATS,
    ];
    kernel.into_iter().for_each(assert_named);
}

#[test]
fn every_method_of_a_device_is_named() {
    [
        vocab::gadget::methods::REPLUG,
        vocab::gadget::methods::PLUG,
        vocab::gadget::methods::PROFILE,
        vocab::gadget::methods::GET,
        vocab::audio::methods::GET,
        vocab::audio::methods::SOURCE,
        vocab::audio::methods::MICROPHONE_OPEN,
        vocab::audio::methods::MICROPHONE_CLOSE,
        vocab::typist::methods::GET,
        vocab::typist::methods::CHECK,
        vocab::typist::methods::TYPE,
        vocab::typist::methods::CANCEL,
        vocab::usbnet::methods::GET,
        vocab::usbnet::methods::SET,
        vocab::desk::methods::FOCUS,
        vocab::desk::methods::GET,
        vocab::fetch::methods::GET,
        vocab::fetch::methods::START,
        vocab::fetch::methods::CANCEL,
        vocab::typist::methods::MACRO_LIST,
        vocab::typist::methods::MACRO_PUT,
        vocab::typist::methods::MACRO_REMOVE,
        vocab::typist::methods::MACRO_RUN,
        vocab::typist::methods::MACRO_CANCEL,
        vocab::serial::methods::GET,
        vocab::serial::methods::HISTORY,
        vocab::serial::methods::WRITE,
        vocab::storage::methods::GET,
        vocab::storage::methods::PUT_BEGIN,
        vocab::storage::methods::PUT_WRITE,
        vocab::storage::methods::PUT_FINISH,
        vocab::storage::methods::PUT_ABORT,
        vocab::storage::methods::RENAME,
        vocab::storage::methods::DELETE,
        vocab::storage::methods::ATTACH,
        vocab::storage::methods::EJECT,
        vocab::storage::methods::DRIVE,
        vocab::storage::methods::FILES,
        vocab::storage::methods::FILES_REMOVE,
        vocab::video::methods::SET_MODE,
        vocab::video::methods::SET_ENCODE,
        vocab::video::methods::SET_H264,
        vocab::video::methods::KEY_FRAME,
        vocab::video::methods::LINK,
        vocab::peer::methods::PACE,
    ]
    .into_iter()
    .for_each(assert_named);
}

#[test]
fn every_topic_is_named() {
    [
        topics::READY,
        topics::GOODBYE,
        topics::DROPPED,
        topics::DEMAND,
        topics::WANT,
        topics::GRANT,
        topics::RELEASE,
        topics::SOURCE_GONE,
        topics::DEVICE_STATE,
        topics::DEVICE_DEATH,
        topics::LOG,
        topics::CONFIG_STATE,
        topics::GADGET_STATE,
        topics::INPUT,
        topics::INPUT_ACK,
        topics::INPUT_STATE,
        topics::HID_STATE,
        topics::STORAGE_STATE,
        topics::VIDEO_STATE,
        topics::VIDEO_RAW,
        topics::VIDEO_JPEG,
        topics::ENCODE_STATE,
        topics::VIDEO_H264,
        topics::H264_STATE,
        topics::TYPIST_STATE,
        topics::AUDIO_SPEAKER,
        topics::AUDIO_MICROPHONE,
        topics::AUDIO_STATE,
        topics::FETCH_STATE,
        topics::MACRO_STATE,
        topics::SERIAL_OUTPUT,
        topics::SERIAL_STATE,
        topics::USBNET_STATE,
    ]
    .into_iter()
    .for_each(assert_named);
}

#[test]
fn every_error_code_is_named() {
    for code in [
        ErrorCode::BadRequest,
        ErrorCode::UnknownMethod,
        ErrorCode::NotFound,
        ErrorCode::Forbidden,
        ErrorCode::Unavailable,
        ErrorCode::Timeout,
        ErrorCode::Exhausted,
        ErrorCode::Conflict,
        ErrorCode::Hardware,
        ErrorCode::Internal,
    ] {
        // A MessagePack string of up to 31 bytes is one byte and the text.
        let text = String::from_utf8(encode_body(&code)[1..].to_vec()).unwrap_or_default();
        assert_named(&text);
    }
}

#[test]
fn every_exit_code_is_named() {
    for code in [
        ExitCode::Done,
        ExitCode::HardwareAbsent,
        ExitCode::Internal,
        ExitCode::TryAgain,
        ExitCode::Protocol,
        ExitCode::BadConfig,
    ] {
        assert!(
            TEXT.contains(&format!("| {} | ", code.code())),
            "exit code {}",
            code.code()
        );
    }
}

#[test]
fn limits_are_the_codes() {
    assert!(TEXT.contains(&format!(
        "| frame before `welcome` | {LIMIT_BEFORE_WELCOME} bytes |"
    )));
    assert!(TEXT.contains(&format!("| nesting of arrays and maps | {MAX_DEPTH} |")));
}
