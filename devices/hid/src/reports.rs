//! The reports, and the descriptors that announce them. The gadget device binds what this module says,
//! the hid device writes it: one place for both.
//!
//! Bytes by the HID specification 1.11, appendices B (boot reports) and E; usages by the HID Usage Tables.

use crate::descriptors;
use dkvm_wire::vocab::input::{Leds, Position};
use std::fmt;

/// The three functions, in the order in which they are bound: `/dev/hidg0`, `1`, `2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Boot keyboard.
    Keyboard,
    /// Absolute mouse.
    Absolute,
    /// Boot mouse.
    Relative,
}

impl Function {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Keyboard, Self::Absolute, Self::Relative];

    /// Place in the order.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Name in `gadget.state`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyboard => "keyboard",
            Self::Absolute => "absolute",
            Self::Relative => "relative",
        }
    }

    /// Interface subclass: 1 is boot. The absolute mouse is no boot device: firmware would read it wrongly.
    pub const fn subclass(self) -> u8 {
        match self {
            Self::Keyboard | Self::Relative => 1,
            Self::Absolute => 0,
        }
    }

    /// Interface protocol: 1 keyboard, 2 mouse.
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Keyboard => 1,
            Self::Absolute => 0,
            Self::Relative => 2,
        }
    }

    /// Longest input report, bytes.
    pub const fn report_length(self, pan: Pan) -> u8 {
        match (self, pan) {
            (Self::Keyboard, _) => 8,
            (Self::Absolute, Pan::Yes) => 7,
            (Self::Absolute, Pan::No) => 6,
            (Self::Relative, _) => 4,
        }
    }

    /// The report descriptor.
    pub fn descriptor(self, pan: Pan) -> Vec<u8> {
        match self {
            Self::Keyboard => descriptors::keyboard(),
            Self::Absolute => descriptors::absolute(pan),
            Self::Relative => descriptors::relative(),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the absolute mouse has a horizontal wheel (AC Pan): some firmware does not survive the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pan {
    /// With.
    #[default]
    Yes,
    /// Without the field.
    No,
}

/// Keys in a keyboard report besides the modifiers.
pub const REPORT_KEYS: usize = 6;
/// First usage that is a key; below are the error codes.
pub const FIRST_KEY: u8 = 0x04;
/// Last usage of the key array.
pub const LAST_KEY: u8 = 0xdd;
/// First modifier (left control).
pub const FIRST_MODIFIER: u8 = 0xe0;
/// Last modifier (right GUI).
pub const LAST_MODIFIER: u8 = 0xe7;
/// Buttons of each mouse.
pub const BUTTONS: u8 = 5;

/// Largest step of a relative axis or wheel in one report, either way.
pub const MAX_DELTA: i32 = 127;

/// One input report, ready to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    function: Function,
    bytes: [u8; 8],
}

/// What a wheel turns in one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// Notches away from the user.
    pub wheel: i8,
    /// Notches to the right.
    pub pan: i8,
}

impl Report {
    /// A keyboard report.
    pub fn keyboard(modifiers: u8, keys: [u8; REPORT_KEYS]) -> Self {
        let [a, b, c, d, e, f] = keys;
        Self {
            function: Function::Keyboard,
            bytes: [modifiers, 0, a, b, c, d, e, f],
        }
    }

    /// A report of the absolute mouse.
    pub fn absolute(buttons: u8, at: Position, turn: Turn) -> Self {
        let ([xl, xh], [yl, yh]) = (at.x.to_le_bytes(), at.y.to_le_bytes());
        let bytes = [buttons, xl, xh, yl, yh, turn.wheel as u8, turn.pan as u8, 0];
        Self {
            function: Function::Absolute,
            bytes,
        }
    }

    /// A report of the relative mouse.
    pub fn relative(buttons: u8, x: i8, y: i8, wheel: i8) -> Self {
        Self {
            function: Function::Relative,
            bytes: [buttons, x as u8, y as u8, wheel as u8, 0, 0, 0, 0],
        }
    }

    /// Whose report.
    pub fn function(&self) -> Function {
        self.function
    }

    /// Its bytes, the longest form: Linux cuts the last one off when the bound descriptor has no pan.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.function.report_length(Pan::Yes))]
    }
}

/// Reads an output report of the keyboard; `None` for an empty one. Bits beyond the five LEDs mean nothing.
pub fn leds(report: &[u8]) -> Option<Leds> {
    let bits = *report.first()?;
    let on = |bit: u8| bits & (1 << bit) != 0;
    Some(Leds {
        num: on(0),
        caps: on(1),
        scroll: on(2),
        compose: on(3),
        kana: on(4),
    })
}

/// The output report of the keyboard that says this.
pub fn led_bits(leds: Leds) -> u8 {
    let bits = [leds.num, leds.caps, leds.scroll, leds.compose, leds.kana];
    bits.into_iter()
        .rev()
        .fold(0, |sum, on| sum << 1 | u8::from(on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_have_the_length_that_is_bound() {
        let reports = [
            Report::keyboard(1, [4, 0, 0, 0, 0, 0]),
            Report::absolute(
                1,
                Position {
                    x: 0x1234,
                    y: 0x7fff,
                },
                Turn { wheel: -1, pan: 2 },
            ),
            Report::relative(2, -127, 127, 1),
        ];
        for report in reports {
            assert_eq!(
                report.bytes().len(),
                usize::from(report.function().report_length(Pan::Yes))
            );
        }
        assert_eq!(reports[1].bytes(), [1, 0x34, 0x12, 0xff, 0x7f, 0xff, 2]);
        assert_eq!(reports[2].bytes(), [2, 0x81, 0x7f, 1]);
    }

    #[test]
    fn leds_are_read_from_the_first_byte() {
        assert_eq!(
            leds(&[0b0000_0010]),
            Some(Leds {
                caps: true,
                ..Leds::default()
            })
        );
        assert_eq!(leds(&[]), None);
    }

    proptest! {
        #[test]
        fn leds_are_written_as_they_are_read(bits in 0u8..32) {
            prop_assert_eq!(leds(&[bits]).map(led_bits), Some(bits));
        }

        #[test]
        fn any_output_report_is_read_or_refused(bytes: Vec<u8>) {
            prop_assert_eq!(leds(&bytes).is_some(), !bytes.is_empty());
        }
    }
}
