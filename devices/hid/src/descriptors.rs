//! Report descriptors, byte by byte.

use crate::reports::{Extra, Form, Kind, Pan, Wheel};

/// 8 bytes in: modifiers, reserved, 6 keys. 1 byte out: 5 LEDs. The layout of the boot keyboard, so that firmware
/// which never reads this descriptor is served too.
const KEYBOARD: &[u8] = &[
    0x05, 0x01, // Usage Page (Generic Desktop)
    0x09, 0x06, // Usage (Keyboard)
    0xa1, 0x01, // Collection (Application)
    0x05, 0x07, //   Usage Page (Keyboard)
    0x19, 0xe0, //   Usage Minimum (Left Control)
    0x29, 0xe7, //   Usage Maximum (Right GUI)
    0x15, 0x00, //   Logical Minimum (0)
    0x25, 0x01, //   Logical Maximum (1)
    0x75, 0x01, //   Report Size (1)
    0x95, 0x08, //   Report Count (8)
    0x81, 0x02, //   Input (Data, Variable, Absolute)
    0x75, 0x08, //   Report Size (8)
    0x95, 0x01, //   Report Count (1)
    0x81, 0x01, //   Input (Constant)
    0x05, 0x08, //   Usage Page (LEDs)
    0x19, 0x01, //   Usage Minimum (Num Lock)
    0x29, 0x05, //   Usage Maximum (Kana)
    0x75, 0x01, //   Report Size (1)
    0x95, 0x05, //   Report Count (5)
    0x91, 0x02, //   Output (Data, Variable, Absolute)
    0x75, 0x03, //   Report Size (3)
    0x95, 0x01, //   Report Count (1)
    0x91, 0x01, //   Output (Constant)
    0x05, 0x07, //   Usage Page (Keyboard)
    0x19, 0x00, //   Usage Minimum (0)
    0x29, 0xdd, //   Usage Maximum (0xDD)
    0x26, 0xdd, 0x00, // Logical Maximum (0xDD)
    0x75, 0x08, //   Report Size (8)
    0x95, 0x06, //   Report Count (6)
    0x81, 0x00, //   Input (Data, Array)
    0xc0, //       End Collection
];

/// Feature report of the wheels' Resolution Multipliers, where reports have IDs. Both in one: Linux's gadget side keeps only
/// the last SET_REPORT until it is read.
pub const WHEEL_FEATURE: u8 = 6;
/// Feature report of how many fingers the digitizer knows.
pub const CONTACTS_FEATURE: u8 = 7;
/// Feature report of the digitizer's certificate.
pub const CERTIFICATE_FEATURE: u8 = 8;

/// A mouse, up to where its reports begin.
const MOUSE: &[u8] = &[
    0x05, 0x01, // Usage Page (Generic Desktop)
    0x09, 0x02, // Usage (Mouse)
    0xa1, 0x01, // Collection (Application)
];

/// 5 buttons.
const MOUSE_HEAD: &[u8] = &[
    0x09, 0x01, //   Usage (Pointer)
    0xa1, 0x00, //   Collection (Physical)
    0x05, 0x09, //     Usage Page (Button)
    0x19, 0x01, //     Usage Minimum (1)
    0x29, 0x05, //     Usage Maximum (5)
    0x15, 0x00, //     Logical Minimum (0)
    0x25, 0x01, //     Logical Maximum (1)
    0x75, 0x01, //     Report Size (1)
    0x95, 0x05, //     Report Count (5)
    0x81, 0x02, //     Input (Data, Variable, Absolute)
    0x75, 0x03, //     Report Size (3)
    0x95, 0x01, //     Report Count (1)
    0x81, 0x01, //     Input (Constant)
    0x05, 0x01, //     Usage Page (Generic Desktop)
];

const ABSOLUTE_AXES: &[u8] = &[
    0x09, 0x30, //     Usage (X)
    0x09, 0x31, //     Usage (Y)
    0x26, 0xff, 0x7f, // Logical Maximum (32767)
    0x75, 0x10, //     Report Size (16)
    0x95, 0x02, //     Report Count (2)
    0x81, 0x02, //     Input (Data, Variable, Absolute)
];

