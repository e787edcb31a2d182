//! The gadget in Linux's configfs, and its controller.

use super::{
    files::{configfs, names, text},
    handout,
    hold::Hold,
    site::{Site, CONTROLLERS},
    Found,
};
use crate::{
    budget::Shortage,
    config::Config,
    error::GadgetError,
    functions::Function,
    profile::{Place, Profile},
    serial,
    status::Status,
};
use dkvm_wire::vocab::gadget::FunctionInfo;
use std::{fs::File, io, os::unix::fs::FileExt, path::Path};
use tokio::io::{unix::AsyncFd, Interest};

/// Longest state of a controller, bytes.
const MAX_STATE: usize = 64;

/// The gadget.
#[derive(Debug)]
pub struct Configfs {
    site: Site,
    watch: AsyncFd<File>,
    /// The serial port's terminal, while there is one and it is bound.
    hold: Hold,
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
        let site = Site {
            config: config.clone(),
            profile: profile.clone(),
            serial,
            udc,
            gadgets,
        };
        let hold = Hold::default();
        Ok(Self { site, watch, hold })
    }

    /// The controller's name.
    pub fn udc(&self) -> &str {
        &self.site.udc
    }

    /// Takes another profile, which is there after the next [`Self::prepare`].
    pub fn choose(&mut self, profile: &Profile) {
        self.site.profile = profile.clone();
    }

    /// Why the controller cannot carry a profile, if it is known not to.
    pub fn unfit(&self, profile: &Profile) -> Option<Shortage> {
        self.site.unfit(profile)
    }

    /// Whether the hardware addresses of a profile's network are nobody else's.
    pub fn addresses_are_free(&self, profile: &Profile) -> Result<(), GadgetError> {
        self.site.addresses_are_free(profile)
    }

    /// Whether what is there is another than is wanted.
    pub fn is_other(&self) -> bool {
        self.site.is_other()
    }

    /// Adopts what is there, or builds it.
    pub async fn prepare(&self) -> Result<Found, GadgetError> {
        self.aside(Site::prepare).await
    }

    /// Binds.
    pub async fn bind(&self) -> Result<(), GadgetError> {
        self.aside(Site::bind).await
    }

    /// Unbinds.
    pub async fn unbind(&self) -> Result<(), GadgetError> {
        self.hold.let_go();
        self.aside(Site::unbind).await
    }

    /// On a thread of its own: Linux loads modules and waits for the target's side here, which can take seconds on a machine
    /// that has much to do, and a device that does not answer meanwhile counts as hung.
    async fn aside<T: Send + 'static>(
        &self,
        work: fn(&Site) -> Result<T, GadgetError>,
    ) -> Result<T, GadgetError> {
        let site = self.site.clone();
        let done = tokio::task::spawn_blocking(move || work(&site)).await;
        done.unwrap_or_else(|error| {
            Err(GadgetError::Thread {
                source: error.into(),
            })
        })
    }

    /// Gives what is there before the gadget is bound: the drives can have their images when the target looks.
    pub async fn hand_out_early(&self) -> Result<(), GadgetError> {
        self.give(|function| !matches!(function, Function::Hid(_) | Function::Audio))
            .await
    }

    /// Waits for the device files, and gives each function's to the group of whoever works it.
    pub async fn hand_out(&self) -> Result<(), GadgetError> {
        self.give(|_| true).await?;
        let places = self.site.profile.places();
        if let Some(place) = places.filter(|(_, one)| *one == Function::Serial).last() {
            let device = handout::device(place, &self.site.directory_of(place));
            self.hold.take(device.into());
        }
        Ok(())
    }

    async fn give(&self, which: fn(Function) -> bool) -> Result<(), GadgetError> {
        let site = &self.site;
        for place in site.profile.places().filter(|place| which(place.1)) {
            handout::give_function(&site.config, place, &site.directory_of(place)).await?;
        }
        Ok(())
    }

    /// The functions and where they are.
    pub fn functions(&self) -> Vec<FunctionInfo> {
        let info = |place: Place| FunctionInfo {
            name: place.1.name().to_owned(),
            device: handout::device(place, &self.site.directory_of(place)),
            traits: place.1.traits(self.site.profile.form),
        };
        self.site.profile.places().map(info).collect()
    }

    /// What Linux says.
    pub fn status(&self) -> Result<Status, GadgetError> {
        self.hold.look();
        let controller = self.site.sysfs();
        let mut state = [0; MAX_STATE];
        // Reading is also what makes the next change wake us.
        let length = self.watch.get_ref().read_at(&mut state, 0);
        let length = length.map_err(|source| GadgetError::UdcGone {
            udc: self.site.udc.clone(),
            source,
        })?;
        Ok(Status {
            bound_to: self.site.bound_to(),
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
