//! A gadget on no controller, configured by no target as soon as it is bound.

use super::Found;
use crate::{
    budget::{Shortage, Supply},
    config::{Config, Fault, Wrong},
    error::GadgetError,
    plan::OutEndpoint,
    profile::Profile,
    status::Status,
};
use dkvm_wire::vocab::gadget::FunctionInfo;
use std::{collections::BTreeMap, io};

/// The dummy.
#[derive(Debug)]
pub struct Dummy {
    cable: Cable,
    profile: Profile,
    supply: Option<Supply>,
    faults: BTreeMap<String, Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cable {
    Out,
    In,
}

impl Dummy {
    /// With the endpoints that the configuration says, or as many as one likes.
    pub fn new(config: &Config, profile: &Profile) -> Self {
        let left = config.faults.get(&profile.name).map(|fault| fault.does);
        Self {
            cable: if left == Some(Wrong::Outlive) {
                Cable::In
            } else {
                Cable::Out
            },
            profile: profile.clone(),
            supply: config.endpoints.map(Supply::from),
            faults: config.faults.clone(),
        }
    }

    /// Takes another profile.
    pub fn choose(&mut self, profile: &Profile) {
        self.profile = profile.clone();
    }

    /// Why the configuration's endpoints cannot carry a profile.
    pub fn unfit(&self, profile: &Profile) -> Option<Shortage> {
        let supply = self.supply.as_ref()?;
        supply.fits(&profile.functions, OutEndpoint::No).err()
    }

    /// Built in no time, if an earlier life did not leave it bound.
    pub fn prepare(&self) -> Found {
        match self.cable {
            Cable::In => Found::Adopted,
            Cable::Out => Found::Unbound,
        }
    }

    /// Plugs, or does what it is told to do wrong.
    pub async fn bind(&mut self) -> Result<(), GadgetError> {
        match self.fault() {
            None | Some(Wrong::Outlive) => {
                self.cable = Cable::In;
                Ok(())
            }
            Some(Wrong::Hang) => std::future::pending().await,
            Some(Wrong::Fail) => Err(GadgetError::Bind {
                name: self.profile.name.clone(),
                udc: "dummy".to_owned(),
                source: io::Error::other("it was told to fail"),
            }),
        }
    }

    /// What goes wrong with this bind, if anything does.
    fn fault(&mut self) -> Option<Wrong> {
        let fault = self.faults.get_mut(&self.profile.name)?;
        match fault.after.checked_sub(1) {
            Some(left) => {
                fault.after = left;
                None
            }
            None => Some(fault.does),
        }
    }

    /// Unplugs.
    pub fn unbind(&mut self) {
        self.cable = Cable::Out;
    }

    /// The functions, without device files.
    pub fn functions(&self) -> Vec<FunctionInfo> {
        let info = |function: &crate::functions::Function| FunctionInfo {
            name: function.name().to_owned(),
            device: String::new(),
            traits: function.traits(self.profile.form),
        };
        self.profile.functions.iter().map(info).collect()
    }

    /// Configured when plugged.
    pub fn status(&self) -> Status {
        match self.cable {
            Cable::In => {
                let (bound_to, state, speed) =
                    ("dummy".into(), "configured".into(), "high-speed".into());
                Status {
                    bound_to,
                    state,
                    speed,
                    suspended: String::new(),
                }
            }
            Cable::Out => Status::default(),
        }
    }
}