const ABSOLUTE_WHEEL: &[u8] = &[
    0x09, 0x38, //     Usage (Wheel)
    0x15, 0x81, //     Logical Minimum (-127)
    0x25, 0x7f, //     Logical Maximum (127)
    0x75, 0x08, //     Report Size (8)
    0x95, 0x01, //     Report Count (1)
    0x81, 0x06, //     Input (Data, Variable, Relative)
];

const PAN: &[u8] = &[
    0x05, 0x0c, //     Usage Page (Consumer)
    0x0a, 0x38, 0x02, // Usage (AC Pan)
    0x81, 0x06, //     Input (Data, Variable, Relative)
];

/// The boot mouse's three bytes, then the wheel.
const RELATIVE_AXES: &[u8] = &[
    0x09, 0x30, //     Usage (X)
    0x09, 0x31, //     Usage (Y)
    0x09, 0x38, //     Usage (Wheel)
    0x15, 0x81, //     Logical Minimum (-127)
    0x25, 0x7f, //     Logical Maximum (127)
    0x75, 0x08, //     Report Size (8)
    0x95, 0x03, //     Report Count (3)
    0x81, 0x06, //     Input (Data, Variable, Relative)
];

/// The boot mouse's three bytes.
const FINE_RELATIVE_AXES: &[u8] = &[
    0x09, 0x30, //     Usage (X)
    0x09, 0x31, //     Usage (Y)
    0x15, 0x81, //     Logical Minimum (-127)
    0x25, 0x7f, //     Logical Maximum (127)
    0x75, 0x08, //     Report Size (8)
    0x95, 0x02, //     Report Count (2)
    0x81, 0x06, //     Input (Data, Variable, Relative)
];

/// Opens the collection of a wheel; its Resolution Multiplier is 1, or 120 once the target has set the field to 1.
const MULTIPLIER: &[u8] = &[
    0x05, 0x01, //       Usage Page (Generic Desktop)
    0x09, 0x48, //       Usage (Resolution Multiplier)
    0x15, 0x00, //       Logical Minimum (0)
    0x25, 0x01, //       Logical Maximum (1)
    0x35, 0x01, //       Physical Minimum (1)
    0x45, 0x78, //       Physical Maximum (120)
    0x75, 0x02, //       Report Size (2)
    0x95, 0x01, //       Report Count (1)
    0xb1, 0x02, //       Feature (Data, Variable, Absolute)
    0x35, 0x00, //       Physical Minimum (0)
    0x45, 0x00, //       Physical Maximum (0)
];

const FINE_WHEEL: &[u8] = &[
    0x09, 0x38, //       Usage (Wheel)
    0x15, 0x81, //       Logical Minimum (-127)
    0x25, 0x7f, //       Logical Maximum (127)
    0x75, 0x08, //       Report Size (8)
    0x81, 0x06, //       Input (Data, Variable, Relative)
];

const FINE_PAN: &[u8] = &[
    0x05, 0x0c, //       Usage Page (Consumer)
    0x0a, 0x38, 0x02, // Usage (AC Pan)
    0x15, 0x81, //       Logical Minimum (-127)
    0x25, 0x7f, //       Logical Maximum (127)
    0x75, 0x08, //       Report Size (8)
    0x81, 0x06, //       Input (Data, Variable, Relative)
];

const LOGICAL: &[u8] = &[0xa1, 0x02]; // Collection (Logical)
const END: &[u8] = &[0xc0]; // End Collection

const MOUSE_TAIL: &[u8] = &[
    0xc0, //         End Collection
    0xc0, //       End Collection
];

