//! The device's part of the configuration.

use crate::{
    budget::Supply,
    functions::NetworkConfig,
    profile::{self, OwnProfiles, BIOS},
    serial,
};
use dkvm_hid::reports::{Extra, Extras, Form, Pan, Wheel};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `configfs` (default) or `dummy`, which needs no USB.
    pub backend: BackendKind,
    /// Name of the controller in `/sys/class/udc`; the first one when it is not said.
    pub udc: Option<String>,
    /// Name of the gadget in configfs.
    pub name: String,
    /// USB vendor number.
    pub vendor_id: u16,
    /// USB product number.
    pub product_id: u16,
    /// Manufacturer that the target shows.
    pub manufacturer: String,
    /// Product that the target shows.
    pub product: String,
    /// Serial number; by default made from this machine's identity.
    pub serial: Option<String>,
    /// A horizontal wheel on the absolute mouse. Some firmware does not survive the field: then `false`.
    pub ac_pan: bool,
    /// Wheels that the target can be told in parts of a notch, where it asks for that; not in the profile `bios`.
    pub hires_wheel: bool,
    /// What the interface of the absolute mouse tells beside it, by name: `consumer`, `system`, `keys` (more than six at once),
    /// `touch`; not in the profile `bios`.
    pub extras: Vec<String>,
    /// The user whose group gets `/dev/hidg*`.
    pub hid_user: String,
    /// The profile until somebody chooses another.
    pub profile: String,
    /// The owner's own profiles.
    pub profiles: OwnProfiles,
    /// How many drives the function `storage` has.
    pub luns: u8,
    /// The user whose group gets what the drives hold.
    pub storage_user: String,
    /// The user whose group gets the sound card.
    pub audio_user: String,
    /// The network to the target.
    pub network: NetworkConfig,
    /// The user whose group gets the serial port.
    pub serial_user: String,
    /// The endpoints that the controller has, where Linux does not tell, or tells wrongly.
    pub endpoints: Option<Endpoints>,
    /// What the dummy does wrong, by the name of the profile; for tests.
    pub faults: BTreeMap<String, Fault>,
}

/// How the dummy binds a profile wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// So often it binds it rightly before.
    #[serde(default)]
    pub after: u32,
    /// What it does then.
    pub does: Wrong,
}

/// Whether the HID functions announce no more than every firmware knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Simple {
    /// They do not.
    Yes,
    /// They announce what is configured.
    No,
}

/// What can go wrong with a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrong {
    /// Linux refuses.
    Fail,
    /// Linux never ends it.
    Hang,
    /// Nothing, but an earlier life left it bound.
    Outlive,
}

/// Endpoints of a controller, besides endpoint 0; seen from the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Endpoints {
    /// To the target.
    pub r#in: u8,
    /// From the target.
    pub out: u8,
}

impl From<Endpoints> for Supply {
    fn from(endpoints: Endpoints) -> Self {
        Self {
            r#in: endpoints.r#in.into(),
            out: endpoints.out.into(),
            fifos: None,
        }
    }
}

