//! What the HID functions announce beside what each target knows: switched on by the gadget device, told to the hid device.

use crate::reports::{Function, Kind};

/// Whether the mice have a horizontal wheel (AC Pan): some firmware does not survive the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pan {
    /// With.
    #[default]
    Yes,
    /// Without the field.
    No,
}

/// What a wheel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wheel {
    /// Notches.
    #[default]
    Notched,
    /// Parts of a notch, for a target that sets the Resolution Multiplier.
    Fine,
}

/// What the interface `absolute` carries beside the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extra {
    /// Consumer keys.
    Consumer,
    /// System keys.
    System,
    /// Keys beyond the first six.
    Keys,
    /// A digitizer.
    Touch,
}

impl Extra {
    /// All, in the order in which they are announced.
    pub const ALL: [Self; 4] = [Self::Consumer, Self::System, Self::Keys, Self::Touch];

    /// The report that tells it.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Consumer => Kind::Consumer,
            Self::System => Kind::System,
            Self::Keys => Kind::Keys,
            Self::Touch => Kind::Touch,
        }
    }

    /// Its name in the configuration and in `gadget.state`.
    pub const fn name(self) -> &'static str {
        self.kind().name()
    }

    /// The one of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extra| extra.name() == name)
    }
}

/// A set of [`Extra`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extras(u8);

impl Extras {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(0b1111);

    /// Whether it holds one.
    pub const fn has(self, extra: Extra) -> bool {
        self.0 & (1 << extra as u8) != 0
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, extra: Extra) -> Self {
        Self(self.0 | 1 << extra as u8)
    }

    /// A bit for each, in the order of [`Extra::ALL`].
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// What it holds.
    pub fn iter(self) -> impl Iterator<Item = Extra> {
        Extra::ALL.into_iter().filter(move |one| self.has(*one))
    }
}

/// What the functions announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form {
    /// A horizontal wheel.
    pub pan: Pan,
    /// What the wheels count. The relative mouse has a horizontal wheel only with fine ones: without, it is the plain boot mouse.
    pub wheel: Wheel,
    /// Further reports.
    pub extras: Extras,
}

/// Names of the traits that are no [`Extra`].
const PAN: &str = "pan";
const FINE: &str = "fine";

impl Form {
    /// Mouse and keyboard as every target knows them.
    pub const PLAIN: Self = Self {
        pan: Pan::Yes,
        wheel: Wheel::Notched,
        extras: Extras::NONE,
    };
    /// Everything.
    pub const FULL: Self = Self {
        pan: Pan::Yes,
        wheel: Wheel::Fine,
        extras: Extras::ALL,
    };

    /// The reports of a function, in the order in which they are announced.
    pub fn kinds(self, function: Function) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .into_iter()
            .filter(move |kind| kind.function() == function && self.has(*kind))
    }

    /// Whether a report is announced.
    pub fn has(self, kind: Kind) -> bool {
        let extra = Extra::ALL.into_iter().find(|extra| extra.kind() == kind);
        extra.is_none_or(|extra| self.extras.has(extra))
    }

    /// The ID with which a report begins. Those of an interface have IDs as soon as there is more than one.
    pub fn id(self, kind: Kind) -> Option<u8> {
        let ids = kind.function() == Function::Absolute && self.extras != Extras::NONE;
        let place = match kind {
            Kind::Keyboard | Kind::Relative => return None,
            Kind::Absolute => 1,
            Kind::Consumer => 2,
            Kind::System => 3,
            Kind::Keys => 4,
            Kind::Touch => 5,
        };
        ids.then_some(place)
    }

    /// Whether a mouse has a horizontal wheel.
    pub fn has_pan(self, function: Function) -> bool {
        let can = match function {
            Function::Keyboard => false,
            Function::Absolute => true,
            Function::Relative => self.wheel == Wheel::Fine,
        };
        can && self.pan == Pan::Yes
    }

    /// As `gadget.state` tells it for a function.
    pub fn traits(self, function: Function) -> Vec<String> {
        let mouse = function != Function::Keyboard;
        let wheel = mouse && self.wheel == Wheel::Fine;
        let pan = self.has_pan(function);
        let extras = self
            .extras
            .iter()
            .filter(|_| function == Function::Absolute);
        let own = [(PAN, pan), (FINE, wheel)];
        let own = own.into_iter().filter(|(_, is)| *is).map(|(name, _)| name);
        own.chain(extras.map(Extra::name))
            .map(str::to_owned)
            .collect()
    }

    /// The form of a set of traits: those of the absolute mouse, which has all.
    pub fn of_traits<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut form = Self {
            pan: Pan::No,
            ..Self::PLAIN
        };
        for name in names {
            match name {
                PAN => form.pan = Pan::Yes,
                FINE => form.wheel = Wheel::Fine,
                _ => {
                    form.extras =
                        Extra::of_name(name).map_or(form.extras, |extra| form.extras.with(extra))
                }
            }
        }
        form
    }

    /// One byte that says it, for the file of what survives.
    pub fn code(self) -> u8 {
        let pan = u8::from(self.pan == Pan::Yes);
        let fine = u8::from(self.wheel == Wheel::Fine);
        self.extras.bits() | pan << 4 | fine << 5
    }

    /// Reads [`Form::code`].
    pub fn of_code(code: u8) -> Option<Self> {
        let on = |bit: u8| code & (1 << bit) != 0;
        (code < 1 << 6).then(|| Self {
            pan: if on(4) { Pan::Yes } else { Pan::No },
            wheel: if on(5) { Wheel::Fine } else { Wheel::Notched },
            extras: Extras(code & 0b1111),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_is_told() {
        for code in 0..1 << 6 {
            let form = Form::of_code(code).expect("a form");
            let traits = form.traits(Function::Absolute);
            assert_eq!(form.code(), code);
            assert_eq!(Form::of_traits(traits.iter().map(String::as_str)), form);
        }
        assert_eq!(Form::of_code(1 << 6), None);
    }

    #[test]
    fn a_plain_mouse_has_no_ids() {
        assert!(Kind::ALL
            .into_iter()
            .all(|kind| Form::PLAIN.id(kind).is_none()));
        assert_eq!(Form::FULL.id(Kind::Absolute), Some(1));
        assert_eq!(Form::FULL.id(Kind::Keyboard), None);
    }
}