const CONSUMER: &[u8] = &[
    0x05, 0x0c, // Usage Page (Consumer)
    0x09, 0x01, // Usage (Consumer Control)
    0xa1, 0x01, // Collection (Application)
    0x85, 0x02, //   Report ID (2)
    0x15, 0x00, //   Logical Minimum (0)
    0x26, 0xff, 0x03, // Logical Maximum (0x3FF)
    0x19, 0x00, //   Usage Minimum (0)
    0x2a, 0xff, 0x03, // Usage Maximum (0x3FF)
    0x75, 0x10, //   Report Size (16)
    0x95, 0x04, //   Report Count (4)
    0x81, 0x00, //   Input (Data, Array)
    0xc0, //       End Collection
];

const SYSTEM: &[u8] = &[
    0x05, 0x01, // Usage Page (Generic Desktop)
    0x09, 0x80, // Usage (System Control)
    0xa1, 0x01, // Collection (Application)
    0x85, 0x03, //   Report ID (3)
    0x19, 0x81, //   Usage Minimum (System Power Down)
    0x29, 0x83, //   Usage Maximum (System Wake Up)
    0x15, 0x00, //   Logical Minimum (0)
    0x25, 0x01, //   Logical Maximum (1)
    0x75, 0x01, //   Report Size (1)
    0x95, 0x03, //   Report Count (3)
    0x81, 0x02, //   Input (Data, Variable, Absolute)
    0x75, 0x05, //   Report Size (5)
    0x95, 0x01, //   Report Count (1)
    0x81, 0x01, //   Input (Constant)
    0xc0, //       End Collection
];

const KEYS: &[u8] = &[
    0x05, 0x01, // Usage Page (Generic Desktop)
    0x09, 0x06, // Usage (Keyboard)
    0xa1, 0x01, // Collection (Application)
    0x85, 0x04, //   Report ID (4)
    0x05, 0x07, //   Usage Page (Keyboard)
    0x19, 0x04, //   Usage Minimum (A)
    0x29, 0xdd, //   Usage Maximum (0xDD)
    0x15, 0x00, //   Logical Minimum (0)
    0x25, 0x01, //   Logical Maximum (1)
    0x75, 0x01, //   Report Size (1)
    0x95, 0xda, //   Report Count (218)
    0x81, 0x02, //   Input (Data, Variable, Absolute)
    0x75, 0x06, //   Report Size (6)
    0x95, 0x01, //   Report Count (1)
    0x81, 0x01, //   Input (Constant)
    0xc0, //       End Collection
];

const TOUCH_HEAD: &[u8] = &[
    0x05, 0x0d, // Usage Page (Digitizer)
    0x09, 0x04, // Usage (Touch Screen)
    0xa1, 0x01, // Collection (Application)
    0x85, 0x05, //   Report ID (5)
];

const FINGER: &[u8] = &[
    0x05, 0x0d, //   Usage Page (Digitizer)
    0x09, 0x22, //   Usage (Finger)
    0xa1, 0x02, //   Collection (Logical)
    0x09, 0x42, //     Usage (Tip Switch)
    0x15, 0x00, //     Logical Minimum (0)
    0x25, 0x01, //     Logical Maximum (1)
    0x75, 0x01, //     Report Size (1)
    0x95, 0x01, //     Report Count (1)
    0x81, 0x02, //     Input (Data, Variable, Absolute)
    0x75, 0x07, //     Report Size (7)
    0x81, 0x01, //     Input (Constant)
    0x09, 0x51, //     Usage (Contact Identifier)
    0x25, 0x7f, //     Logical Maximum (127)
    0x75, 0x08, //     Report Size (8)
    0x81, 0x02, //     Input (Data, Variable, Absolute)
    0x05, 0x01, //     Usage Page (Generic Desktop)
    0x09, 0x30, //     Usage (X)
    0x09, 0x31, //     Usage (Y)
    0x26, 0xff, 0x7f, // Logical Maximum (32767)
    0x75, 0x10, //     Report Size (16)
    0x95, 0x02, //     Report Count (2)
    0x81, 0x02, //     Input (Data, Variable, Absolute)
    0xc0, //         End Collection
];

