//! Waiting for a device that is on its way.

use dkvm_wire::service::{Desired, DeviceInfo, Phase};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A device that starts is ready sooner, also on a slow board; one that fails is not there in a minute either.
const MOST: Duration = Duration::from_secs(10);
/// A person wonders.
const TELL_AFTER: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);

/// Whether a device comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It answers.
    There,
    /// By itself.
    Coming,
    /// Somebody has stopped it, or it was given up.
    Not,
}

pub fn way(device: &DeviceInfo) -> Way {
    match device.phase {
        Phase::Running | Phase::Degraded => Way::There,
        _ if device.desired != Desired::Up => Way::Not,
        Phase::Failed => Way::Not,
        // Stopped, it waits for others that come first.
        Phase::Stopped | Phase::Starting | Phase::Preparing | Phase::Stopping | Phase::Backoff => {
            Way::Coming
        }
    }
}

/// What is left of it.
pub struct Patience {
    since: Instant,
    told: bool,
}

impl Patience {
    pub fn new() -> Self {
        Self {
            since: Instant::now(),
            told: false,
        }
    }

    /// Waits a moment; `false`: long enough. After a while a person is told what for.
    pub fn goes_on(&mut self, device: &str) -> bool {
        let waited = self.since.elapsed();
        if waited >= MOST {
            return false;
        }
        if waited >= TELL_AFTER && !std::mem::replace(&mut self.told, true) {
            eprintln!("dkvm: waiting for {device}, which is on its way");
        }
        sleep(LOOK);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{DeviceName, Generation};

    fn device(phase: Phase, desired: Desired) -> DeviceInfo {
        DeviceInfo {
            name: DeviceName::try_from("hid").unwrap(),
            desired,
            phase,
            detail: None,
            generation: Generation(1),
            pid: None,
            uptime_ms: 0,
            deaths: 0,
            events_out: 0,
            events_in: 0,
            frames_out: 0,
            dropped: 0,
            rss: 0,
            leases: 0,
        }
    }

    #[test]
    fn only_one_that_comes_by_itself_is_waited_for() {
        use Phase::*;
        for (phase, up, down) in [
            (Running, Way::There, Way::There),
            (Degraded, Way::There, Way::There),
            (Starting, Way::Coming, Way::Not),
            (Preparing, Way::Coming, Way::Not),
            (Stopping, Way::Coming, Way::Not),
            (Backoff, Way::Coming, Way::Not),
            (Stopped, Way::Coming, Way::Not),
            (Failed, Way::Not, Way::Not),
        ] {
            assert_eq!(way(&device(phase, Desired::Up)), up, "{phase:?}");
            assert_eq!(way(&device(phase, Desired::Down)), down, "{phase:?}");
            assert_eq!(way(&device(phase, Desired::Held)), down, "{phase:?}");
        }
    }
}
