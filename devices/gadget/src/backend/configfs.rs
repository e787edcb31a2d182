//! The gadget in Linux's configfs. Building and removing is `usb-gadget`'s work; comparing and adopting is ours.

use super::{
    files::{configfs, names, text},
    handout, udc, Found,
};
use crate::{
    budget::Shortage,
    config::Config,
    error::GadgetError,
    functions::Controller,
    plan::{product_id, OutEndpoint, Plan, MAX_PACKET_SIZE, MAX_POWER},
    profile::{Place, Profile},
    serial,
    status::Status,
};
use dkvm_wire::vocab::gadget::FunctionInfo;
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use tokio::io::{unix::AsyncFd, Interest};
use usb_gadget::{Class, Gadget, Id, RegGadget, Strings, UsbVersion};

/// Where Linux lists controllers.
const CONTROLLERS: &str = "/sys/class/udc";
/// Longest state of a controller, bytes.
const MAX_STATE: usize = 64;

/// The gadget.
#[derive(Debug)]
pub struct Configfs {
    config: Config,
    profile: Profile,
    serial: String,
    udc: String,
    gadgets: PathBuf,
    watch: AsyncFd<File>,
}

impl Configfs {
    /// Finds the controller and configfs; touches nothing.
    pub fn new(config: &Config, profile: &Profile) -> Result<Self, GadgetError> {
        let udc = controller(config, names(Path::new(CONTROLLERS)))?;
        let gadgets = configfs(&text(Path::new("/proc/mounts"))).ok_or(GadgetError::NoConfigfs)?;
        if !gadgets.is_dir() {
            return Err(GadgetError::NoLibcomposite {
                path: gadgets.display().to_string(),
            });
        }
        let watch = watch(&udc).map_err(|source| GadgetError::UdcGone {
            udc: udc.clone(),
            source,
        })?;
        let serial = config
            .serial
            .clone()
            .unwrap_or_else(serial::of_this_machine);
        Ok(Self {
            config: config.clone(),
            profile: profile.clone(),
            serial,
            udc,
            gadgets,
            watch,
        })
    }

    /// The controller's name.
    pub fn udc(&self) -> &str {
        &self.udc
    }

    /// Takes another profile, which is there after the next [`Self::prepare`].
    pub fn choose(&mut self, profile: &Profile) {
        self.profile = profile.clone();
    }

    fn sysfs(&self) -> PathBuf {
        Path::new(CONTROLLERS).join(&self.udc)
    }

    fn controller(&self, out: OutEndpoint) -> Controller {
        Controller {
            out,
            stall: udc::stall(&self.sysfs()),
        }
    }

    /// Why the controller cannot carry a profile, if it is known not to. HID is reckoned as Linux 5.16 and later bind it.
    pub fn unfit(&self, profile: &Profile) -> Option<Shortage> {
        let supply = udc::supply(&self.config, &self.sysfs())?;
        supply.fits(&profile.functions, OutEndpoint::No).err()
    }

    fn directory(&self) -> PathBuf {
        self.gadgets.join(&self.config.name)
    }

    fn directory_of(&self, (place, function): Place) -> PathBuf {
        let name = function.directory(&self.config.name, place);
        self.directory().join("functions").join(name)
    }