/// Where the gadget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// Linux's configfs.
    #[default]
    Configfs,
    /// Nowhere.
    Dummy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::Configfs,
            udc: None,
            name: "dkvm".to_owned(),
            vendor_id: 0x1d6b,
            product_id: 0x0104,
            manufacturer: "dKVM".to_owned(),
            product: "dKVM".to_owned(),
            serial: None,
            ac_pan: true,
            hires_wheel: true,
            extras: Extra::ALL.map(|one| one.name().to_owned()).to_vec(),
            hid_user: "dkvm-hid".to_owned(),
            profile: BIOS.to_owned(),
            profiles: OwnProfiles::new(),
            luns: 2,
            storage_user: "dkvm-storage".to_owned(),
            audio_user: "dkvm-audio".to_owned(),
            network: NetworkConfig::default(),
            serial_user: "dkvm-serial".to_owned(),
            endpoints: None,
            faults: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Whether the absolute mouse has a horizontal wheel.
    pub fn pan(&self) -> Pan {
        if self.ac_pan {
            Pan::Yes
        } else {
            Pan::No
        }
    }

    /// What the HID functions announce; those of the profile `bios` are as every firmware knows them.
    pub fn form(&self, simple: Simple) -> Form {
        let pan = self.pan();
        if simple == Simple::Yes {
            return Form { pan, ..Form::PLAIN };
        }
        let extras = self.extras.iter().filter_map(|name| Extra::of_name(name));
        Form {
            pan,
            wheel: if self.hires_wheel {
                Wheel::Fine
            } else {
                Wheel::Notched
            },
            extras: extras.fold(Extras::NONE, Extras::with),
        }
    }

    fn fault_of_extras(&self) -> Option<(&'static str, String)> {
        let stranger = self
            .extras
            .iter()
            .find(|name| Extra::of_name(name).is_none())?;
        let known = Extra::ALL.map(Extra::name).join(", ");
        Some((
            "extras",
            format!("it holds {stranger:?}, and takes {known}"),
        ))
    }

    /// A key and the reason why its value cannot be used, if there is one.
    pub fn fault(&self) -> Option<(String, String)> {
        let own = |(key, reason): (&str, String)| (key.to_owned(), reason);
        self.fault_of_texts()
            .or_else(|| self.fault_of_names())
            .or_else(|| self.fault_of_extras())
            .map(own)
            .or_else(|| self.network.fault())
            .or_else(|| profile::fault(&self.profiles))
            .or_else(|| self.fault_of_choice().map(own))
    }

    /// The serial number that the target sees: the owner's, or this machine's.
    pub fn serial(&self) -> String {
        let own = self.serial.clone();
        own.unwrap_or_else(serial::of_this_machine)
    }

    fn fault_of_texts(&self) -> Option<(&'static str, String)> {
        let texts = [
            ("manufacturer", Some(&self.manufacturer)),
            ("product", Some(&self.product)),
            ("serial", self.serial.as_ref()),
        ];
        let (key, _) = texts
            .into_iter()
            .find(|(_, text)| text.is_some_and(|text| !fits(text)))?;
        let reason =
            format!("it takes 1 to {MAX_STRING} characters, none of them a control character");
        Some((key, reason))
    }

    fn fault_of_names(&self) -> Option<(&'static str, String)> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(is_plain) {
            let reason = format!("it takes 1 to {MAX_NAME} letters, digits, '-' and '_'");
            return Some(("name", reason));
        }
        let udc = self.udc.as_deref();
        udc.filter(|udc| udc.is_empty() || udc.contains('/'))
            .map(|_| {
                (
                    "udc",
                    "it takes the name of a controller as `ls /sys/class/udc` shows it".to_owned(),
                )
            })
    }

    fn fault_of_choice(&self) -> Option<(&'static str, String)> {
        if !(1..=MAX_LUNS).contains(&self.luns) {
            return Some(("luns", format!("it takes 1 to {MAX_LUNS}")));
        }
        let profiles = profile::Profiles::new(self);
        let known = profiles.get(&self.profile).is_some();
        (!known).then(|| ("profile", format!("it takes one of {}", profiles.names())))
    }
}

/// More LUNs than these Linux does not have (storage_common.h, `FSG_MAX_LUNS` is 16; some firmware looks at 8).
const MAX_LUNS: u8 = 8;
/// A USB string descriptor holds 126 UTF-16 units, less its head.
const MAX_STRING: usize = 125;
/// Linux refuses names of functions over 39 characters: `mass_storage.`, this one, and a place of two digits.
const MAX_NAME: usize = 23;

fn fits(text: &str) -> bool {
    (1..=MAX_STRING).contains(&text.encode_utf16().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Config::default().fault(), None);
    }

    #[test]
    fn values_that_linux_would_refuse_are_named() {
        let faults = [
            Config {
                name: "a/b".into(),
                ..Config::default()
            },
            Config {
                product: "x".repeat(200),
                ..Config::default()
            },
            Config {
                serial: Some(String::new()),
                ..Config::default()
            },
            Config {
                udc: Some("../x".into()),
                ..Config::default()
            },
            Config {
                extras: vec!["keys".into(), "horn".into()],
                ..Config::default()
            },
            Config {
                luns: 9,
                ..Config::default()
            },
            Config {
                network: NetworkConfig {
                    host_addr: Some("01:00:5e:00:00:01".into()),
                    ..NetworkConfig::default()
                },
                ..Config::default()
            },
            Config {
                profile: "office".into(),
                ..Config::default()
            },
            Config {
                profiles: [("office".to_owned(), profile::Own::default())].into(),
                ..Config::default()
            },
        ];
        let keys: Vec<_> = faults
            .iter()
            .filter_map(|config| config.fault().map(|(key, _)| key))
            .collect();
        assert_eq!(
            keys,
            [
                "name",
                "product",
                "serial",
                "udc",
                "extras",
                "luns",
                "network.host_addr",
                "profile",
                "profiles.office"
            ]
        );
    }
}
