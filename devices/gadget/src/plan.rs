//! What the gadget should be, attribute by attribute, and whether a directory of configfs is just that.

use crate::config::Config;
use dkvm_hid::reports::Function;
use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

/// USB 2.0.
pub const USB_VERSION: u16 = 0x0200;
/// Release of the device as USB sees it; raise it when the functions change, so that no target trusts what it remembers.
pub const DEVICE_RELEASE: u16 = 0x0100;
/// Largest packet on endpoint 0.
pub const MAX_PACKET_SIZE: u8 = 64;
/// What the gadget draws from the target, mA: next to nothing, since a Pi has its own supply.
pub const MAX_POWER: u16 = 100;
/// The one configuration.
pub const CONFIGURATION: &str = "keyboard and mouse";
/// US English, the language of the strings.
const LANGUAGE: &str = "0x0409";
/// Bus-powered, the value that hosts expect of a keyboard.
const ATTRIBUTES: u32 = 0x80;

/// A value as Linux shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number, decimal or hexadecimal.
    Number(u32),
    /// A text, without the line's end.
    Text(String),
    /// Bytes as they are.
    Bytes(Vec<u8>),
}

/// What the gadget should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    attributes: Vec<(String, Value)>,
    directories: Vec<(String, BTreeSet<String>)>,
    links: BTreeSet<String>,
}

/// Where what is there differs from the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the keyboard's and mice's LEDs and the like come by the control endpoint, which saves one of the Pi's nine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutEndpoint {
    /// None: `no_out_endpoint` is 1.
    No,
    /// One each: Linux before 5.16 knows nothing else.
    Yes,
}

/// The directory of a function, as the crate `usb-gadget` names it.
pub fn function_directory(gadget: &str, function: Function) -> String {
    format!("hid.{gadget}-{}", function.index())
}

impl Plan {
    /// The plan of a configuration.
    pub fn new(config: &Config, serial: &str, out: OutEndpoint) -> Self {
        let mut attributes = device_attributes(config, serial);
        for function in Function::ALL {
            attributes.extend(function_attributes(config, function, out));
        }
        let functions: BTreeSet<_> = Function::ALL
            .map(|function| function_directory(&config.name, function))
            .into();
        let only =
            |directory: &str, name: &str| (directory.to_owned(), BTreeSet::from([name.to_owned()]));
        let directories = vec![
            only("configs", "c.1"),
            only("strings", LANGUAGE),
            only("configs/c.1/strings", LANGUAGE),
            ("functions".to_owned(), functions.clone()),
        ];
        Self {
            attributes,
            directories,
            links: functions,
        }
    }

    /// Compares with what is there; the first difference, if there is one.
    pub fn compare(&self, gadget: &Path) -> Result<(), Difference> {
        for (directory, wanted) in &self.directories {
            same_names(
                directory,
                wanted,
                &names(&gadget.join(directory), fs::FileType::is_dir),
            )?;
        }
        same_names(
            "configs/c.1",
            &self.links,
            &names(&gadget.join("configs/c.1"), fs::FileType::is_symlink),
        )?;
        self.attributes
            .iter()
            .try_for_each(|(path, wanted)| same_value(path, wanted, &gadget.join(path)))
    }
}

fn number(path: &str, value: impl Into<u32>) -> (String, Value) {
    (path.to_owned(), Value::Number(value.into()))
}

fn text(path: &str, value: &str) -> (String, Value) {
    (path.to_owned(), Value::Text(value.to_owned()))
}

fn device_attributes(config: &Config, serial: &str) -> Vec<(String, Value)> {
    vec![
        number("idVendor", config.vendor_id),
        number("idProduct", config.product_id),
        number("bcdUSB", USB_VERSION),
        number("bcdDevice", DEVICE_RELEASE),
        number("bDeviceClass", 0u8),
        number("bDeviceSubClass", 0u8),
        number("bDeviceProtocol", 0u8),
        number("bMaxPacketSize0", MAX_PACKET_SIZE),
        text("strings/0x0409/manufacturer", &config.manufacturer),
        text("strings/0x0409/product", &config.product),
        text("strings/0x0409/serialnumber", serial),
        number("configs/c.1/MaxPower", MAX_POWER),
        number("configs/c.1/bmAttributes", ATTRIBUTES),
        text("configs/c.1/strings/0x0409/configuration", CONFIGURATION),
    ]
}

