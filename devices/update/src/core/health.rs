//! What a person would look at before believing in a new image.

use dkvm_wire::{
    service::{Desired, DeviceInfo, Phase},
    vocab::{
        gadget::{GadgetState, UsbState},
        input::{HidState, Link},
        update::Check,
        video::{Signal, VideoState},
    },
};
use serde::{Deserialize, Serialize};

/// What worked before the update, and must work after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expected {
    /// The devices that ran.
    pub devices: Vec<String>,
    /// The target had configured USB.
    pub configured: bool,
    /// There was something to capture with.
    pub capture: bool,
}

/// What was seen so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// Of the kernel.
    pub devices: Vec<DeviceInfo>,
    /// Of the gadget device.
    pub gadget: Option<GadgetState>,
    /// Of hid.
    pub hid: Option<HidState>,
    /// Of capture.
    pub video: Option<VideoState>,
    /// What the page answered last: its status, or why there is none.
    pub page: Option<Result<u16, String>>,
}

/// The devices without which a node is of no use.
const ESSENTIAL: [&str; 4] = ["gadget", "hid", "web", "update"];
/// What the page answers when all is well.
const OK: u16 = 200;

impl Seen {
    /// What works now, to be compared with after the restart.
    pub fn expectation(&self) -> Expected {
        let ran = self.devices.iter().filter(|device| is_ready(device));
        Expected {
            devices: ran.map(|device| device.name.to_string()).collect(),
            configured: self.gadget.as_ref().is_some_and(in_use),
            capture: self.video.as_ref().is_some_and(can_capture),
        }
    }

    /// What a node is for, as far as the image's own configuration wants it, where nobody knows what ran before.
    pub fn all_wanted(&self) -> Expected {
        let wanted = self.devices.iter().filter(|device| {
            device.desired == Desired::Up && ESSENTIAL.contains(&device.name.as_str())
        });
        Expected {
            devices: wanted.map(|device| device.name.to_string()).collect(),
            ..Expected::default()
        }
    }

    /// Deaths of all devices.
    pub fn deaths(&self) -> u32 {
        self.devices.iter().map(|device| device.deaths).sum()
    }

    /// The questions and their answers.
    pub fn checks(&self, expected: &Expected) -> Vec<Check> {
        let has = |name: &str| expected.devices.iter().any(|device| device == name);
        let mut checks = vec![self.check_devices(expected)];
        let mut ask = |name: &str, answer: &dyn Fn() -> Answer| {
            if has(name) {
                checks.push(answer().named(if name == "web" { "page" } else { name }));
            }
        };
        ask("gadget", &|| self.check_gadget(expected));
        ask("hid", &|| self.check_hid(expected));
        ask("capture", &|| self.check_capture(expected));
        ask("web", &|| self.check_page());
        checks
    }

    fn check_devices(&self, expected: &Expected) -> Check {
        let mut missing: Vec<String> = Vec::new();
        for name in &expected.devices {
            match self
                .devices
                .iter()
                .find(|device| device.name.as_str() == name)
            {
                None => missing.push(format!("{name} is not in the configuration any more")),
                Some(device) if !is_ready(device) => missing.push(complaint(device)),
                Some(_) => {}
            }
        }
        let answer = if expected.devices.is_empty() {
            Answer::bad("the kernel has not said yet what runs")
        } else if missing.is_empty() {
            Answer::good(format!("all {} run", expected.devices.len()))
        } else {
            Answer::bad(missing.join(", "))
        };
        answer.named("devices")
    }

    fn check_gadget(&self, expected: &Expected) -> Answer {
        let Some(gadget) = &self.gadget else {
            return Answer::bad("it has not said anything yet");
        };
        match gadget.state {
            UsbState::NoUdc => Answer::bad("there is no USB device controller"),
            UsbState::Unplugged => Answer::bad("the gadget is not bound"),
            _ if expected.configured && !in_use(gadget) => {
                Answer::bad("the target had configured USB before, and has not yet again")
            }
            state => Answer::good(format!("bound, {}", usb(state))),
        }
    }

    fn check_hid(&self, expected: &Expected) -> Answer {
        match self.hid.as_ref().map(|hid| hid.keyboard) {
            None => Answer::bad("it has not said anything yet"),
            Some(Link::Absent) => Answer::bad("there is no keyboard to write to"),
            Some(Link::Ok) => Answer::good("the target takes keys"),
            Some(_) if expected.configured => {
                Answer::bad("the target took keys before, and does not yet again")
            }
            Some(_) => Answer::good("ready; the target is not there, as before"),
        }
    }

    fn check_capture(&self, expected: &Expected) -> Answer {
        match self.video.as_ref() {
            None => Answer::bad("it has not said anything yet"),
            Some(video) if can_capture(video) => Answer::good(match video.signal {
                Signal::Ok => "a picture comes",
                _ => "it runs; the target gives no picture now",
            }),
            Some(_) if expected.capture => {
                Answer::bad("the capture device was there before, and is gone")
            }
            Some(_) => Answer::good("there is no capture device, as before"),
        }
    }

    fn check_page(&self) -> Answer {
        match &self.page {
            None => Answer::bad("it was not asked yet"),
            Some(Ok(OK)) => Answer::good("it answers over HTTPS"),
            Some(Ok(status)) => Answer::bad(format!("it answers {status} over HTTPS")),
            Some(Err(why)) => Answer::bad(why.clone()),
        }
    }
}

