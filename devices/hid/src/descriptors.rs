//! Report descriptors, byte by byte.

use crate::reports::Pan;

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

/// A mouse with 5 buttons, up to its axes.
const MOUSE_HEAD: &[u8] = &[
    0x05, 0x01, // Usage Page (Generic Desktop)
    0x09, 0x02, // Usage (Mouse)
    0xa1, 0x01, // Collection (Application)
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

const MOUSE_TAIL: &[u8] = &[
    0xc0, //         End Collection
    0xc0, //       End Collection
];

pub(crate) fn keyboard() -> Vec<u8> {
    KEYBOARD.to_vec()
}

pub(crate) fn absolute(pan: Pan) -> Vec<u8> {
    let pan = if pan == Pan::Yes { PAN } else { &[] };
    [MOUSE_HEAD, ABSOLUTE_AXES, pan, MOUSE_TAIL].concat()
}

pub(crate) fn relative() -> Vec<u8> {
    [MOUSE_HEAD, RELATIVE_AXES, MOUSE_TAIL].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::Function;

    /// Bits of all input fields, and how deep the collections stand open at the end.
    fn input_bits(descriptor: &[u8]) -> (u32, i32) {
        let (mut size, mut count, mut bits, mut open) = (0, 0, 0, 0);
        let mut rest = descriptor;
        while let [head, tail @ ..] = rest {
            let length = [0, 1, 2, 4][usize::from(head & 3)];
            let value = tail.first().copied().map_or(0, u32::from);
            match head & 0xfc {
                0x74 => size = value,
                0x94 => count = value,
                0x80 => bits += size * count,
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
        for pan in [Pan::Yes, Pan::No] {
            for function in Function::ALL {
                let expected = (u32::from(function.report_length(pan)) * 8, 0);
                assert_eq!(
                    input_bits(&function.descriptor(pan)),
                    expected,
                    "{function} {pan:?}"
                );
            }
        }
    }

    #[test]
    fn without_pan_the_consumer_page_is_not_named() {
        let with = absolute(Pan::Yes);
        let without = absolute(Pan::No);
        assert!(with.windows(2).any(|w| w == [0x05, 0x0c]));
        assert!(!without.windows(2).any(|w| w == [0x05, 0x0c]));
    }
}
