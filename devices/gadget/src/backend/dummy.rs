//! A gadget on no controller, configured by no target as soon as it is bound.

use crate::status::Status;
use dkvm_hid::reports::Function;
use dkvm_wire::vocab::gadget::FunctionInfo;

/// The dummy.
#[derive(Debug, Default)]
pub struct Dummy {
    cable: Cable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Cable {
    #[default]
    Out,
    In,
}

impl Dummy {
    /// Plugs.
    pub fn bind(&mut self) {
        self.cable = Cable::In;
    }

    /// Unplugs.
    pub fn unbind(&mut self) {
        self.cable = Cable::Out;
    }

    /// The functions, without device files.
    pub fn functions(&self) -> Vec<FunctionInfo> {
        let info = |function: Function| FunctionInfo {
            name: function.name().to_owned(),
            device: String::new(),
        };
        Function::ALL.map(info).into()
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
