//! The reports, and the descriptors that announce them. The gadget device binds what this module says,
//! the hid device writes it: one place for both.
//!
//! Bytes by the HID specification 1.11, appendices B (boot reports) and E; usages by the HID Usage Tables.

use crate::descriptors;
pub use crate::form::{Extra, Extras, Form, Pan, Wheel};
use dkvm_wire::vocab::input::{Leds, Position, CONSUMER_MAX, MAX_CONTACTS};
use std::fmt;

/// The three functions, in the order in which they are bound: `/dev/hidg0`, `1`, `2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Boot keyboard.
    Keyboard,
    /// Absolute mouse, and all that is told by report ID.
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

    /// Longest input report, bytes, with its ID where it has one.
    pub fn report_length(self, form: Form) -> u8 {
        let lengths = form
            .kinds(self)
            .map(|kind| kind.length(form) + usize::from(form.id(kind).is_some()));
        u8::try_from(lengths.max().unwrap_or(0)).unwrap_or(u8::MAX)
    }

    /// The report descriptor.
    pub fn descriptor(self, form: Form) -> Vec<u8> {
        match self {
            Self::Keyboard => descriptors::keyboard(),
            Self::Absolute => descriptors::absolute(form),
            Self::Relative => descriptors::relative(form),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The kinds of input report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Modifiers and the first six keys.
    Keyboard,
    /// The absolute mouse.
    Absolute,
    /// The relative mouse.
    Relative,
    /// Consumer keys.
    Consumer,
    /// System keys.
    System,
    /// Keys beyond the first six.
    Keys,
    /// The digitizer.
    Touch,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Keyboard,
        Self::Absolute,
        Self::Relative,
        Self::Consumer,
        Self::System,
        Self::Keys,
        Self::Touch,
    ];

    /// Place in the order.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The function that carries it.
    pub const fn function(self) -> Function {
        match self {
            Self::Keyboard => Function::Keyboard,
            Self::Relative => Function::Relative,
            Self::Absolute | Self::Consumer | Self::System | Self::Keys | Self::Touch => {
                Function::Absolute
            }
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyboard => "keyboard",
            Self::Absolute => "absolute",
            Self::Relative => "relative",
            Self::Consumer => "consumer",
            Self::System => "system",
            Self::Keys => "keys",
            Self::Touch => "touch",
        }
    }

    /// Bytes of a report as it is bound, without its ID. A mouse without AC Pan leaves out the last byte.
    pub const fn length(self, form: Form) -> usize {
        match self {
            Self::Keyboard => 8,
            Self::Absolute => match form.pan {
                Pan::Yes => 7,
                Pan::No => 6,
            },
            Self::Relative => match (form.wheel, form.pan) {
                (Wheel::Fine, Pan::Yes) => 5,
                _ => 4,
            },
            Self::Consumer => 2 * CONSUMER_KEYS,
            Self::System => 1,
            Self::Keys => KEY_BYTES,
            Self::Touch => CONTACT_BYTES * CONTACTS + 3,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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
/// Consumer keys at once: more than anybody has hands for.
pub const CONSUMER_KEYS: usize = 4;
/// First system key (power down).
pub const FIRST_SYSTEM: u8 = 0x81;
/// Last system key (wake up).
pub const LAST_SYSTEM: u8 = 0x83;
/// All system keys.
pub const SYSTEM_BITS: u8 = (1 << (LAST_SYSTEM - FIRST_SYSTEM + 1)) - 1;
/// Bytes of the bitmap of keys: one bit for each of [`FIRST_KEY`] to [`LAST_KEY`].
pub const KEY_BYTES: usize = (LAST_KEY - FIRST_KEY) as usize / 8 + 1;
/// Fingers of the digitizer.
pub const CONTACTS: usize = MAX_CONTACTS as usize;
/// Bytes of a finger: tip, number, x, y.
pub const CONTACT_BYTES: usize = 6;

/// Largest step of a relative axis or wheel in one report, either way.
pub const MAX_DELTA: i32 = 127;

/// Longest report, without its ID: the digitizer's.
const LONGEST: usize = CONTACT_BYTES * CONTACTS + 3;
/// Longest report as it is written.
pub const MAX_WRITTEN: usize = LONGEST + 1;

/// One input report, ready to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    kind: Kind,
    bytes: [u8; LONGEST],
}

/// What a wheel turns in one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// Away from the user: notches, or parts of a notch where the target reads them so.
    pub wheel: i8,
    /// To the right.
    pub pan: i8,
}

/// A finger as the digitizer tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finger {
    /// Which.
    pub contact: u8,
    /// It touches; else it was just lifted.
    pub tip: Tip,
    /// Where.
    pub at: Position,
}

