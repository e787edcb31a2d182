//! Where USB stands, from what Linux says.

use dkvm_wire::vocab::gadget::UsbState;

/// What Linux says of the controller and the gadget on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The controller to which the gadget is bound; empty when it is not.
    pub bound_to: String,
    /// `/sys/class/udc/*/state`.
    pub state: String,
    /// `suspended` of the gadget: dwc2 leaves `state` at `configured` when the target sleeps.
    pub suspended: String,
    /// `/sys/class/udc/*/current_speed`.
    pub speed: String,
}

impl Status {
    /// As the vocabulary names it.
    pub fn usb_state(&self) -> UsbState {
        match self.state.trim() {
            _ if self.bound_to.trim().is_empty() => UsbState::Unplugged,
            "configured" | "suspended" if self.suspended.trim() == "1" => UsbState::Suspended,
            "configured" => UsbState::Configured,
            "suspended" => UsbState::Suspended,
            "attached" | "powered" | "reconnecting" | "unauthenticated" | "default"
            | "addressed" => UsbState::Enumerating,
            _ => UsbState::NotAttached,
        }
    }

    /// The speed, empty while none is negotiated.
    pub fn speed(&self) -> &str {
        match self.speed.trim() {
            "UNKNOWN" => "",
            speed => speed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(bound_to: &str, state: &str, suspended: &str) -> UsbState {
        let owned = str::to_owned;
        Status {
            bound_to: owned(bound_to),
            state: owned(state),
            suspended: owned(suspended),
            speed: String::new(),
        }
        .usb_state()
    }

    #[test]
    fn every_state_of_linux_has_a_name() {
        assert_eq!(status("\n", "not attached\n", ""), UsbState::Unplugged);
        assert_eq!(
            status("udc\n", "not attached\n", "0\n"),
            UsbState::NotAttached
        );
        assert_eq!(status("udc\n", "addressed\n", "0\n"), UsbState::Enumerating);
        assert_eq!(status("udc\n", "configured\n", "0\n"), UsbState::Configured);
        assert_eq!(status("udc\n", "configured\n", "1\n"), UsbState::Suspended);
        assert_eq!(status("udc\n", "suspended\n", ""), UsbState::Suspended);
        assert_eq!(status("udc\n", "what next", ""), UsbState::NotAttached);
    }

    #[test]
    fn no_speed_is_empty() {
        assert_eq!(
            Status {
                speed: "UNKNOWN\n".into(),
                ..Status::default()
            }
            .speed(),
            ""
        );
        assert_eq!(
            Status {
                speed: "high-speed\n".into(),
                ..Status::default()
            }
            .speed(),
            "high-speed"
        );
    }
}
