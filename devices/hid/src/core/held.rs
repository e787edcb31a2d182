//! What is pressed, and the reports that say so.

use super::fingers::Fingers;
use crate::reports::{
    is_consumer, system_bit, Function, Kind, Report, Turn, BUTTONS, FIRST_KEY, FIRST_MODIFIER,
    LAST_KEY, LAST_MODIFIER, REPORT_KEYS,
};
use dkvm_wire::vocab::input::{Position, ABSOLUTE_MAX};

/// Keys remembered at once besides modifiers: more than fingers, less than a flood.
pub const MAX_KEYS: usize = 32;
/// Where the absolute pointer is before anybody moved it: the middle, since corners are hot on some desktops.
pub const MIDDLE: Position = Position {
    x: ABSOLUTE_MAX / 2,
    y: ABSOLUTE_MAX / 2,
};

/// A transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Pressed.
    Down,
    /// Released.
    Up,
}

impl From<bool> for Edge {
    fn from(down: bool) -> Self {
        if down {
            Self::Down
        } else {
            Self::Up
        }
    }
}

/// Keys held, in the order in which they were pressed.
///
/// A key is in one report and stays there until it is released: in the keyboard's as long as that has room, else in the bitmap of
/// further keys, where the target has one. So it never moves from one to the other, which would be a release and a second press.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// Bit 0 is left control.
    pub modifiers: u8,
    /// Those of the keyboard's report, first pressed first; it shows the first six.
    pub pressed: Vec<u8>,
    /// Those of the bitmap.
    pub beyond: Vec<u8>,
}

/// Whether the target has a report for keys beyond the first six, and takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It does.
    Room,
    /// The seventh key waits until one of six is released.
    None,
}

impl Keys {
    /// The report in which a transition of a key is told.
    pub fn route(&self, usage: u8, edge: Edge, beyond: Beyond) -> Kind {
        let full = self.pressed.len() >= REPORT_KEYS && edge == Edge::Down;
        let fits = is_modifier(usage) || self.pressed.contains(&usage) || !full;
        if self.beyond.contains(&usage) || (!fits && beyond == Beyond::Room) {
            Kind::Keys
        } else {
            Kind::Keyboard
        }
    }

    /// Presses in the report of `kind`, or releases. Usages that are no key change nothing.
    pub fn set(&mut self, kind: Kind, usage: u8, edge: Edge) {
        match (usage, edge) {
            (FIRST_MODIFIER..=LAST_MODIFIER, Edge::Down) => {
                self.modifiers |= 1 << (usage - FIRST_MODIFIER)
            }
            (FIRST_MODIFIER..=LAST_MODIFIER, Edge::Up) => {
                self.modifiers &= !(1 << (usage - FIRST_MODIFIER))
            }
            (FIRST_KEY..=LAST_KEY, Edge::Down) => self.press(kind, usage),
            (_, Edge::Up) => {
                self.pressed.retain(|key| *key != usage);
                self.beyond.retain(|key| *key != usage);
            }
            _ => {}
        }
    }

    fn press(&mut self, kind: Kind, usage: u8) {
        let room = self.pressed.len() + self.beyond.len() < MAX_KEYS;
        if self.contains(usage) || !room {
            return;
        }
        match kind {
            Kind::Keys => self.beyond.push(usage),
            _ => self.pressed.push(usage),
        }
    }

    /// Whether a key is held.
    pub fn contains(&self, usage: u8) -> bool {
        match usage {
            FIRST_MODIFIER..=LAST_MODIFIER => self.modifiers & (1 << (usage - FIRST_MODIFIER)) != 0,
            _ => self.pressed.contains(&usage) || self.beyond.contains(&usage),
        }
    }

    /// Releases what is not in `wanted`.
    pub fn keep(&mut self, wanted: &[u8]) {
        self.pressed.retain(|key| wanted.contains(key));
        self.beyond.retain(|key| wanted.contains(key));
        let absent = (FIRST_MODIFIER..=LAST_MODIFIER).filter(|usage| !wanted.contains(usage));
        absent.for_each(|usage| self.set(Kind::Keyboard, usage, Edge::Up));
    }

    fn report(&self) -> Report {
        let mut keys = [0; REPORT_KEYS];
        for (place, key) in keys.iter_mut().zip(&self.pressed) {
            *place = *key;
        }
        Report::keyboard(self.modifiers, keys)
    }
}

