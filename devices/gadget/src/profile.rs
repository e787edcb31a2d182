//! Profiles: which functions the target gets. Four are built in, the owner writes his own, also in place of one of these.

use crate::{
    config::{Config, Simple},
    functions::{Function, NetworkKind},
};
use dkvm_hid::reports::Form;
use std::collections::BTreeMap;

/// The profile that suits every target, and the last resort: three HID functions and nothing else. Mass storage beside HID
/// makes some firmware loop.
pub const BIOS: &str = "bios";
const INSTALL: &str = "install";
const DESK: &str = "desk";
const CONSOLE: &str = "console";
const BIOS_FUNCTIONS: [&str; 3] = ["keyboard", "absolute", "relative"];

/// Release of the device as USB sees it, with the functions of [`BIOS`].
///
/// It differs for each set of functions. Windows keeps what it learnt about a device by vendor, product and release number
/// (`usbflags\VVVVPPPPRRRR`, and the hardware ids `USB\VID_…&PID_…&REV_…&MI_…` of its interfaces), and would drive interface 3
/// of one profile by what it took for interface 3 of another. The product number stays: who has a vendor number of his own
/// gives each set a product number, as Android does, and can (`product_id` of a profile); those under 1d6b are the Linux
/// Foundation's to give, and 0104 is the one for composite devices.
const RELEASE: u16 = 100;

/// The collections that the interface `absolute` has beside the mouse are devices of their own to Windows; their bits stand from
/// here on, above those of the functions.
const EXTRAS: u16 = 8;

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its functions, in order.
    pub functions: Vec<Function>,
    /// Its own product number.
    pub product_id: Option<u16>,
    /// What its HID functions announce.
    pub form: Form,
    /// As what the target sees its network.
    pub network: NetworkKind,
}

/// A function at its place in a profile.
pub type Place = (usize, Function);

impl Profile {
    fn built_in(name: &str, functions: impl Iterator<Item = Function>, form: Form) -> Self {
        Self {
            name: name.to_owned(),
            functions: functions.collect(),
            product_id: None,
            form,
            network: NetworkKind::default(),
        }
    }

    /// The functions with their places.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.functions.iter().copied().enumerate()
    }

    /// Where a function stands, if it is part of this profile.
    pub fn place(&self, wanted: Function) -> Option<Place> {
        self.places().find(|(_, function)| *function == wanted)
    }

    /// `bcdDevice`, whose four digits are decimal (USB 2.0, 9.6.1).
    pub fn release(&self) -> u16 {
        let bits = |functions: &[Function]| functions.iter().fold(0, |sum, one| sum | one.bit());
        let usual: Vec<_> = BIOS_FUNCTIONS
            .into_iter()
            .filter_map(Function::of_name)
            .collect();
        let extras = u16::from(self.form.extras.bits()) << EXTRAS;
        let network = match self.functions.contains(&Function::Network) {
            true => self.network.bit(),
            false => 0,
        };
        to_bcd(RELEASE + (bits(&self.functions) ^ bits(&usual) | extras | network))
    }

    /// The text of the configuration's descriptor.
    pub fn description(&self) -> String {
        let names: Vec<_> = self.functions.iter().map(|one| one.name()).collect();
        if names == BIOS_FUNCTIONS {
            return "keyboard and mouse".to_owned();
        }
        names.join(", ")
    }
}

/// Four decimal digits, one in each half byte; the highest number is 9999.
fn to_bcd(number: u16) -> u16 {
    let digit = |power: u32| number / 10u16.pow(power) % 10;
    (0..4).map(|power| digit(power) << (4 * power)).sum()
}

/// The profiles that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(Vec<Profile>);

impl Profiles {
    /// Those that are built in, and the configuration's.
    pub fn new(config: &Config) -> Self {
        let is_hid = |function: &Function| matches!(function, Function::Hid(_));
        let is_installers =
            |function: &Function| is_hid(function) || *function == Function::Storage;
        let is_consoles =
            |function: &Function| is_installers(function) || *function == Function::Serial;
        let bios = BIOS_FUNCTIONS.into_iter().filter_map(Function::of_name);
        let (plain, form) = (config.form(Simple::Yes), config.form(Simple::No));
        let is_desks = |one: &Function| *one != Function::Serial;
        let mut all = vec![
            Profile::built_in(BIOS, bios, plain),
            Profile::built_in(INSTALL, Function::all().filter(is_installers), form),
            Profile::built_in(DESK, Function::all().filter(is_desks), form),
            Profile::built_in(CONSOLE, Function::all().filter(is_consoles), form),
        ];
        // A name that came to be built in after the owner had chosen it stays his.
        all.retain(|one| !config.profiles.contains_key(&one.name));
        all.extend(config.profiles.iter().map(|(name, own)| {
            let mut functions: Vec<_> = own
                .functions
                .iter()
                .filter_map(|name| Function::of_name(name))
                .collect();
            functions.sort();
            Profile {
                name: name.clone(),
                functions,
                product_id: own.product_id,
                form,
                network: NetworkKind::default(),
            }
        }));
        for profile in &mut all {
            profile.network = config.network.kind;
        }
        Self(all)
    }

    /// All.
    pub fn all(&self) -> &[Profile] {
        &self.0
    }

    /// The one of a name.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.0.iter().find(|profile| profile.name == name)
    }

    /// Their names, for a sentence.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|one| one.name.as_str()).collect();
        names.join(", ")
    }
}

/// One of the owner's own profiles, as he writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default)]
pub struct Own {
    /// Its functions, in any order.
    pub functions: Vec<String>,
    /// Its product number; the gadget's when it is not said.
    pub product_id: Option<u16>,
}

