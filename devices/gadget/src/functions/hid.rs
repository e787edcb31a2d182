//! Keyboard and mice: `f_hid`.

use crate::{
    budget::{Direction, Kind, Need},
    plan::{OutEndpoint, Value},
};
use dkvm_hid::reports::{Form, Function};

/// What `f_hid` asks of an interrupt endpoint: as much as the longest report, and 64 bytes hold each of ours.
const PACKET: u16 = 64;
/// Functions beyond the first three have bits from here on; those between are the other drivers'.
const LATER: usize = 7;
/// How many HID functions there were at first.
const FIRST: usize = 3;

pub const fn bit(function: Function) -> u16 {
    let index = function.index();
    if index < FIRST {
        1 << index
    } else {
        1 << (LATER + index - FIRST)
    }
}

pub fn needs(out: OutEndpoint) -> Vec<Need> {
    let need = |direction| Need {
        direction,
        kind: Kind::Interrupt,
        packet: PACKET,
    };
    match out {
        OutEndpoint::No => vec![need(Direction::In)],
        OutEndpoint::Yes => vec![need(Direction::In), need(Direction::Out)],
    }
}

pub fn attributes(function: Function, form: Form, out: OutEndpoint) -> Vec<(String, Value)> {
    let mut attributes = vec![
        Value::number("subclass", function.subclass()),
        Value::number("protocol", function.protocol()),
        Value::number("report_length", function.report_length(form)),
        (
            "report_desc".to_owned(),
            Value::Bytes(function.descriptor(form)),
        ),
    ];
    if out == OutEndpoint::No {
        attributes.push(Value::number("no_out_endpoint", 1u8));
    }
    attributes
}