fn is_modifier(usage: u8) -> bool {
    (FIRST_MODIFIER..=LAST_MODIFIER).contains(&usage)
}

/// Consumer and system keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    /// Consumer keys, first pressed first; the report shows the first four.
    pub consumer: Vec<u16>,
    /// System keys, as the report's bits.
    pub system: u8,
}

/// Consumer keys remembered at once.
pub const MAX_CONSUMER: usize = 8;

impl Media {
    /// A consumer key.
    pub fn set_consumer(&mut self, usage: u16, edge: Edge) {
        match edge {
            Edge::Up => self.consumer.retain(|key| *key != usage),
            Edge::Down => {
                let room = self.consumer.len() < MAX_CONSUMER;
                if room && is_consumer(usage) && !self.consumer.contains(&usage) {
                    self.consumer.push(usage);
                }
            }
        }
    }

    /// A system key.
    pub fn set_system(&mut self, usage: u8, edge: Edge) {
        match edge {
            Edge::Down => self.system |= system_bit(usage),
            Edge::Up => self.system &= !system_bit(usage),
        }
    }
}

/// Buttons of both mice, and where the absolute pointer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// Buttons of the absolute mouse, bit 0 left.
    pub absolute: u8,
    /// Buttons of the relative mouse.
    pub relative: u8,
    /// Absolute position.
    pub at: Position,
}

impl Default for Pointer {
    fn default() -> Self {
        Self {
            absolute: 0,
            relative: 0,
            at: MIDDLE,
        }
    }
}

impl Pointer {
    /// Which mouse a step of `button` is for: a release goes where the button is held.
    pub fn route(&self, button: u8, edge: Edge, mode: Function) -> Function {
        let held = |buttons: u8| buttons & bit(button) != 0;
        match edge {
            _ if held(self.absolute) => Function::Absolute,
            _ if held(self.relative) => Function::Relative,
            Edge::Down | Edge::Up => mode,
        }
    }

    /// Presses or releases a button of one mouse.
    pub fn set(&mut self, function: Function, button: u8, edge: Edge) {
        let buttons = match function {
            Function::Relative => &mut self.relative,
            _ => &mut self.absolute,
        };
        match edge {
            Edge::Down => *buttons |= bit(button),
            Edge::Up => *buttons &= !bit(button),
        }
    }

    /// Releases what is not in `wanted`.
    pub fn keep(&mut self, wanted: u8) {
        self.absolute &= wanted;
        self.relative &= wanted;
    }

    /// Presses `buttons` on the mouse `mode`, unless they are held.
    pub fn press(&mut self, buttons: u8, mode: Function) {
        let missing = buttons & ALL_BUTTONS & !self.buttons();
        match mode {
            Function::Relative => self.relative |= missing,
            _ => self.absolute |= missing,
        }
    }

    /// All buttons held.
    pub fn buttons(&self) -> u8 {
        self.absolute | self.relative
    }
}

const ALL_BUTTONS: u8 = (1 << BUTTONS) - 1;

/// The bit of a button, none for a button that does not exist.
fn bit(button: u8) -> u8 {
    if button < BUTTONS {
        1 << button
    } else {
        0
    }
}

/// A position inside the range that the descriptor announces.
pub fn within(at: Position) -> Position {
    Position {
        x: at.x.min(ABSOLUTE_MAX),
        y: at.y.min(ABSOLUTE_MAX),
    }
}

/// All that the target should see pressed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Keys.
    pub keys: Keys,
    /// Buttons and position.
    pub pointer: Pointer,
    /// Consumer and system keys.
    pub media: Media,
    /// Fingers on the digitizer.
    pub fingers: Fingers,
}

impl Held {
    /// The report that shows the state of one kind and moves nothing.
    pub fn face(&self, kind: Kind) -> Report {
        match kind {
            Kind::Keyboard => self.keys.report(),
            Kind::Keys => Report::keys(&self.keys.beyond),
            Kind::Absolute => {
                Report::absolute(self.pointer.absolute, self.pointer.at, Turn::default())
            }
            Kind::Relative => Report::relative(self.pointer.relative, 0, 0, Turn::default()),
            Kind::Consumer => Report::consumer(&self.media.consumer),
            Kind::System => Report::system(self.media.system),
            Kind::Touch => self.fingers.face(),
        }
    }

    /// The same with nothing pressed.
    pub fn neutral(&self, kind: Kind) -> Report {
        let mut held = self.clone();
        held.release();
        held.face(kind)
    }