/// Whether a finger touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tip {
    /// It does.
    Down,
    /// It was lifted.
    Up,
}

impl Report {
    fn new(kind: Kind, head: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        bytes
            .iter_mut()
            .zip(head)
            .for_each(|(place, byte)| *place = *byte);
        Self { kind, bytes }
    }

    /// A keyboard report.
    pub fn keyboard(modifiers: u8, keys: [u8; REPORT_KEYS]) -> Self {
        let [a, b, c, d, e, f] = keys;
        Self::new(Kind::Keyboard, &[modifiers, 0, a, b, c, d, e, f])
    }

    /// A report of the absolute mouse.
    pub fn absolute(buttons: u8, at: Position, turn: Turn) -> Self {
        let ([xl, xh], [yl, yh]) = (at.x.to_le_bytes(), at.y.to_le_bytes());
        let bytes = [buttons, xl, xh, yl, yh, turn.wheel as u8, turn.pan as u8];
        Self::new(Kind::Absolute, &bytes)
    }

    /// A report of the relative mouse.
    pub fn relative(buttons: u8, x: i8, y: i8, turn: Turn) -> Self {
        let bytes = [buttons, x as u8, y as u8, turn.wheel as u8, turn.pan as u8];
        Self::new(Kind::Relative, &bytes)
    }

    /// Consumer keys, of which the first [`CONSUMER_KEYS`] are shown.
    pub fn consumer(keys: &[u16]) -> Self {
        let shown = &keys[..keys.len().min(CONSUMER_KEYS)];
        let bytes: Vec<u8> = shown.iter().flat_map(|usage| usage.to_le_bytes()).collect();
        Self::new(Kind::Consumer, &bytes)
    }

    /// System keys, bit 0 is [`FIRST_SYSTEM`].
    pub fn system(bits: u8) -> Self {
        Self::new(Kind::System, &[bits])
    }

    /// Keys beyond the first six.
    pub fn keys(pressed: &[u8]) -> Self {
        let mut report = Self::new(Kind::Keys, &[]);
        for key in pressed {
            let bit = usize::from(key.saturating_sub(FIRST_KEY));
            report.bytes[bit / 8] |= 1 << (bit % 8);
        }
        report
    }

