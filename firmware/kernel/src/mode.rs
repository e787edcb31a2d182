//! How a kernel runs: all of it, only what makes the node reachable, or not at all in this slot.

use crate::config::KernelConfig;
use crate::health::{judge, note_trial, other_slot, Evidence, Lives, Running, Verdict};
use crate::machine::Machine;
use dkvm_wire::service::{BootInfo, RestartHow};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    Normal,
    /// Only devices with `safe = true`; why.
    Safe(String),
    /// The machine restarts at once; why.
    Leave(RestartHow, String),
}

impl Mode {
    /// From what is known of earlier lives.
    pub(crate) fn decide(
        kernel: &KernelConfig,
        lives: &Lives,
        info: &BootInfo,
        machine: &dyn Machine,
    ) -> Self {
        let verdict = judge(&Evidence {
            unclean_ends: lives.unclean_ends(),
            boots: info.unhealthy_boots,
            limit: kernel.crash_limit,
            running: Running::of(info.image.as_ref()),
            other: other_slot(&kernel.state_dir),
        });
        match verdict {
            Verdict::Normal => Self::Normal,
            Verdict::Safe(why) => Self::Safe(why),
            Verdict::Back(why) | Verdict::Other(why) if machine.refusal().is_some() => {
                Self::Safe(why)
            }
            Verdict::Back(why) => Self::Leave(RestartHow::Restart, why),
            Verdict::Other(why) => match note_trial(&kernel.state_dir) {
                Ok(()) => Self::Leave(RestartHow::Trial, why),
                Err(e) => Self::Safe(format!(
                    "{why} (the other slot is not tried: {} cannot be written: {e})",
                    kernel.state_dir.display()
                )),
            },
        }
    }

    /// What people are told all the time that it lasts.
    pub(crate) fn notice(&self) -> Option<String> {
        let Self::Safe(why) = self else { return None };
        Some(format!(
            "Safe mode, with the image's own configuration: {why}, so only what makes this node reachable is started. \
             `dkvm logs` and `dkvm deaths` say more. It lasts until the machine is restarted (`dkvm reboot`)."
        ))
    }
}
