//! The gadget's place in configfs, and what is done there. Building and removing is `usb-gadget`'s work; comparing and
//! adopting is ours.

use super::{
    files::{names, text},
    udc, Found,
};
use crate::{
    budget::Shortage,
    config::Config,
    error::GadgetError,
    functions::{Controller, Function, SIGNATURE, VENDOR_CODE},
    plan::{
        class_of, has_os_descriptors, product_id, OutEndpoint, Plan, MAX_PACKET_SIZE, MAX_POWER,
    },
    profile::{Place, Profile},
};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};
use usb_gadget::{Class, Gadget, Id, OsDescriptor, RegGadget, Strings, UsbVersion};

/// Where Linux lists controllers.
pub(super) const CONTROLLERS: &str = "/sys/class/udc";
/// Where it lists network interfaces.
pub(super) const INTERFACES: &str = "/sys/class/net";

/// Where the gadget is, and what it should be.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) config: Config,
    pub(super) profile: Profile,
    pub(super) serial: String,
    pub(super) udc: String,
    pub(super) gadgets: PathBuf,
}

impl Site {
    /// The controller.
    pub(super) fn sysfs(&self) -> PathBuf {
        Path::new(CONTROLLERS).join(&self.udc)
    }

    fn controller(&self, out: OutEndpoint) -> Controller {
        Controller {
            form: self.profile.form,
            out,
            stall: udc::stall(&self.sysfs()),
        }
    }

    /// Why the controller cannot carry a profile, if it is known not to. HID is reckoned as Linux 5.16 and later bind it.
    pub(super) fn unfit(&self, profile: &Profile) -> Option<Shortage> {
        let supply = udc::supply(&self.config, &self.sysfs())?;
        supply.fits(&profile.functions, OutEndpoint::No).err()
    }

    fn directory(&self) -> PathBuf {
        self.gadgets.join(&self.config.name)
    }

    pub(super) fn directory_of(&self, (place, function): Place) -> PathBuf {
        let name = function.directory(&self.config, place);
        self.directory().join("functions").join(name)
    }

    /// Adopts what is there, or builds it.
    pub(super) fn prepare(&self) -> Result<Found, GadgetError> {
        self.must_be_free()?;
        let reason = match self.difference() {
            None if self.bound_to() == self.udc => return Ok(Found::Adopted),
            None => return Ok(Found::Unbound),
            Some(reason) => reason,
        };
        self.addresses_are_free(&self.profile)?;
        let was_there = self.directory().is_dir();
        if was_there {
            self.remove()?;
        }
        self.build()?;
        Ok(Found::Built(was_there.then_some(reason)))
    }

    /// The hardware addresses of its network are nobody else's on this machine.
    pub(super) fn addresses_are_free(&self, profile: &Profile) -> Result<(), GadgetError> {
        if !profile.functions.contains(&Function::Network) {
            return Ok(());
        }
        let serial = self.config.serial();
        match self.config.network.clash(&serial, &interfaces()) {
            None => Ok(()),
            Some((key, mac, by)) => Err(GadgetError::MacTaken { key, mac, by }),
        }
    }

    /// Whether what is there is to be taken down.
    pub(super) fn is_other(&self) -> bool {
        self.directory().is_dir() && self.difference().is_some()
    }

    /// Where what is there is not as wanted.
    fn difference(&self) -> Option<String> {
        let directory = self.directory();
        let with = |out| {
            let controller = self.controller(out);
            Plan::new(&self.config, &self.profile, &self.serial, controller)
                .compare(&directory)
                .err()
        };
        let difference = with(OutEndpoint::No)?;
        // An old Linux has no such attribute; what else differs is told by the plan without it.
        let hid = self
            .profile
            .places()
            .find(|(_, one)| one.driver(&self.config) == "hid");
        let old = hid.is_some_and(|place| {
            let directory = self.directory_of(place);
            directory.is_dir() && !directory.join("no_out_endpoint").exists()
        });
        if old {
            with(OutEndpoint::Yes)
        } else {
            Some(difference)
        }
        .map(|difference| difference.to_string())
    }

    pub(super) fn bound_to(&self) -> String {
        text(&self.directory().join("UDC")).trim().to_owned()
    }