    /// Adopts what is there, or builds it.
    pub fn prepare(&mut self) -> Result<Found, GadgetError> {
        self.must_be_free()?;
        let reason = match self.difference() {
            None if self.bound_to() == self.udc => return Ok(Found::Adopted),
            None => return Ok(Found::Unbound),
            Some(reason) => reason,
        };
        let was_there = self.directory().is_dir();
        if was_there {
            self.remove()?;
        }
        self.build()?;
        Ok(Found::Built(was_there.then_some(reason)))
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
        let hid = self.profile.places().find(|(_, one)| one.driver() == "hid");
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

    fn bound_to(&self) -> String {
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
            needs: needs(&self.profile),
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
        let mut gadget =
            Gadget::new(Class::INTERFACE_SPECIFIC, id, strings).with_config(configuration);
        gadget.name = Some(config.name.clone());
        gadget.device_release = self.profile.release();
        gadget.max_packet_size0 = MAX_PACKET_SIZE;
        gadget.usb_version = UsbVersion::V20;
        Ok(gadget)
    }

    /// Binds.
    pub fn bind(&mut self) -> Result<(), GadgetError> {
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
    pub fn unbind(&mut self) -> Result<(), GadgetError> {
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

    /// Waits for the device files, and gives each function's to the group of whoever works it.
    pub async fn hand_out(&self) -> Result<(), GadgetError> {
        for place in self.profile.places() {
            handout::give_function(&self.config, place, &self.directory_of(place)).await?;
        }
        Ok(())
    }

    /// The functions and where they are.
    pub fn functions(&self) -> Vec<FunctionInfo> {
        let info = |place: Place| FunctionInfo {
            name: place.1.name().to_owned(),
            device: handout::device(place, &self.directory_of(place)),
        };
        self.profile.places().map(info).collect()
    }

    /// What Linux says.
    pub fn status(&self) -> Result<Status, GadgetError> {
        let controller = self.sysfs();
        let mut state = [0; MAX_STATE];
        // Reading is also what makes the next change wake us.
        let length = self.watch.get_ref().read_at(&mut state, 0);
        let length = length.map_err(|source| GadgetError::UdcGone {
            udc: self.udc.clone(),
            source,
        })?;
        Ok(Status {
            bound_to: self.bound_to(),
            state: String::from_utf8_lossy(&state[..length]).into_owned(),
            suspended: suspended(&controller),
            speed: text(&controller.join("current_speed")),
        })
    }

    /// Waits for a change of the controller's state.
    pub async fn changed(&self) {
        match self.watch.ready(Interest::PRIORITY).await {
            Ok(mut guard) => guard.clear_ready(),
            Err(_) => std::future::pending().await,
        }
    }
}

fn controller(config: &Config, found: Vec<String>) -> Result<String, GadgetError> {
    match (&config.udc, found.first()) {
        (_, None) => Err(GadgetError::NoUdc),
        (None, Some(first)) => Ok(first.clone()),
        (Some(wanted), Some(_)) if found.contains(wanted) => Ok(wanted.clone()),
        (Some(wanted), Some(_)) => Err(GadgetError::NoSuchUdc {
            wanted: wanted.clone(),
            found: found.join(", "),
        }),
    }
}

fn watch(udc: &str) -> io::Result<AsyncFd<File>> {
    let file = File::open(Path::new(CONTROLLERS).join(udc).join("state"))?;
    // Deprecated for descriptors that may change under it, which a `File` does not; its successor is unsafe.
    #[allow(deprecated)]
    AsyncFd::with_interest(file, Interest::PRIORITY)
}

/// The gadget that hangs on the controller says so itself, under a name that Linux chooses (`gadget.0`).
fn suspended(controller: &Path) -> String {
    let device = controller.join("device");
    let gadget = names(&device)
        .into_iter()
        .find(|name| name.starts_with("gadget"));
    gadget
        .map(|name| text(&device.join(name).join("suspended")))
        .unwrap_or_default()
}

/// Which options of Linux the functions take, for who has to add one.
fn needs(profile: &Profile) -> String {
    let mut needs: Vec<_> = profile
        .functions
        .iter()
        .map(|one| format!("usb_f_{} ({})", one.driver(), one.option()))
        .collect();
    needs.dedup();
    needs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(udc: Option<&str>, found: &[&str]) -> Result<String, String> {
        let config = Config {
            udc: udc.map(str::to_owned),
            ..Config::default()
        };
        let found = found.iter().map(|name| (*name).to_owned()).collect();
        controller(&config, found).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_controller_is_taken_unless_one_is_named() {
        assert_eq!(choose(None, &["a", "b"]), Ok("a".into()));
        assert_eq!(choose(Some("b"), &["a", "b"]), Ok("b".into()));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(choose(None, &[]).unwrap_err().contains("dtoverlay=dwc2"));
        let error = choose(Some("c"), &["a", "b"]).unwrap_err();
        assert!(error.contains("\"c\"") && error.contains("a, b"), "{error}");
    }
}
