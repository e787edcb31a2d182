//! What of its own ends the device, or is answered to whoever asked for it.

use crate::{budget::Shortage, functions::Mac};
use dkvm_sdk::{ErrorCode, Exit, ExitCode};
use std::io;
use thiserror::Error;

/// What went wrong with the gadget.
#[derive(Debug, Error)]
pub enum GadgetError {
    /// There is no controller.
    #[error(
        "no USB device controller on this machine (/sys/class/udc is empty): on a Raspberry Pi put \
         `dtoverlay=dwc2,dr_mode=peripheral` into config.txt and load the module dwc2; elsewhere load the driver of the controller"
    )]
    NoUdc,
    /// The controller that the configuration names is not there.
    #[error("no USB device controller {wanted:?} on this machine, there is {found}: change `udc` in the configuration or load its driver")]
    NoSuchUdc {
        /// What the configuration says.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// The controller went away.
    #[error("the USB device controller {udc} went away: {source}")]
    UdcGone {
        /// Which.
        udc: String,
        /// What Linux said.
        source: io::Error,
    },
    /// configfs is not there.
    #[error("configfs is not mounted: init does `mount -t configfs none /sys/kernel/config`; Linux needs CONFIG_CONFIGFS_FS")]
    NoConfigfs,
    /// The gadget part of configfs is not there.
    #[error("{path} is not there: load the module libcomposite; Linux needs CONFIG_USB_CONFIGFS")]
    NoLibcomposite {
        /// The directory.
        path: String,
    },
    /// Another gadget has the controller.
    #[error("the USB device controller {udc} is taken by {by}: unbind that first, or name another controller as `udc`")]
    Taken {
        /// Which.
        udc: String,
        /// By whom.
        by: String,
    },
    /// It could not be built.
    #[error("cannot build the USB gadget {name}: {source}; its functions need of Linux {needs}")]
    Build {
        /// Its name.
        name: String,
        /// The modules that its functions take.
        needs: String,
        /// What Linux said.
        source: io::Error,
    },
    /// What an earlier life left could not be removed.
    #[error("cannot remove the USB gadget {name} that is there but not as configured: {source}")]
    Remove {
        /// Its name.
        name: String,
        /// What Linux said.
        source: io::Error,
    },
    /// It could not be bound.
    #[error("cannot bind the USB gadget {name} to {udc}: {source}; /sys/class/udc/{udc} and the Linux log tell more")]
    Bind {
        /// Its name.
        name: String,
        /// The controller.
        udc: String,
        /// What Linux said.
        source: io::Error,
    },
    /// There is no such profile.
    #[error("there is no USB profile {name:?}; there are {known}")]
    NoSuchProfile {
        /// Which.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The controller cannot carry the profile.
    #[error("the USB profile {name} {shortage}")]
    Unfit {
        /// Which.
        name: String,
        /// What is missing.
        shortage: Shortage,
    },
    /// A hardware address of the network is somebody else's.
    #[error(
        "the hardware address {mac} of the network to the target is in use by this node's {by}: set another one as `{key}` in \
         [device.gadget.config.network]"
    )]
    MacTaken {
        /// The key that sets it.
        key: &'static str,
        /// Which.
        mac: Mac,
        /// Whose it is.
        by: String,
    },
    /// A profile could not be bound, and the one before is again.
    #[error("the USB profile {name} cannot be had, {kept} stays: {source}")]
    Kept {
        /// Which.
        name: String,
        /// The one before.
        kept: String,
        /// Why.
        source: Box<GadgetError>,
    },
    /// The thread that works in configfs was lost.
    #[error("a step in configfs was not ended: {source}")]
    Thread {
        /// How.
        source: io::Error,
    },
    /// Linux does not come back.
    #[error(
        "Linux has not ended a step in configfs for {seconds} s: restart the node if USB does not come back by itself; the Linux log \
         tells more"
    )]
    Hung {
        /// How long it was waited for.
        seconds: u64,
    },
    /// A function's device file did not come.
    #[error(
        "{device} did not appear after the USB gadget was bound: devtmpfs must be mounted at /dev"
    )]
    NoDeviceFile {
        /// Which.
        device: String,
    },
}

impl Exit for GadgetError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoUdc | Self::NoSuchUdc { .. } | Self::UdcGone { .. } | Self::Taken { .. } => {
                ExitCode::HardwareAbsent
            }
            Self::NoConfigfs | Self::NoLibcomposite { .. } => ExitCode::HardwareAbsent,
            Self::Build { .. }
            | Self::Remove { .. }
            | Self::Bind { .. }
            | Self::NoSuchProfile { .. }
            | Self::Unfit { .. }
            | Self::MacTaken { .. }
            | Self::Kept { .. }
            | Self::Thread { .. }
            | Self::Hung { .. }
            | Self::NoDeviceFile { .. } => ExitCode::Internal,
        }
    }
}

impl GadgetError {
    /// Whether all is as it was before the request.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::NoSuchProfile { .. }
                | Self::Unfit { .. }
                | Self::MacTaken { .. }
                | Self::Kept { .. }
        )
    }

    /// Whether a thread may be in configfs still: nothing else must be done there.
    pub fn is_hang(&self) -> bool {
        matches!(self, Self::Hung { .. })
    }

    /// For the answer to a request.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchProfile { .. } => ErrorCode::NotFound,
            Self::Unfit { .. } => ErrorCode::Exhausted,
            Self::MacTaken { .. } => ErrorCode::Conflict,
            _ => ErrorCode::Hardware,
        }
    }
}