/// What a question came to.
pub(crate) struct Answer {
    ok: bool,
    detail: String,
}

impl Answer {
    pub(crate) fn good(detail: impl Into<String>) -> Self {
        Self {
            ok: true,
            detail: detail.into(),
        }
    }

    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self {
            ok: false,
            detail: detail.into(),
        }
    }

    pub(crate) fn named(self, name: &str) -> Check {
        Check {
            name: name.to_owned(),
            ok: self.ok,
            detail: self.detail,
        }
    }
}

fn is_ready(device: &DeviceInfo) -> bool {
    matches!(device.phase, Phase::Running | Phase::Degraded)
}

fn complaint(device: &DeviceInfo) -> String {
    match &device.detail {
        Some(detail) => format!("{} does not run ({detail})", device.name),
        None => format!("{} does not run", device.name),
    }
}

/// A sleeping target has configured it too.
fn in_use(gadget: &GadgetState) -> bool {
    matches!(gadget.state, UsbState::Configured | UsbState::Suspended)
}

fn can_capture(video: &VideoState) -> bool {
    video.signal != Signal::Absent
}

fn usb(state: UsbState) -> &'static str {
    match state {
        UsbState::Configured => "in use by the target",
        UsbState::Suspended => "the target sleeps",
        _ => "no target there, as before",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_testkit::samples::{device_info, gadget_state};
    use dkvm_wire::vocab::video::VideoMode;

    fn gadget(state: UsbState) -> Option<GadgetState> {
        Some(gadget_state(state))
    }

    fn hid(keyboard: Link) -> Option<HidState> {
        let leds = dkvm_wire::vocab::input::Leds::default();
        Some(HidState {
            keyboard,
            absolute: keyboard,
            relative: keyboard,
            leds,
            focus: 0,
            holder: 0,
            extras: Vec::new(),
            jiggle: 0,
            by: String::new(),
            busy: false,
        })
    }

    fn video(signal: Signal) -> Option<VideoState> {
        Some(VideoState {
            signal,
            mode: VideoMode {
                width: 0,
                height: 0,
                millihertz: 0,
            },
            format: String::new(),
            source: String::new(),
            modes: vec![],
            streaming: false,
            rate: 0,
            detail: None,
        })
    }

    pub(crate) fn good() -> Seen {
        let devices = ["gadget", "hid", "capture", "web"];
        Seen {
            devices: devices
                .map(|name| device_info(name, Phase::Running))
                .to_vec(),
            gadget: gadget(UsbState::Configured),
            hid: hid(Link::Ok),
            video: video(Signal::None),
            page: Some(Ok(200)),
        }
    }

    type Spoil = fn(&mut Seen);

    fn failed(expected: &Expected, seen: &Seen) -> Vec<String> {
        let checks = seen.checks(expected);
        checks
            .into_iter()
            .filter(|check| !check.ok)
            .map(|check| check.name)
            .collect()
    }

    #[test]
    fn what_works_as_before_passes() {
        let seen = good();
        assert_eq!(failed(&seen.expectation(), &seen), [""; 0]);
        assert_eq!(seen.checks(&seen.expectation()).len(), 5);
    }

    #[test]
    fn each_thing_that_broke_is_named() {
        let expected = good().expectation();
        let breakages: [(&str, Spoil); 11] = [
            ("devices", |s| s.devices[1].phase = Phase::Backoff),
            ("devices", |s| drop(s.devices.remove(2))),
            ("gadget", |s| s.gadget = None),
            ("gadget", |s| s.gadget = gadget(UsbState::Unplugged)),
            ("gadget", |s| s.gadget = gadget(UsbState::NotAttached)),
            ("hid", |s| s.hid = hid(Link::Absent)),
            ("hid", |s| s.hid = hid(Link::NotConfigured)),
            ("capture", |s| s.video = video(Signal::Absent)),
            ("capture", |s| s.video = None),
            ("page", |s| s.page = Some(Ok(500))),
            ("page", |s| s.page = Some(Err("no answer".into()))),
        ];
        for (number, (name, spoil)) in breakages.into_iter().enumerate() {
            let mut seen = good();
            spoil(&mut seen);
            assert_eq!(failed(&expected, &seen), [name], "{number}");
        }
    }

    #[test]
    fn what_was_not_there_before_is_not_missed() {
        let mut before = good();
        before.gadget = gadget(UsbState::NotAttached);
        before.hid = hid(Link::NotConfigured);
        before.video = video(Signal::Absent);
        before.devices[3].phase = Phase::Failed;
        let expected = before.expectation();
        assert_eq!(failed(&expected, &before), [""; 0]);
        assert_eq!(before.checks(&expected).len(), 4, "no page is asked");
    }

    #[test]
    fn a_trial_that_nobody_prepared_asks_for_all_that_is_wanted() {
        let mut seen = good();
        seen.gadget = gadget(UsbState::NotAttached);
        seen.hid = hid(Link::NotConfigured);
        assert_eq!(failed(&seen.all_wanted(), &seen), [""; 0]);
        seen.devices[0].phase = Phase::Failed;
        assert_eq!(failed(&seen.all_wanted(), &seen), ["devices"]);
        assert_eq!(
            failed(&Seen::default().all_wanted(), &Seen::default()),
            ["devices"]
        );
    }
}