/// The owner's own profiles.
pub type OwnProfiles = BTreeMap<String, Own>;

/// Why a profile of the configuration cannot be, with its key, if one cannot.
pub fn fault(profiles: &OwnProfiles) -> Option<(String, String)> {
    profiles.iter().find_map(|(name, own)| {
        let reason = fault_of(name, own)?;
        Some((format!("profiles.{name}"), reason))
    })
}

/// Longest name of a profile: it stands on a line of the page.
const MAX_NAME: usize = 24;

fn fault_of(name: &str, own: &Own) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
        return Some(format!(
            "its name takes 1 to {MAX_NAME} small letters, digits, '-' and '_'"
        ));
    }
    if name == BIOS {
        return Some(format!(
            "{name} is the last resort and stays as it is built in: choose another name"
        ));
    }
    fault_of_functions(&own.functions)
}

fn fault_of_functions(names: &[String]) -> Option<String> {
    let known = || {
        Function::all()
            .map(Function::name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if names.is_empty() {
        return Some(format!("`functions` takes at least one of {}", known()));
    }
    let stranger = names.iter().find(|name| Function::of_name(name).is_none());
    if let Some(name) = stranger {
        return Some(format!("`functions` holds {name:?}, and takes {}", known()));
    }
    let twice = names
        .iter()
        .find(|name| names.iter().filter(|other| other == name).count() > 1);
    twice.map(|name| format!("`functions` holds {name} twice"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn profile(names: &[&str]) -> Profile {
        let functions = names.iter().filter_map(|name| Function::of_name(name));
        Profile::built_in("x", functions, Form::PLAIN)
    }

    fn own(names: &[&str]) -> Own {
        Own {
            functions: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Own::default()
        }
    }

    #[test]
    fn bios_is_what_it_always_was() {
        let profiles = Profiles::new(&Config::default());
        let bios = profiles.get(BIOS).unwrap();
        assert_eq!(bios.release(), 0x0100);
        assert_eq!(bios.description(), "keyboard and mouse");
        assert_eq!(bios.functions.len(), 3);
    }

    #[test]
    fn each_set_of_functions_has_a_release_of_its_own_in_decimal_digits() {
        let all: Vec<_> = Function::all().collect();
        let mut seen = BTreeSet::new();
        for set in 0u32..1 << all.len() {
            let names: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(place, _)| set >> place & 1 == 1)
                .map(|(_, one)| one.name())
                .collect();
            let release = profile(&names).release();
            assert!(
                (0..4).all(|digit| release >> (4 * digit) & 15 < 10),
                "{release:#06x}"
            );
            assert!(seen.insert(release), "{release:#06x} twice: {names:?}");
        }
    }

    #[test]
    fn another_kind_of_network_has_another_release() {
        let mut config = Config::default();
        let release = |config: &Config| Profiles::new(config).get(DESK).map(Profile::release);
        let ncm = release(&config);
        config.network.kind = NetworkKind::Rndis;
        let rndis = release(&config).unwrap();
        assert_ne!(ncm, Some(rndis));
        assert!(
            (0..4).all(|digit| rndis >> (4 * digit) & 15 < 10),
            "{rndis:#06x}"
        );
        assert_eq!(
            Profiles::new(&config).get(BIOS).map(Profile::release),
            Some(0x0100)
        );
    }

    #[test]
    fn own_profiles_stand_in_the_order_of_binding() {
        let config = Config {
            profiles: [("mine".to_owned(), own(&["storage", "keyboard"]))].into(),
            ..Config::default()
        };
        let profiles = Profiles::new(&config);
        let mine = profiles.get("mine").unwrap();
        assert_eq!(mine.functions, profile(&["keyboard", "storage"]).functions);
        assert_eq!(mine.place(Function::Storage), Some((1, Function::Storage)));
        assert_eq!(profiles.names(), "bios, install, desk, console, mine");
    }

    #[test]
    fn console_has_drives_and_the_serial_port_and_the_owners_own_of_a_name_wins() {
        let built_in = Profiles::new(&Config::default());
        let names = ["keyboard", "absolute", "relative", "storage", "serial"];
        assert_eq!(
            built_in.get(CONSOLE).unwrap().functions,
            profile(&names).functions
        );
        let config = Config {
            profiles: [(CONSOLE.to_owned(), own(&["keyboard", "serial"]))].into(),
            ..Config::default()
        };
        let profiles = Profiles::new(&config);
        assert_eq!(fault(&config.profiles), None);
        assert_eq!(profiles.names(), "bios, install, desk, console");
        assert_eq!(
            profiles.get(CONSOLE).unwrap().functions,
            profile(&["keyboard", "serial"]).functions
        );
    }

    #[test]
    fn a_profile_that_cannot_be_is_named_with_what_is_wrong() {
        let fault =
            |name: &str, functions: &[&str]| fault(&[(name.to_owned(), own(functions))].into());
        assert_eq!(fault("mine", &["keyboard", "storage"]), None);
        for (name, functions, told) in [
            ("mine", &["toaster"][..], "toaster"),
            ("mine", &[], "at least one"),
            ("mine", &["keyboard", "keyboard"], "twice"),
            ("bios", &["keyboard"], "built in"),
            ("a b", &["keyboard"], "small letters"),
        ] {
            let (key, reason) = fault(name, functions).unwrap();
            assert!(
                key == format!("profiles.{name}") && reason.contains(told),
                "{key}: {reason}"
            );
        }
    }
}
