//! What is known of the node.

use super::{Focus, Health, Stage, Status};
use dkvm_wire::service::{Desired, DeviceInfo, DeviceList, KernelInfo, Phase};
use dkvm_wire::DeviceName;
use std::{collections::HashMap, time::Duration};

/// Time since the kernel's start.
pub type Span = Duration;

/// What is not up by then is not booting any more: the other signs tell of it.
const BOOT: Duration = Duration::from_secs(30);
/// Nobody gives the focus back: whoever has it and sends nothing for so long does not work the target any more.
const IDLE: Duration = Duration::from_secs(30);

/// What is known of the node.
#[derive(Debug)]
pub struct Node {
    devices: HashMap<DeviceName, (Desired, Phase)>,
    complaints: Health,
    /// Who has the focus; 0 is nobody.
    holder: u64,
    /// Who told that.
    hid: Option<String>,
    /// What hid was sent so far, as the kernel counts it.
    sent: Option<u64>,
    /// When the target was last worked.
    used: Option<Span>,
    /// Once up, a device that restarts is no boot.
    stage: Stage,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            devices: HashMap::new(),
            complaints: Health::Well,
            holder: 0,
            hid: None,
            sent: None,
            used: None,
            stage: Stage::Booting,
        }
    }
}

impl Node {
    /// All devices there are. `uptime` is the kernel's.
    pub fn devices(&mut self, list: &DeviceList, uptime: Span) {
        let known = |device: &DeviceInfo| (device.name.clone(), (device.desired, device.phase));
        self.devices = list.devices.iter().map(known).collect();
        let hid = self.hid.as_deref();
        let hid = list.devices.iter().find(|d| Some(d.name.as_str()) == hid);
        // Counted by the kernel, so that no key has to be sent here too.
        let sent = hid.map(|hid| hid.events_in);
        if self.sent.is_some() && sent != self.sent {
            self.used = Some(uptime);
        }
        self.sent = sent;
    }

    /// One device.
    pub fn device(&mut self, device: &DeviceInfo) {
        self.devices
            .insert(device.name.clone(), (device.desired, device.phase));
    }

    /// What the kernel says of itself.
    pub fn kernel(&mut self, info: &KernelInfo) {
        self.complaints = if info.safe_mode || !info.notices.is_empty() {
            Health::Fault
        } else {
            Health::Well
        };
    }

    /// Who has the focus, as `hid` tells; 0 is nobody.
    pub fn holder(&mut self, hid: &str, holder: u64, uptime: Span) {
        if holder != self.holder {
            self.used = Some(uptime);
        }
        self.holder = holder;
        self.hid = Some(hid.to_owned());
    }

    /// A device is gone; with hid the focus is.
    pub fn gone(&mut self, name: &str) {
        if self.hid.as_deref() == Some(name) {
            self.holder = 0;
        }
    }

    fn focus(&self, uptime: Span) -> Focus {
        let recent = |used| uptime.saturating_sub(used) < IDLE;
        if self.holder != 0 && self.used.is_some_and(recent) {
            Focus::Held
        } else {
            Focus::Free
        }
    }

    /// What that comes to. `uptime` is the kernel's.
    pub fn status(&mut self, uptime: Span) -> Status {
        if uptime >= BOOT || self.has_come_up() {
            self.stage = Stage::Up;
        }
        Status {
            stage: self.stage,
            health: self.health(),
            focus: self.focus(uptime),
        }
    }

    /// How long until the boot is over in any case.
    pub fn boot_left(&self, uptime: Span) -> Option<Span> {
        (self.stage == Stage::Booting).then(|| BOOT.saturating_sub(uptime))
    }

    fn has_come_up(&self) -> bool {
        let coming = |phase| matches!(phase, Phase::Stopped | Phase::Starting | Phase::Preparing);
        !self.devices.is_empty() && !self.wanted().any(coming)
    }

    fn health(&self) -> Health {
        if self.wanted().any(|phase| phase == Phase::Failed) {
            return Health::Fault;
        }
        self.complaints
    }