const TOUCH_TAIL: &[u8] = &[
    0x05, 0x0d, //   Usage Page (Digitizer)
    0x55, 0x0c, //   Unit Exponent (-4)
    0x66, 0x01, 0x10, // Unit (Seconds)
    0x47, 0xff, 0xff, 0x00, 0x00, // Physical Maximum (65535)
    0x27, 0xff, 0xff, 0x00, 0x00, // Logical Maximum (65535)
    0x75, 0x10, //   Report Size (16)
    0x95, 0x01, //   Report Count (1)
    0x09, 0x56, //   Usage (Scan Time)
    0x81, 0x02, //   Input (Data, Variable, Absolute)
    0x55, 0x00, //   Unit Exponent (0)
    0x65, 0x00, //   Unit (None)
    0x45, 0x00, //   Physical Maximum (0)
    0x25, 0x05, //   Logical Maximum (5)
    0x75, 0x08, //   Report Size (8)
    0x09, 0x54, //   Usage (Contact Count)
    0x81, 0x02, //   Input (Data, Variable, Absolute)
    0x85, 0x07, //   Report ID (7)
    0x09, 0x55, //   Usage (Contact Count Maximum)
    0xb1, 0x02, //   Feature (Data, Variable, Absolute)
    // Windows' certificate. Linux takes it for the sign of a digitizer by Microsoft's rules, and only with such a one does
    // its driver leave the mouse on the same interface alone.
    0x06, 0x00, 0xff, // Usage Page (Vendor 0xFF00)
    0x85, 0x08, //   Report ID (8)
    0x09, 0xc5, //   Usage (0xC5)
    0x26, 0xff, 0x00, // Logical Maximum (255)
    0x96, 0x00, 0x01, // Report Count (256)
    0xb1, 0x02, //   Feature (Data, Variable, Absolute)
    0xc0, //       End Collection
];

pub(crate) fn keyboard() -> Vec<u8> {
    KEYBOARD.to_vec()
}

pub(crate) fn absolute(form: Form) -> Vec<u8> {
    let mut out = mouse(form, Kind::Absolute, ABSOLUTE_AXES);
    match form.wheel {
        Wheel::Fine => fine(&mut out, form, Kind::Absolute),
        Wheel::Notched => {
            out.extend(ABSOLUTE_WHEEL);
            out.extend(if form.pan == Pan::Yes { PAN } else { &[] });
        }
    }
    out.extend(MOUSE_TAIL);
    form.extras.iter().for_each(|extra| out.extend(of(extra)));
    out
}

pub(crate) fn relative(form: Form) -> Vec<u8> {
    let mut out = match form.wheel {
        Wheel::Fine => mouse(form, Kind::Relative, FINE_RELATIVE_AXES),
        Wheel::Notched => mouse(form, Kind::Relative, RELATIVE_AXES),
    };
    if form.wheel == Wheel::Fine {
        fine(&mut out, form, Kind::Relative);
    }
    out.extend(MOUSE_TAIL);
    out
}

fn mouse(form: Form, kind: Kind, axes: &[u8]) -> Vec<u8> {
    [MOUSE, &id(form.id(kind)), MOUSE_HEAD, axes].concat()
}

/// Report ID, if there is one.
fn id(id: Option<u8>) -> Vec<u8> {
    id.map_or_else(Vec::new, |id| vec![0x85, id])
}

/// The wheels, each in a collection with its multiplier; 8 bits of feature report in all.
fn fine(out: &mut Vec<u8>, form: Form, kind: Kind) {
    let input = form.id(kind);
    let feature = id(input.map(|_| WHEEL_FEATURE));
    let padding = |bits: u8| [0x75, bits, 0xb1, 0x01]; // Report Size, Feature (Constant)
    let wheel = |rest: u8, usage: &[u8]| {
        let rest = if rest > 0 { &padding(rest)[..] } else { &[] };
        [LOGICAL, &feature, MULTIPLIER, rest, &id(input), usage, END].concat()
    };
    match form.pan {
        Pan::Yes => out.extend([wheel(0, FINE_WHEEL), wheel(4, FINE_PAN)].concat()),
        Pan::No => out.extend(wheel(6, FINE_WHEEL)),
    }
}

