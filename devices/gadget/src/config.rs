//! The device's part of the configuration.

use dkvm_hid::reports::Pan;
use serde::Deserialize;

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
    /// The user whose group gets `/dev/hidg*`.
    pub hid_user: String,
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
            hid_user: "dkvm-hid".to_owned(),
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

    /// A key and the reason why its value cannot be used, if there is one.
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let texts = [
            ("manufacturer", Some(&self.manufacturer)),
            ("product", Some(&self.product)),
            ("serial", self.serial.as_ref()),
        ];
        let text = texts
            .into_iter()
            .find(|(_, text)| text.is_some_and(|text| !fits(text)));
        if let Some((key, _)) = text {
            return Some((
                key,
                format!("it takes 1 to {MAX_STRING} characters, none of them a control character"),
            ));
        }
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if !plain(&self.name) || self.name.len() > MAX_NAME {
            return Some((
                "name",
                format!("it takes 1 to {MAX_NAME} letters, digits, '-' and '_'"),
            ));
        }
        self.udc
            .as_deref()
            .filter(|udc| udc.is_empty() || udc.contains('/'))
            .map(|_| {
                (
                    "udc",
                    "it takes the name of a controller as `ls /sys/class/udc` shows it".to_owned(),
                )
            })
    }
}

/// A USB string descriptor holds 126 UTF-16 units, less its head.
const MAX_STRING: usize = 125;
/// Linux refuses longer names for a function, which is made from this one.
const MAX_NAME: usize = 28;

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
        ];
        let keys: Vec<_> = faults
            .iter()
            .filter_map(|config| config.fault().map(|(key, _)| key))
            .collect();
        assert_eq!(keys, ["name", "product", "serial", "udc"]);
    }
}