fn function_attributes(
    config: &Config,
    function: Function,
    out: OutEndpoint,
) -> Vec<(String, Value)> {
    let path = |attribute: &str| {
        format!(
            "functions/{}/{attribute}",
            function_directory(&config.name, function)
        )
    };
    let mut attributes = vec![
        number(&path("subclass"), function.subclass()),
        number(&path("protocol"), function.protocol()),
        number(&path("report_length"), function.report_length(config.pan())),
        (
            path("report_desc"),
            Value::Bytes(function.descriptor(config.pan())),
        ),
    ];
    if out == OutEndpoint::No {
        attributes.push(number(&path("no_out_endpoint"), 1u8));
    }
    attributes
}

/// Names of one kind in a directory; none when it cannot be read, which is a difference too.
fn names(directory: &Path, kind: impl Fn(&fs::FileType) -> bool) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return BTreeSet::new();
    };
    let of_kind = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|found| kind(&found)));
    of_kind
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn same_names(
    place: &str,
    wanted: &BTreeSet<String>,
    found: &BTreeSet<String>,
) -> Result<(), Difference> {
    if wanted == found {
        return Ok(());
    }
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    Err(Difference(format!(
        "{place} holds [{}] and should hold [{}]",
        list(found),
        list(wanted)
    )))
}

fn same_value(path: &str, wanted: &Value, file: &PathBuf) -> Result<(), Difference> {
    let found =
        fs::read(file).map_err(|error| Difference(format!("{path} cannot be read: {error}")))?;
    if matches(wanted, &found) {
        return Ok(());
    }
    let found = String::from_utf8_lossy(&found);
    let wanted = match wanted {
        Value::Number(number) => format!("{number:#x}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(bytes) => {
            return Err(Difference(format!(
                "{path} differs ({} bytes wanted)",
                bytes.len()
            )))
        }
    };
    Err(Difference(format!(
        "{path} is {:?} and should be {wanted}",
        found.trim_end()
    )))
}

fn matches(wanted: &Value, found: &[u8]) -> bool {
    let line = || {
        std::str::from_utf8(found)
            .ok()
            .map(|text| text.strip_suffix('\n').unwrap_or(text))
    };
    match wanted {
        Value::Bytes(bytes) => bytes == found,
        Value::Text(text) => line() == Some(text),
        Value::Number(number) => line().and_then(parse_number) == Some(*number),
    }
}

fn parse_number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A directory as configfs would show this plan.
    fn build(plan: &Plan) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (directory, names) in &plan.directories {
            names.iter().for_each(|name| {
                fs::create_dir_all(root.path().join(directory).join(name)).unwrap()
            });
        }
        for (path, value) in &plan.attributes {
            let bytes = match value {
                Value::Number(number) => format!("0x{number:04x}\n").into_bytes(),
                Value::Text(text) => format!("{text}\n").into_bytes(),
                Value::Bytes(bytes) => bytes.clone(),
            };
            fs::write(root.path().join(path), bytes).unwrap();
        }
        for link in &plan.links {
            symlink(
                root.path().join("functions").join(link),
                root.path().join("configs/c.1").join(link),
            )
            .unwrap();
        }
        root
    }

    fn plan() -> Plan {
        Plan::new(&Config::default(), "42", OutEndpoint::No)
    }

    #[test]
    fn what_was_built_by_the_plan_is_the_plan() {
        assert_eq!(plan().compare(build(&plan()).path()), Ok(()));
    }

    #[test]
    fn each_single_attribute_that_differs_is_found() {
        let plan = plan();
        for (path, _) in &plan.attributes {
            let root = build(&plan);
            fs::write(root.path().join(path), "77\n").unwrap();
            let difference = plan.compare(root.path()).unwrap_err().to_string();
            assert!(difference.contains(path.as_str()), "{path}: {difference}");
        }
    }

    #[test]
    fn a_function_too_many_or_too_few_is_found() {
        let root = build(&plan());
        fs::create_dir(root.path().join("functions/mass_storage.0")).unwrap();
        assert!(plan().compare(root.path()).is_err());
        let root = build(&plan());
        fs::remove_file(root.path().join("configs/c.1/hid.dkvm-1")).unwrap();
        assert!(plan()
            .compare(root.path())
            .unwrap_err()
            .to_string()
            .contains("configs/c.1"));
    }

    #[test]
    fn no_directory_is_a_difference() {
        assert!(plan().compare(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn numbers_are_read_in_both_notations() {
        assert_eq!(
            (
                parse_number("0x1d6b"),
                parse_number("100"),
                parse_number("x")
            ),
            (Some(0x1d6b), Some(100), None)
        );
    }
}