    /// Another gadget on our controller is somebody else's, and stays.
    fn must_be_free(&self) -> Result<(), GadgetError> {
        let others = names(&self.gadgets)
            .into_iter()
            .filter(|name| *name != self.config.name);
        let taker = others
            .into_iter()
            .find(|name| text(&self.gadgets.join(name).join("UDC")).trim() == self.udc);
        match taker {
            Some(name) => {
                let by = format!("the gadget {}", self.gadgets.join(name).display());
                Err(GadgetError::Taken {
                    udc: self.udc.clone(),
                    by,
                })
            }
            None => Ok(()),
        }
    }

    fn remove(&self) -> Result<(), GadgetError> {
        let remove = || {
            let mine = usb_gadget::registered()?
                .into_iter()
                .find(|gadget| gadget.path() == self.directory());
            mine.map_or(Ok(()), RegGadget::remove)
        };
        remove().map_err(|source| GadgetError::Remove {
            name: self.config.name.clone(),
            source,
        })
    }

    fn build(&self) -> Result<(), GadgetError> {
        let built = match self.describe(OutEndpoint::No).and_then(Gadget::register) {
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                self.describe(OutEndpoint::Yes).and_then(Gadget::register)
            }
            result => result,
        };
        // It is to outlive this process.
        let keep = |mut gadget: RegGadget| gadget.detach();
        built.map(keep).map_err(|source| GadgetError::Build {
            name: self.config.name.clone(),
            needs: needs(&self.config, &self.profile),
            source,
        })
    }

    fn describe(&self, out: OutEndpoint) -> io::Result<Gadget> {
        let config = &self.config;
        let controller = self.controller(out);
        let mut configuration = usb_gadget::Config::new(self.profile.description());
        configuration.max_power = MAX_POWER;
        for function in &self.profile.functions {
            configuration.add_function(function.describe(config, controller)?);
        }
        let strings = Strings::new(&config.manufacturer, &config.product, &self.serial);
        let id = Id::new(config.vendor_id, product_id(config, &self.profile));
        let mut gadget = Gadget::new(class(&self.profile), id, strings).with_config(configuration);
        if has_os_descriptors(config, &self.profile) {
            gadget.os_descriptor = Some(OsDescriptor::new(VENDOR_CODE, SIGNATURE.to_owned()));
        }
        gadget.name = Some(config.name.clone());
        gadget.device_release = self.profile.release();
        gadget.max_packet_size0 = MAX_PACKET_SIZE;
        gadget.usb_version = UsbVersion::V20;
        Ok(gadget)
    }

    /// Binds.
    pub(super) fn bind(&self) -> Result<(), GadgetError> {
        if self.bound_to() == self.udc {
            return Ok(());
        }
        let result = fs::write(self.directory().join("UDC"), &self.udc);
        result.map_err(|source| match source.kind() {
            ErrorKind::ResourceBusy => GadgetError::Taken {
                udc: self.udc.clone(),
                by: self.taker(),
            },
            _ => GadgetError::Bind {
                name: self.config.name.clone(),
                udc: self.udc.clone(),
                source,
            },
        })
    }

    /// Who has the controller, as the controller itself says.
    fn taker(&self) -> String {
        match text(&self.sysfs().join("function")).trim() {
            "" => "something that does not tell its name".to_owned(),
            driver => format!("the gadget driver {driver}"),
        }
    }

    /// Unbinds.
    pub(super) fn unbind(&self) -> Result<(), GadgetError> {
        if self.bound_to().is_empty() {
            return Ok(());
        }
        let result = fs::write(self.directory().join("UDC"), "\n");
        result.map_err(|source| GadgetError::Bind {
            name: self.config.name.clone(),
            udc: "nothing".to_owned(),
            source,
        })
    }
}

fn class(profile: &Profile) -> Class {
    let [class, sub_class, protocol] = class_of(profile);
    Class::new(class, sub_class, protocol)
}

/// Names and hardware addresses of the machine's interfaces, but for those to a target.
fn interfaces() -> Vec<(String, String)> {
    let all = names(Path::new(INTERFACES)).into_iter();
    let others = all.filter(|name| {
        let uevent = text(&Path::new(INTERFACES).join(name).join("uevent"));
        !uevent.lines().any(|line| line == "DEVTYPE=gadget")
    });
    others
        .map(|name| {
            let address = text(&Path::new(INTERFACES).join(&name).join("address"));
            (name, address.trim().to_owned())
        })
        .collect()
}

/// Which options of Linux the functions take, for who has to add one.
fn needs(config: &Config, profile: &Profile) -> String {
    let mut needs: Vec<_> = profile
        .functions
        .iter()
        .map(|one| format!("usb_f_{} ({})", one.driver(config), one.option(config)))
        .collect();
    needs.dedup();
    needs.join(", ")
}
