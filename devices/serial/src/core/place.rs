//! Where the port is, by what the gadget says.

use dkvm_wire::vocab::gadget::{GadgetState, UsbState};
use std::path::PathBuf;

/// As the gadget device names the function.
const FUNCTION: &str = "serial";

const NO_GADGET: &str = "the USB device (gadget) has not said yet what the target has";
const NO_FUNCTION: &str =
    "the USB profile that is bound has no serial port: choose one that has it, as `console`";
const UNPLUGGED: &str = "USB to the target is unplugged by software: plug it";
const NO_TARGET: &str = "the target has not set up USB: check its cable and whether it is on";
const ASLEEP: &str = "the target sleeps";

/// Where the port is, and what is in the way of its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The terminal, when it may be open: it must not be when the gadget takes it down, which waits for that.
    pub path: Option<PathBuf>,
    /// Counts the bindings: a terminal of the same name may be another.
    pub binding: u64,
    /// Why nothing can be written, if so.
    pub problem: Option<&'static str>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            path: None,
            binding: 0,
            problem: Some(NO_GADGET),
        }
    }
}

impl Place {
    /// By the gadget's word.
    pub fn of(state: &GadgetState) -> Self {
        let function = state.functions.iter().find(|one| one.name == FUNCTION);
        let device = function.filter(|one| !one.device.is_empty());
        let open = device.filter(|_| !matches!(state.state, UsbState::Unplugged | UsbState::NoUdc));
        Self {
            path: open.map(|one| PathBuf::from(&one.device)),
            binding: u64::from(state.binding),
            problem: match (function, state.state) {
                (None, _) => Some(NO_FUNCTION),
                (_, UsbState::Unplugged | UsbState::NoUdc) => Some(UNPLUGGED),
                (_, UsbState::NotAttached | UsbState::Enumerating) => Some(NO_TARGET),
                (_, UsbState::Suspended) => Some(ASLEEP),
                (_, UsbState::Configured) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::gadget::FunctionInfo;

    fn function(name: &str, device: &str) -> FunctionInfo {
        let value = serde_json::json!({ "name": name, "device": device });
        serde_json::from_value(value).unwrap()
    }

    fn state(usb: UsbState, name: &str, device: &str) -> GadgetState {
        GadgetState {
            state: usb,
            udc: "dummy".into(),
            speed: "high-speed".into(),
            binding: 3,
            functions: vec![function(name, device)],
            profile: "console".into(),
            profiles: Vec::new(),
        }
    }

    #[test]
    fn the_port_is_open_while_the_gadget_is_bound() {
        let place = Place::of(&state(UsbState::Configured, "serial", "/dev/ttyGS0"));
        assert_eq!(place.path, Some("/dev/ttyGS0".into()));
        assert_eq!((place.binding, place.problem), (3, None));
        let early = Place::of(&state(UsbState::NotAttached, "serial", "/dev/ttyGS0"));
        assert!(early.path.is_some() && early.problem == Some(NO_TARGET));
    }

    #[test]
    fn what_is_in_the_way_is_a_sentence() {
        for (usb, name, device, problem) in [
            (UsbState::Unplugged, "serial", "/dev/ttyGS0", UNPLUGGED),
            (UsbState::Configured, "keyboard", "/dev/hidg0", NO_FUNCTION),
        ] {
            let place = Place::of(&state(usb, name, device));
            assert_eq!((place.path, place.problem), (None, Some(problem)));
        }
    }
}
