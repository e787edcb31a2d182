//! Where the gadget is.

mod configfs;
mod dummy;
mod files;
mod handout;
mod hold;
mod site;
mod udc;

use crate::{
    budget::Shortage,
    config::{BackendKind, Config},
    error::GadgetError,
    profile::Profile,
    status::Status,
};
pub use configfs::Configfs;
use dkvm_wire::vocab::gadget::FunctionInfo;
pub use dummy::Dummy;
pub use files::group_of;
use std::{future::Future, time::Duration};

/// A step in configfs takes some seconds at most, where Linux loads a driver on a machine that has much to do.
const HUNG: Duration = Duration::from_secs(30);

/// How the gadget came to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It was there, bound, just as wanted.
    Adopted,
    /// It was there, just as wanted, but not bound.
    Unbound,
    /// It was built; why what was there, if anything, would not do.
    Built(Option<String>),
}

/// One of the backends.
#[derive(Debug)]
pub enum Backend {
    /// Linux.
    Configfs(Box<Configfs>),
    /// No hardware.
    Dummy(Dummy),
}

impl Backend {
    /// The backend that the configuration chooses.
    pub fn new(config: &Config, profile: &Profile) -> Result<Self, GadgetError> {
        Ok(match config.backend {
            BackendKind::Configfs => Self::Configfs(Box::new(Configfs::new(config, profile)?)),
            BackendKind::Dummy => Self::Dummy(Dummy::new(config, profile)),
        })
    }

    /// Takes another profile, which is there after the next [`Self::prepare`].
    pub fn choose(&mut self, profile: &Profile) {
        match self {
            Self::Configfs(configfs) => configfs.choose(profile),
            Self::Dummy(dummy) => dummy.choose(profile),
        }
    }

    /// Why the controller cannot carry a profile, if it is known not to.
    pub fn unfit(&self, profile: &Profile) -> Option<Shortage> {
        match self {
            Self::Configfs(configfs) => configfs.unfit(profile),
            Self::Dummy(dummy) => dummy.unfit(profile),
        }
    }

    /// Whether the hardware addresses of a profile's network are nobody else's on this machine.
    pub fn addresses_are_free(&self, profile: &Profile) -> Result<(), GadgetError> {
        match self {
            Self::Configfs(configfs) => configfs.addresses_are_free(profile),
            Self::Dummy(_) => Ok(()),
        }
    }

    /// The controller's name.
    pub fn udc(&self) -> &str {
        match self {
            Self::Configfs(configfs) => configfs.udc(),
            Self::Dummy(_) => "dummy",
        }
    }

    /// Whether another gadget of our name is there, which [`Self::prepare`] will take down.
    pub fn is_other(&self) -> bool {
        match self {
            Self::Configfs(configfs) => configfs.is_other(),
            Self::Dummy(_) => false,
        }
    }

    /// Finds the gadget or builds it. It is bound afterwards only if it was adopted.
    pub async fn prepare(&mut self) -> Result<Found, GadgetError> {
        match self {
            Self::Configfs(configfs) => ended(configfs.prepare()).await,
            Self::Dummy(dummy) => Ok(dummy.prepare()),
        }
    }

    /// Binds it: the target sees it plugged.
    pub async fn bind(&mut self) -> Result<(), GadgetError> {
        match self {
            Self::Configfs(configfs) => ended(configfs.bind()).await,
            Self::Dummy(dummy) => ended(dummy.bind()).await,
        }
    }

    /// Unbinds it: the target sees it unplugged.
    pub async fn unbind(&mut self) -> Result<(), GadgetError> {
        match self {
            Self::Configfs(configfs) => ended(configfs.unbind()).await,
            Self::Dummy(dummy) => {
                dummy.unbind();
                Ok(())
            }
        }
    }

    /// Waits for the functions' device files and gives them to those who work them.
    pub async fn hand_out(&self) -> Result<(), GadgetError> {
        match self {
            Self::Configfs(configfs) => configfs.hand_out().await,
            Self::Dummy(_) => Ok(()),
        }
    }

    /// The same for what is there before the gadget is bound.
    pub async fn hand_out_early(&self) -> Result<(), GadgetError> {
        match self {
            Self::Configfs(configfs) => configfs.hand_out_early().await,
            Self::Dummy(_) => Ok(()),
        }
    }

    /// The functions and their device files.
    pub fn functions(&self) -> Vec<FunctionInfo> {
        match self {
            Self::Configfs(configfs) => configfs.functions(),
            Self::Dummy(dummy) => dummy.functions(),
        }
    }

    /// Where USB stands.
    pub fn status(&self) -> Result<Status, GadgetError> {
        match self {
            Self::Configfs(configfs) => configfs.status(),
            Self::Dummy(dummy) => Ok(dummy.status()),
        }
    }

    /// Waits until Linux says that something changed. Cancel-safe.
    pub async fn changed(&self) {
        match self {
            Self::Configfs(configfs) => configfs.changed().await,
            Self::Dummy(_) => std::future::pending().await,
        }
    }
}

/// The kernel's `ping` is answered while Linux works, so nobody else judges a step that does not end.
async fn ended<T>(step: impl Future<Output = Result<T, GadgetError>>) -> Result<T, GadgetError> {
    let seconds = HUNG.as_secs();
    let result = tokio::time::timeout(HUNG, step).await;
    result.unwrap_or(Err(GadgetError::Hung { seconds }))
}