    /// Releases everything; the pointer stays where it is.
    pub fn release(&mut self) {
        *self = Self {
            pointer: Pointer {
                at: self.pointer.at,
                ..Pointer::default()
            },
            ..Self::default()
        };
    }

    /// Whether nothing is pressed.
    pub fn is_neutral(&self) -> bool {
        let mut released = self.clone();
        released.release();
        *self == released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(report: Report) -> Vec<u8> {
        report.bytes()[2..]
            .iter()
            .copied()
            .filter(|key| *key != 0)
            .collect()
    }

    #[test]
    fn the_seventh_key_waits_until_one_of_six_is_released() {
        let mut held = Held::default();
        (4..=10).for_each(|usage| held.keys.set(Kind::Keyboard, usage, Edge::Down));
        assert_eq!(keys(held.face(Kind::Keyboard)), [4, 5, 6, 7, 8, 9]);
        held.keys.set(Kind::Keyboard, 6, Edge::Up);
        assert_eq!(keys(held.face(Kind::Keyboard)), [4, 5, 7, 8, 9, 10]);
    }

    #[test]
    fn a_key_beyond_six_is_told_elsewhere_and_stays_there() {
        let mut keys = Keys::default();
        for usage in 4..=10 {
            let kind = keys.route(usage, Edge::Down, Beyond::Room);
            keys.set(kind, usage, Edge::Down);
        }
        assert_eq!(keys.beyond, [10]);
        keys.set(Kind::Keyboard, 4, Edge::Up);
        assert_eq!(keys.route(10, Edge::Down, Beyond::None), Kind::Keys);
        assert_eq!(keys.route(10, Edge::Up, Beyond::Room), Kind::Keys);
        assert_eq!(keys.route(11, Edge::Down, Beyond::Room), Kind::Keyboard);
        assert_eq!(keys.route(0xe0, Edge::Down, Beyond::Room), Kind::Keyboard);
    }

    #[test]
    fn media_keys_are_in_their_range() {
        let mut media = Media::default();
        for usage in [0, 0x400, u16::MAX] {
            media.set_consumer(usage, Edge::Down);
        }
        for usage in [0x80, 0x84, 0] {
            media.set_system(usage, Edge::Down);
        }
        assert_eq!(media, Media::default());
        (1..20).for_each(|usage| media.set_consumer(usage, Edge::Down));
        media.set_system(0x82, Edge::Down);
        assert_eq!((media.consumer.len(), media.system), (MAX_CONSUMER, 2));
    }

    #[test]
    fn modifiers_are_bits_and_never_crowd_out_keys() {
        let mut held = Held::default();
        (0xe0..=0xe7).for_each(|usage| held.keys.set(Kind::Keyboard, usage, Edge::Down));
        held.keys.set(Kind::Keyboard, 4, Edge::Down);
        assert_eq!(
            held.face(Kind::Keyboard).bytes(),
            [0xff, 0, 4, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn usages_that_are_no_keys_change_nothing() {
        let mut keys = Keys::default();
        [0, 1, 2, 3, 0xde, 0xdf, 0xe8, 0xff]
            .into_iter()
            .for_each(|usage| keys.set(Kind::Keyboard, usage, Edge::Down));
        assert_eq!(keys, Keys::default());
    }

    #[test]
    fn a_button_is_released_on_the_mouse_that_holds_it() {
        let mut pointer = Pointer::default();
        pointer.set(Function::Absolute, 0, Edge::Down);
        assert_eq!(
            pointer.route(0, Edge::Up, Function::Relative),
            Function::Absolute
        );
        assert_eq!(
            pointer.route(1, Edge::Down, Function::Relative),
            Function::Relative
        );
    }

    #[test]
    fn buttons_that_do_not_exist_change_nothing() {
        let mut pointer = Pointer::default();
        pointer.set(Function::Relative, 5, Edge::Down);
        pointer.set(Function::Absolute, 255, Edge::Down);
        pointer.press(0b1110_0000, Function::Absolute);
        assert_eq!(pointer, Pointer::default());
    }

    #[test]
    fn keys_held_keep_their_place_when_others_go() {
        let mut keys = Keys {
            modifiers: 3,
            pressed: vec![4, 5, 6],
            beyond: vec![7, 8],
        };
        keys.keep(&[7, 6, 4, 0xe1]);
        assert_eq!(
            keys,
            Keys {
                modifiers: 2,
                pressed: vec![4, 6],
                beyond: vec![7],
            }
        );
    }
}