fn of(extra: Extra) -> Vec<u8> {
    match extra {
        Extra::Consumer => CONSUMER.to_vec(),
        Extra::System => SYSTEM.to_vec(),
        Extra::Keys => KEYS.to_vec(),
        Extra::Touch => {
            let fingers = FINGER.repeat(crate::reports::CONTACTS);
            [TOUCH_HEAD, &fingers, TOUCH_TAIL].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::Function;
    use std::collections::BTreeMap;

    /// Bits of all fields by their report IDs and directions, and how deep the collections stand open at the end.
    fn bits(descriptor: &[u8]) -> (BTreeMap<(u32, u8), u32>, i32) {
        let (mut size, mut count, mut id, mut open) = (0, 0, 0, 0);
        let mut bits = BTreeMap::new();
        let mut rest = descriptor;
        while let [head, tail @ ..] = rest {
            let length = [0, 1, 2, 4][usize::from(head & 3)];
            let value = tail[..length]
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            match head & 0xfc {
                0x74 => size = value,
                0x94 => count = value,
                0x84 => id = value,
                0x80 | 0xb0 => *bits.entry((id, head & 0xfc)).or_default() += size * count,
                0xa0 => open += 1,
                0xc0 => open -= 1,
                _ => {}
            }
            rest = &tail[length..];
        }
        (bits, open)
    }

    #[test]
    fn descriptors_announce_the_reports_that_are_written() {
        for form in (0..64).filter_map(Form::of_code) {
            for function in Function::ALL {
                let (bits, open) = bits(&function.descriptor(form));
                let inputs: BTreeMap<_, _> =
                    bits.iter().filter(|((_, way), _)| *way == 0x80).collect();
                let wanted: BTreeMap<_, _> = form
                    .kinds(function)
                    .map(|kind| {
                        let id = u32::from(form.id(kind).unwrap_or(0));
                        (
                            (id, 0x80),
                            u32::try_from(kind.length(form) * 8).expect("small"),
                        )
                    })
                    .collect();
                assert_eq!(inputs, wanted.iter().collect(), "{function} {form:?}");
                assert_eq!(open, 0);
            }
        }
    }

    #[test]
    fn feature_reports_are_whole_bytes_with_ids_of_their_own() {
        for form in (0..64).filter_map(Form::of_code) {
            for function in [Function::Absolute, Function::Relative] {
                let (bits, _) = bits(&function.descriptor(form));
                for ((id, way), bits) in &bits {
                    let shared = |kind: Kind| form.id(kind).map(u32::from) == Some(*id);
                    assert_eq!(bits % 8, 0, "{function} {form:?} {id}");
                    assert!(*way == 0x80 || !form.kinds(function).any(shared));
                }
            }
        }
    }

    #[test]
    fn the_plain_mouse_is_what_it_always_was() {
        let plain = absolute(Form::PLAIN);
        let boot = [
            MOUSE,
            MOUSE_HEAD,
            ABSOLUTE_AXES,
            ABSOLUTE_WHEEL,
            PAN,
            MOUSE_TAIL,
        ]
        .concat();
        assert_eq!(plain, boot);
        assert!(!relative(Form::PLAIN).contains(&0x85));
    }

    #[test]
    fn without_pan_the_consumer_page_is_not_named() {
        let without = Form {
            pan: Pan::No,
            ..Form::PLAIN
        };
        let names = |descriptor: Vec<u8>| descriptor.windows(2).any(|w| w == [0x05, 0x0c]);
        assert!(names(absolute(Form::PLAIN)));
        assert!(!names(absolute(without)));
        assert!(!names(relative(Form {
            wheel: Wheel::Fine,
            ..without
        })));
    }
}
