//! The functions that the target can get, one file each.
//!
//! A new one is a file beside these, a variant of [`Function`] at its place in the order, and a bit of its own.

mod audio;
mod hid;
mod network;
mod serial;
mod storage;

use crate::{
    budget::Need,
    config::Config,
    plan::{OutEndpoint, Value},
};
pub use audio::{card, nodes as sound_nodes};
use dkvm_hid::reports::{Form, Function as Hid};
pub use network::{Mac, NetworkConfig, NetworkKind, SIGNATURE, VENDOR_CODE};
pub use serial::tty;
use std::io;
pub use storage::{Stall, OWNED as STORAGE_OWNED};
use usb_gadget::function::{other::Other, Handle};

/// A function. They stand in the order in which they are bound, whatever the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Keyboard and mice.
    Hid(Hid),
    /// Virtual drives.
    Storage,
    /// Speakers and a microphone.
    Audio,
    /// A network.
    Network,
    /// A serial port.
    Serial,
}

/// What a function's attributes depend on beside the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Controller {
    /// Whether HID functions get an OUT endpoint.
    pub out: OutEndpoint,
    /// Whether bulk endpoints may be halted.
    pub stall: Stall,
    /// What the HID functions announce.
    pub form: Form,
}

impl Function {
    /// All, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        let hid = Hid::ALL.into_iter().map(Self::Hid);
        hid.chain([Self::Storage, Self::Audio, Self::Network, Self::Serial])
    }

    /// Its name in the configuration and in `gadget.state`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hid(function) => function.name(),
            Self::Storage => "storage",
            Self::Audio => "audio",
            Self::Network => "network",
            Self::Serial => "serial",
        }
    }

    /// The function of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::all().find(|function| function.name() == name)
    }

    /// What it announces beside what each of its kind has.
    pub fn traits(self, form: Form) -> Vec<String> {
        match self {
            Self::Hid(function) => form.traits(function),
            _ => Vec::new(),
        }
    }

    /// Its bit in the release number of a set of functions; never given to another.
    pub const fn bit(self) -> u16 {
        match self {
            Self::Hid(function) => hid::bit(function),
            Self::Storage => 1 << 3,
            Self::Audio => 1 << 4,
            Self::Network => 1 << 5,
            Self::Serial => 1 << 6,
        }
    }

    /// Linux's driver, which also names the directory and the module (`usb_f_` before it).
    pub const fn driver(self, config: &Config) -> &'static str {
        match self {
            Self::Hid(_) => "hid",
            Self::Storage => "mass_storage",
            Self::Audio => "uac2",
            Self::Network => config.network.kind.driver(),
            Self::Serial => "acm",
        }
    }

    /// The option of Linux that it takes.
    pub const fn option(self, config: &Config) -> &'static str {
        match self {
            Self::Hid(_) => "CONFIG_USB_CONFIGFS_F_HID",
            Self::Storage => "CONFIG_USB_CONFIGFS_MASS_STORAGE",
            Self::Audio => "CONFIG_USB_CONFIGFS_F_UAC2",
            Self::Network => config.network.kind.option(),
            Self::Serial => "CONFIG_USB_CONFIGFS_ACM",
        }
    }

    /// The endpoints that it takes, with an OUT endpoint for HID only on a Linux that knows nothing else.
    pub fn needs(self, out: OutEndpoint) -> Vec<Need> {
        match self {
            Self::Hid(_) => hid::needs(out),
            Self::Storage => storage::needs(),
            Self::Audio => audio::needs(),
            Self::Network => network::needs(),
            Self::Serial => serial::needs(),
        }
    }

    /// Its directory, as the crate `usb-gadget` names it: `place` is its own in the profile.
    pub fn directory(self, config: &Config, place: usize) -> String {
        format!("{}.{}-{place}", self.driver(config), config.name)
    }

    /// Its attributes, by their paths in its directory, which decide whether a gadget that is there is adopted.
    pub fn attributes(self, config: &Config, controller: Controller) -> Vec<(String, Value)> {
        match self {
            Self::Hid(function) => hid::attributes(function, controller.form, controller.out),
            Self::Storage => storage::attributes(config.luns, controller.stall),
            Self::Audio => audio::attributes(),
            Self::Network => config.network.attributes(&config.serial()),
            Self::Serial => Vec::new(),
        }
    }

    /// The directories in its own, where they are part of what it is.
    pub fn directories(self, config: &Config) -> Vec<String> {
        match self {
            Self::Storage => storage::directories(config.luns),
            Self::Hid(_) | Self::Audio | Self::Network | Self::Serial => Vec::new(),
        }
    }

    /// What builds it.
    pub fn describe(self, config: &Config, controller: Controller) -> io::Result<Handle> {
        match self {
            Self::Storage => Ok(storage::describe(config.luns, controller.stall)),
            Self::Hid(_) | Self::Audio | Self::Network | Self::Serial => {
                let attributes = self.attributes(config, controller);
                describe_by_attributes(self.driver(config), &attributes)
            }
        }
    }

    /// Whether it is several interfaces under one association (IAD), which the device's class has to tell.
    pub const fn is_associated(self) -> bool {
        match self {
            Self::Hid(_) | Self::Storage => false,
            Self::Audio | Self::Network | Self::Serial => true,
        }
    }
}

fn describe_by_attributes(driver: &str, attributes: &[(String, Value)]) -> io::Result<Handle> {
    let mut builder = Other::builder(driver)?;
    for (path, value) in attributes {
        builder.set(path, value.written())?;
    }
    Ok(builder.build().1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_order_is_the_contracts() {
        let mut sorted: Vec<_> = Function::all().collect();
        sorted.sort();
        assert_eq!(sorted, Function::all().collect::<Vec<_>>());
        let names: Vec<_> = sorted.into_iter().map(Function::name).collect();
        assert_eq!(names[..3], ["keyboard", "absolute", "relative"]);
        let place = |wanted| names.iter().position(|name| *name == wanted);
        assert_eq!(place("audio").map(|place| place + 1), place("network"));
        assert!(place("storage") < place("audio") && place("network") < place("serial"));
    }

    #[test]
    fn no_two_functions_have_a_name_or_a_bit_in_common() {
        let count = Function::all().count();
        let names: BTreeSet<_> = Function::all().map(Function::name).collect();
        let bits: BTreeSet<_> = Function::all().map(Function::bit).collect();
        assert_eq!((names.len(), bits.len()), (count, count));
        assert!(bits.into_iter().all(|bit| bit.count_ones() == 1));
    }

    #[test]
    fn a_name_leads_to_its_function() {
        assert!(
            Function::all().all(|function| Function::of_name(function.name()) == Some(function))
        );
        assert_eq!(Function::of_name("toaster"), None);
    }
}
