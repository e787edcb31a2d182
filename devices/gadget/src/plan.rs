//! What the gadget should be, attribute by attribute, and whether a directory of configfs is just that.

use crate::{
    config::Config,
    functions::{Controller, Function, SIGNATURE, VENDOR_CODE},
    profile::{Place, Profile},
};
use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

/// USB 2.0.
pub const USB_VERSION: u16 = 0x0200;
/// Largest packet on endpoint 0.
pub const MAX_PACKET_SIZE: u8 = 64;
/// What the gadget draws from the target, mA: next to nothing, since a Pi has its own supply.
pub const MAX_POWER: u16 = 100;
/// US English, the language of the strings.
const LANGUAGE: &str = "0x0409";
/// The one configuration's directory.
const CONFIGURATION: &str = "configs/c.1";
/// Where Microsoft's OS descriptors are.
const OS_DESCRIPTORS: &str = "os_desc";
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

impl Value {
    /// A number at a path.
    pub fn number(path: &str, value: impl Into<u32>) -> (String, Self) {
        (path.to_owned(), Self::Number(value.into()))
    }

    /// A text at a path.
    pub fn text(path: &str, value: &str) -> (String, Self) {
        (path.to_owned(), Self::Text(value.to_owned()))
    }

    /// As it is written.
    pub fn written(&self) -> Vec<u8> {
        match self {
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// What the gadget should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    attributes: Vec<(String, Value)>,
    directories: Vec<(String, BTreeSet<String>)>,
    /// By directory: the links in it.
    links: Vec<(&'static str, BTreeSet<String>)>,
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

impl Plan {
    /// The plan of a profile.
    pub fn new(config: &Config, profile: &Profile, serial: &str, controller: Controller) -> Self {
        let mut attributes = device_attributes(config, profile, serial);
        let only =
            |directory: &str, name: &str| (directory.to_owned(), BTreeSet::from([name.to_owned()]));
        let mut directories = vec![
            only("configs", "c.1"),
            only("strings", LANGUAGE),
            only("configs/c.1/strings", LANGUAGE),
        ];
        for place in profile.places() {
            attributes.extend(function_attributes(config, place, controller));
            directories.extend(function_directories(config, place));
        }
        let links: BTreeSet<_> = profile
            .places()
            .map(|(place, function)| function.directory(config, place))
            .collect();
        directories.push(("functions".to_owned(), links.clone()));
        let mut links = vec![(CONFIGURATION, links)];
        if has_os_descriptors(config, profile) {
            attributes.extend(os_descriptors());
            links.push((OS_DESCRIPTORS, BTreeSet::from(["c.1".to_owned()])));
        }
        Self {
            attributes,
            directories,
            links,
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
        for (directory, wanted) in &self.links {
            let found = names(&gadget.join(directory), fs::FileType::is_symlink);
            same_names(directory, wanted, &found)?;
        }
        self.attributes
            .iter()
            .try_for_each(|(path, wanted)| same_value(path, wanted, &gadget.join(path)))
    }
}

/// The product number that a target sees.
pub fn product_id(config: &Config, profile: &Profile) -> u16 {
    profile.product_id.unwrap_or(config.product_id)
}

/// Class, subclass and protocol of the device. With functions of several interfaces each it says so (USB ECN "Interface
/// Association Descriptor"): else Windows drives each interface by itself, and finds no driver for half a network.
pub fn class_of(profile: &Profile) -> [u8; 3] {
    let associated = profile.functions.iter().any(|one| one.is_associated());
    if associated {
        [0xef, 2, 1]
    } else {
        [0; 3]
    }
}

/// Whether Windows is told what to drive the network by. Who has no network is not asked what else it could be: firmware
/// that meets an OS string may do anything.
pub fn has_os_descriptors(config: &Config, profile: &Profile) -> bool {
    profile.functions.contains(&Function::Network) && config.network.has_os_descriptors()
}

fn os_descriptors() -> [(String, Value); 3] {
    [
        Value::number("os_desc/use", 1u8),
        Value::number("os_desc/b_vendor_code", VENDOR_CODE),
        Value::text("os_desc/qw_sign", SIGNATURE),
    ]
}

fn device_attributes(config: &Config, profile: &Profile, serial: &str) -> Vec<(String, Value)> {
    let number = |path: &str, value: u32| Value::number(path, value);
    let text = Value::text;
    let [class, sub_class, protocol] = class_of(profile).map(u32::from);
    vec![
        number("idVendor", config.vendor_id.into()),
        number("idProduct", product_id(config, profile).into()),
        number("bcdUSB", USB_VERSION.into()),
        number("bcdDevice", profile.release().into()),
        number("bDeviceClass", class),
        number("bDeviceSubClass", sub_class),
        number("bDeviceProtocol", protocol),
        number("bMaxPacketSize0", MAX_PACKET_SIZE.into()),
        text("strings/0x0409/manufacturer", &config.manufacturer),
        text("strings/0x0409/product", &config.product),
        text("strings/0x0409/serialnumber", serial),
        number("configs/c.1/MaxPower", MAX_POWER.into()),
        number("configs/c.1/bmAttributes", ATTRIBUTES),
        text(
            "configs/c.1/strings/0x0409/configuration",
            &profile.description(),
        ),
    ]
}

fn path_of(config: &Config, (place, function): Place) -> String {
    format!("functions/{}", function.directory(config, place))
}

fn function_attributes(
    config: &Config,
    place: Place,
    controller: Controller,
) -> Vec<(String, Value)> {
    let directory = path_of(config, place);
    let attributes = place.1.attributes(config, controller).into_iter();
    attributes
        .map(|(path, value)| (format!("{directory}/{path}"), value))
        .collect()
}

/// The directories that a function should hold, where it says so.
fn function_directories(config: &Config, place: Place) -> Option<(String, BTreeSet<String>)> {
    let names = place.1.directories(config);
    (!names.is_empty()).then(|| (path_of(config, place), names.into_iter().collect()))
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
            // u_ether.c shows a hardware address with its end.
            .map(|text| text.strip_suffix('\0').unwrap_or(text))
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
    use crate::{
        functions::{Stall, STORAGE_OWNED},
        profile::Profiles,
    };
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
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        for (directory, names) in &plan.links {
            let make = |name| symlink("/nowhere", root.path().join(directory).join(name)).unwrap();
            names.iter().for_each(make);
        }
        root
    }

    fn plan_of(profile: &str, config: &Config) -> Plan {
        let profiles = Profiles::new(config);
        let controller = Controller {
            form: profiles.get(profile).unwrap().form,
            out: OutEndpoint::No,
            stall: Stall::Yes,
        };
        Plan::new(config, profiles.get(profile).unwrap(), "42", controller)
    }

    fn plan() -> Plan {
        plan_of("bios", &Config::default())
    }

    #[test]
    fn what_was_built_by_the_plan_is_the_plan() {
        assert_eq!(plan().compare(build(&plan()).path()), Ok(()));
    }

    #[test]
    fn each_single_attribute_that_differs_is_found() {
        let plan = plan_of("desk", &Config::default());
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
    fn what_the_storage_device_put_into_a_lun_is_no_difference() {
        let plan = plan_of("install", &Config::default());
        let root = build(&plan);
        for attribute in STORAGE_OWNED {
            let lun = root.path().join("functions/mass_storage.dkvm-3/lun.1");
            fs::write(lun.join(attribute), "1\n").unwrap();
        }
        assert_eq!(plan.compare(root.path()), Ok(()));
    }

    #[test]
    fn another_number_of_luns_is_a_difference() {
        let more = Config {
            luns: 3,
            ..Config::default()
        };
        let root = build(&plan_of("install", &Config::default()));
        let difference = plan_of("install", &more).compare(root.path()).unwrap_err();
        assert!(difference.to_string().contains("lun.2"), "{difference}");
    }

    #[test]
    fn another_profile_is_a_difference_both_ways() {
        let config = Config::default();
        let (bios, install) = (plan(), plan_of("install", &config));
        assert!(install.compare(build(&bios).path()).is_err());
        assert!(bios.compare(build(&install).path()).is_err());
    }

    #[test]
    fn another_kind_of_network_is_a_difference_and_so_is_a_lost_os_descriptor() {
        let ncm = plan_of("desk", &Config::default());
        let root = build(&ncm);
        fs::remove_file(root.path().join("os_desc/c.1")).unwrap();
        let difference = ncm.compare(root.path()).unwrap_err().to_string();
        assert!(difference.contains("os_desc"), "{difference}");
        let mut config = Config::default();
        config.network.kind = crate::functions::NetworkKind::Rndis;
        assert!(plan_of("desk", &config)
            .compare(build(&ncm).path())
            .is_err());
    }

    #[test]
    fn only_a_profile_with_a_network_says_anything_to_windows() {
        let says = |profile: &str| {
            let plan = plan_of(profile, &Config::default());
            plan.attributes
                .iter()
                .any(|(path, _)| path.starts_with("os_desc"))
        };
        assert!(says("desk") && !says("bios") && !says("install"));
    }

    #[test]
    fn no_directory_is_a_difference() {
        assert!(plan().compare(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn a_hardware_address_is_known_with_its_end() {
        let mac = Value::Text("02:00:00:00:00:01".to_owned());
        assert!(matches(&mac, b"02:00:00:00:00:01\0\n"));
        assert!(!matches(&mac, b"02:00:00:00:00:02\0\n"));
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