    /// What two reports of keys beyond the first six have in common.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        let mut report = *self;
        let bytes = report.bytes.iter_mut().zip(other.bytes);
        bytes.for_each(|(byte, other)| *byte &= other);
        report
    }

    /// The digitizer: fingers, and when, in 100 µs.
    pub fn touch(fingers: &[Finger], scan: u16) -> Self {
        let shown = &fingers[..fingers.len().min(CONTACTS)];
        let mut report = Self::new(Kind::Touch, &[]);
        for (place, finger) in report.bytes.chunks_exact_mut(CONTACT_BYTES).zip(shown) {
            let ([xl, xh], [yl, yh]) = (finger.at.x.to_le_bytes(), finger.at.y.to_le_bytes());
            let tip = u8::from(finger.tip == Tip::Down);
            place.copy_from_slice(&[tip, finger.contact, xl, xh, yl, yh]);
        }
        let [low, high] = scan.to_le_bytes();
        report.bytes[LONGEST - 3..].copy_from_slice(&[low, high, shown.len() as u8]);
        report
    }

    /// The fingers that a report of the digitizer tells.
    pub fn fingers(&self) -> Vec<Finger> {
        let count = usize::from(self.bytes[LONGEST - 1]);
        let finger = |bytes: &[u8]| Finger {
            contact: bytes[1],
            tip: if bytes[0] == 0 { Tip::Up } else { Tip::Down },
            at: Position {
                x: u16::from_le_bytes([bytes[2], bytes[3]]),
                y: u16::from_le_bytes([bytes[4], bytes[5]]),
            },
        };
        let told = self.bytes[..CONTACT_BYTES * CONTACTS].chunks_exact(CONTACT_BYTES);
        told.take(count).map(finger).collect()
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The function that carries it.
    pub fn function(&self) -> Function {
        self.kind.function()
    }

    /// Its bytes without an ID, the longest form.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.kind.length(Form::FULL)]
    }

    /// Its bytes as they are written to a function of this form, and how many they are.
    pub fn written(&self, form: Form) -> ([u8; MAX_WRITTEN], usize) {
        let mut out = [0; MAX_WRITTEN];
        let body = &self.bytes[..self.kind.length(form)];
        let start = form.id(self.kind).map_or(0, |id| {
            out[0] = id;
            1
        });
        out[start..start + body.len()].copy_from_slice(body);
        (out, start + body.len())
    }
}

/// The byte of the wheels' feature report, if that is what the target set.
pub fn wheel_feature(function: Function, form: Form, bytes: [u8; 2]) -> Option<u8> {
    let kind = match function {
        Function::Keyboard => return None,
        Function::Absolute => Kind::Absolute,
        Function::Relative => Kind::Relative,
    };
    let byte = match form.id(kind) {
        None => Some(bytes[0]),
        Some(_) => (bytes[0] == descriptors::WHEEL_FEATURE).then_some(bytes[1]),
    };
    byte.filter(|_| form.wheel == Wheel::Fine)
}

/// Whether a usage is a consumer key.
pub fn is_consumer(usage: u16) -> bool {
    (1..=CONSUMER_MAX).contains(&usage)
}

/// The bit of a system key; none for one that does not exist.
pub fn system_bit(usage: u8) -> u8 {
    if (FIRST_SYSTEM..=LAST_SYSTEM).contains(&usage) {
        1 << (usage - FIRST_SYSTEM)
    } else {
        0
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
            Report::relative(2, -127, 127, Turn { wheel: 1, pan: 3 }),
        ];
        for report in reports {
            for form in [Form::FULL, Form::PLAIN] {
                let written = report.written(form).1;
                assert!(written <= usize::from(report.function().report_length(form)));
            }
        }
        assert_eq!(reports[1].bytes(), [1, 0x34, 0x12, 0xff, 0x7f, 0xff, 2]);
        assert_eq!(reports[2].bytes(), [2, 0x81, 0x7f, 1, 3]);
        assert_eq!(reports[2].written(Form::PLAIN).1, 4);
        let (bytes, length) = reports[1].written(Form::FULL);
        assert_eq!(bytes[..length], [1, 1, 0x34, 0x12, 0xff, 0x7f, 0xff, 2]);
    }

    #[test]
    fn the_last_key_has_the_bitmap_s_last_bit() {
        let report = Report::keys(&[FIRST_KEY, LAST_KEY]);
        let bits: u32 = report.bytes().iter().map(|byte| byte.count_ones()).sum();
        assert_eq!((report.bytes()[0], bits), (1, 2));
    }

    #[test]
    fn a_finger_is_told_with_its_number_and_place() {
        let at = Position { x: 0x1234, y: 2 };
        let finger = Finger {
            contact: 3,
            tip: Tip::Down,
            at,
        };
        let report = Report::touch(&[finger], 0x0102);
        assert_eq!(report.bytes()[..7], [1, 3, 0x34, 0x12, 2, 0, 0]);
        assert_eq!(report.bytes()[CONTACT_BYTES * CONTACTS..], [2, 1, 1]);
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