    fn wanted(&self) -> impl Iterator<Item = Phase> + '_ {
        let wanted = self.devices.values();
        wanted
            .filter(|(desired, _)| *desired == Desired::Up)
            .map(|(_, phase)| *phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_testkit::samples::device_info;

    fn device(name: &str, desired: Desired, phase: Phase) -> DeviceInfo {
        let device = device_info(name, phase);
        DeviceInfo { desired, ..device }
    }

    const NONE: Span = Duration::ZERO;

    #[test]
    fn a_boot_ends_when_all_that_is_wanted_came_up_and_is_over_for_good() {
        let mut node = Node::default();
        assert_eq!(node.status(NONE).stage, Stage::Booting);
        node.device(&device("hid", Desired::Up, Phase::Running));
        node.device(&device("power", Desired::Held, Phase::Stopped));
        node.device(&device("web", Desired::Up, Phase::Preparing));
        assert_eq!(node.status(NONE).stage, Stage::Booting);
        node.device(&device("web", Desired::Up, Phase::Degraded));
        assert_eq!(node.status(NONE).stage, Stage::Up);
        node.device(&device("web", Desired::Up, Phase::Starting));
        assert_eq!(node.status(NONE).stage, Stage::Up);
    }

    #[test]
    fn a_boot_is_over_after_30_s_whatever_hangs() {
        let mut node = Node::default();
        node.device(&device("hid", Desired::Up, Phase::Starting));
        assert_eq!(
            node.boot_left(Duration::from_secs(29)),
            Some(Duration::from_secs(1))
        );
        assert_eq!(node.status(Duration::from_secs(30)).stage, Stage::Up);
        assert_eq!(node.boot_left(NONE), None);
    }

    #[test]
    fn what_a_person_should_look_at_is_a_fault() {
        let mut node = Node::default();
        node.device(&device("hid", Desired::Up, Phase::Running));
        node.device(&device("capture", Desired::Up, Phase::Backoff));
        node.device(&device("audio", Desired::Down, Phase::Failed));
        assert_eq!(node.status(NONE).health, Health::Well);
        node.device(&device("hid", Desired::Up, Phase::Failed));
        assert_eq!(node.status(NONE).health, Health::Fault);
        node.devices(&DeviceList { devices: vec![] }, NONE);
        assert_eq!(node.status(NONE).health, Health::Well);
        let safe_mode = true;
        node.kernel(&KernelInfo {
            safe_mode,
            ..KernelInfo::default()
        });
        assert_eq!(node.status(NONE).health, Health::Fault);
        let notices = vec!["x".to_owned()];
        node.kernel(&KernelInfo {
            notices,
            ..KernelInfo::default()
        });
        assert_eq!(node.status(NONE).health, Health::Fault);
        node.kernel(&KernelInfo::default());
        assert_eq!(node.status(NONE).health, Health::Well);
    }

    fn list(events_in: u64) -> DeviceList {
        let hid = device("hid", Desired::Up, Phase::Running);
        let devices = vec![DeviceInfo { events_in, ..hid }];
        DeviceList { devices }
    }

    #[test]
    fn nobody_is_nobody() {
        let mut node = Node::default();
        node.holder("hid", 7, NONE);
        assert_eq!(node.status(NONE).focus, Focus::Held);
        node.gone("web");
        assert_eq!(node.status(NONE).focus, Focus::Held);
        node.gone("hid");
        assert_eq!(node.status(NONE).focus, Focus::Free);
        node.holder("hid", 8, NONE);
        node.holder("hid", 0, NONE);
        assert_eq!(node.status(NONE).focus, Focus::Free);
    }

    #[test]
    fn who_has_the_focus_and_sends_nothing_is_not_in_control() {
        let (mut node, at) = (Node::default(), Duration::from_secs);
        node.holder("hid", 7, at(1));
        node.devices(&list(100), at(5));
        assert_eq!(node.status(at(30)).focus, Focus::Held);
        assert_eq!(node.status(at(31)).focus, Focus::Free);
        node.devices(&list(100), at(40));
        assert_eq!(node.status(at(40)).focus, Focus::Free);
        node.devices(&list(101), at(45));
        assert_eq!(node.status(at(74)).focus, Focus::Held);
        assert_eq!(node.status(at(75)).focus, Focus::Free);
    }
}
