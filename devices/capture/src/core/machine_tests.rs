use super::*;
use crate::core::{Kind, Offer, Size};
use dkvm_wire::vocab::video::Colors;

const MS: Duration = Duration::from_millis(1);
const HD: Size = Size {
    width: 1280,
    height: 720,
};
const FULL: Size = Size {
    width: 1920,
    height: 1080,
};
const SIXTY: Rate = Rate(60_000);
const NOTHING: VideoMode = VideoMode {
    width: 0,
    height: 0,
    millihertz: 0,
};

fn receiver() -> Source {
    Source {
        card: "vivid".into(),
        kind: Kind::Receiver,
        formats: vec![FourCc::YUYV],
        offers: vec![],
    }
}

fn camera() -> Source {
    let offer = |size| Offer {
        format: FourCc::MJPG,
        size,
        rates: vec![SIXTY],
    };
    Source {
        card: "dongle".into(),
        kind: Kind::Camera,
        formats: vec![FourCc::MJPG],
        offers: vec![offer(HD), offer(FULL)],
    }
}

fn running(plan: &Plan) -> Running {
    let Plan {
        format, size, rate, ..
    } = *plan;
    Running {
        format,
        size,
        rate,
        stride: 0,
        frame_len: 1,
        colors: Colors::default(),
    }
}

/// The machine with a shell that answers by script.
struct Rig {
    machine: Machine,
    now: Duration,
    device: Option<Source>,
    signal: SignalReport,
    start_fails: Option<StartFault>,
    streaming: Option<Plan>,
    state: VideoState,
    degraded: Option<String>,
    opened: usize,
    starts: usize,
    looks: usize,
}

impl Rig {
    fn new(device: Option<Source>) -> Self {
        let mode = device
            .as_ref()
            .filter(|source| source.kind == Kind::Receiver)
            .map(|_| HD.at(SIXTY));
        let mut machine = Machine::new(NOTHING, None);
        let state = machine.first_state();
        let signal = SignalReport::ok(mode);
        let now = Duration::ZERO;
        let mut rig = Self {
            machine,
            now,
            device,
            signal,
            state,
            start_fails: None,
            streaming: None,
            degraded: None,
            opened: 0,
            starts: 0,
            looks: 0,
        };
        rig.tell(Event::Tick);
        rig
    }

    fn tell(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for action in self.machine.step(event, self.now) {
                events.extend(self.answer(action));
            }
        }
    }

    fn answer(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Open => {
                self.opened += 1;
                let absent = || Event::OpenFailed("no capture device".into());
                return Some(self.device.clone().map_or_else(absent, Event::Opened));
            }
            Action::AskSignal => {
                self.looks += 1;
                return Some(if self.device.is_some() {
                    Event::Signal(self.signal.clone())
                } else {
                    Event::Gone
                });
            }
            Action::Start(plan) => return Some(self.start(plan)),
            Action::Stop => assert!(
                self.streaming.take().is_some() || self.start_fails.is_some(),
                "stop of nothing"
            ),
            Action::Close => assert!(self.streaming.is_none(), "closed under a running stream"),
            Action::Publish(state) => self.state = state,
            Action::Degraded(sentence) => self.degraded = sentence,
            Action::Warn(_) => {}
        }
        None
    }

    fn start(&mut self, plan: Plan) -> Event {
        assert!(self.streaming.is_none(), "started twice");
        self.starts += 1;
        if let Some(fault) = self.start_fails.clone() {
            return Event::StartFailed(fault);
        }
        self.streaming = Some(plan);
        Event::Started(running(&plan))
    }

    /// Lets time pass as the shell would: ticks at deadlines, and frames each 16 ms while `frames` come.
    fn pass(&mut self, time: Duration, frames: Frames) {
        let end = self.now + time;
        while self.now < end {
            let deadline = self.machine.deadline(self.now);
            assert!(deadline > self.now, "a deadline in the past spins the loop");
            let next_frame = self.now + MS * 16;
            let framed =
                frames == Frames::Come && self.streaming.is_some() && next_frame < deadline;
            self.now = if framed { next_frame } else { deadline }.min(end);
            self.tell(if framed && self.now == next_frame {
                Event::Frame
            } else {
                Event::Tick
            });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frames {
    Come,
    Stop,
}
use Frames::{Come, Stop};

#[test]
fn idle_until_somebody_watches_and_three_seconds_longer() {
    let mut rig = Rig::new(Some(receiver()));
    assert_eq!(
        (rig.state.signal, rig.state.streaming, rig.state.mode),
        (Signal::Ok, false, HD.at(SIXTY))
    );
    rig.tell(Event::Demand(1));
    assert!(rig.state.streaming);
    rig.pass(MS * 5000, Come);
    assert!((61..=63).contains(&rig.state.rate), "{}", rig.state.rate);
    rig.tell(Event::Demand(0));
    rig.pass(MS * 2900, Come);
    assert!(rig.streaming.is_some(), "grace");
    rig.pass(MS * 200, Come);
    assert!(rig.streaming.is_none() && !rig.state.streaming);
    assert_eq!(rig.starts, 1);
}

#[test]
fn a_page_that_reloads_interrupts_nothing() {
    let mut rig = Rig::new(Some(receiver()));
    rig.tell(Event::Demand(1));
    rig.tell(Event::Demand(0));
    rig.pass(MS * 1000, Come);
    rig.tell(Event::Demand(1));
    rig.pass(MS * 10_000, Come);
    assert_eq!(rig.starts, 1);
}

#[test]
fn another_resolution_is_another_stream() {
    let mut rig = Rig::new(Some(receiver()));
    rig.tell(Event::Demand(1));
    rig.signal = SignalReport::ok(Some(FULL.at(SIXTY)));
    rig.tell(Event::SourceChanged);
    assert_eq!(rig.streaming.map(|plan| plan.size), Some(FULL));
    assert_eq!((rig.state.mode, rig.starts), (FULL.at(SIXTY), 2));
    // Without an event the poll finds it.
    rig.signal = SignalReport::ok(Some(HD.at(SIXTY)));
    rig.pass(MS * 1100, Come);
    assert_eq!(rig.state.mode, HD.at(SIXTY));
}

#[test]
fn every_kind_of_lost_signal_is_shown_and_comes_back() {
    for signal in [Signal::None, Signal::Unstable, Signal::OutOfRange] {
        let mut rig = Rig::new(Some(receiver()));
        rig.tell(Event::Demand(1));
        let good = rig.signal.clone();
        rig.signal = SignalReport::bad(signal, "why");
        rig.tell(Event::SourceChanged);
        assert_eq!(
            (
                rig.state.signal,
                rig.state.streaming,
                rig.state.detail.as_deref()
            ),
            (signal, false, Some("why"))
        );
        assert_eq!(rig.degraded, None, "the cable is the target's business");
        rig.pass(MS * 30_000, Come);
        rig.signal = good;
        rig.pass(MS * 1100, Come);
        assert!(
            rig.state.streaming && rig.state.detail.is_none(),
            "{signal:?}"
        );
    }
}

#[test]
fn without_a_device_it_waits_degraded_and_takes_one_that_comes() {
    let mut rig = Rig::new(None);
    assert_eq!(rig.state.signal, Signal::Absent);
    assert_eq!(rig.degraded.as_deref(), Some("no capture device"));
    rig.tell(Event::Demand(1));
    rig.pass(MS * 10_000, Come);
    assert!(
        (4..=8).contains(&rig.opened),
        "slow retry, not {}",
        rig.opened
    );
    rig.device = Some(camera());
    rig.tell(Event::NodeAppeared);
    assert!(rig.state.streaming);
    assert_eq!(
        (rig.degraded.as_deref(), rig.state.format.as_str()),
        (None, "MJPG")
    );
}

#[test]
fn unplugged_and_plugged_again() {
    let mut rig = Rig::new(Some(camera()));
    rig.tell(Event::Demand(1));
    rig.device = None;
    rig.tell(Event::Gone);
    assert_eq!(
        (rig.state.signal, rig.state.streaming),
        (Signal::Absent, false)
    );
    rig.pass(MS * 5000, Come);
    rig.device = Some(camera());
    rig.tell(Event::NodeAppeared);
    assert_eq!((rig.state.signal, rig.state.streaming), (Signal::Ok, true));
    // The poll notices too, without an event.
    rig.device = None;
    rig.pass(MS * 1100, Stop);
    assert_eq!(rig.state.signal, Signal::Absent);
}

#[test]
fn a_driver_that_falls_silent_is_started_anew_then_opened_anew_then_shown() {
    let mut rig = Rig::new(Some(camera()));
    rig.tell(Event::Demand(1));
    rig.pass(MS * 2100, Stop);
    assert_eq!((rig.starts, rig.opened), (2, 1));
    rig.pass(MS * 2000, Stop);
    assert_eq!(rig.state.signal, Signal::None);
    assert!(rig
        .state
        .detail
        .as_deref()
        .is_some_and(|detail| detail.contains("no frames")));
    rig.pass(MS * 4000, Stop);
    assert!(
        rig.opened >= 2 && rig.starts >= 3,
        "tries on: {} {}",
        rig.opened,
        rig.starts
    );
    assert_eq!(
        rig.state.signal,
        Signal::None,
        "a claim without frames is not believed"
    );
    rig.pass(MS * 6000, Come);
    assert_eq!((rig.state.signal, rig.state.streaming), (Signal::Ok, true));
}

#[test]
fn one_hiccup_costs_one_restart() {
    let mut rig = Rig::new(Some(receiver()));
    rig.tell(Event::Demand(1));
    for _ in 0..3 {
        rig.pass(MS * 2100, Stop);
        rig.pass(MS * 1000, Come);
    }
    assert_eq!(
        (rig.starts, rig.opened, rig.state.signal),
        (4, 1, Signal::Ok)
    );
}

#[test]
fn a_busy_device_is_tried_again_and_told() {
    let mut rig = Rig::new(Some(camera()));
    rig.start_fails = Some(StartFault::Failed("in use by another program".into()));
    rig.tell(Event::Demand(1));
    rig.pass(MS * 9000, Come);
    assert_eq!(rig.degraded.as_deref(), Some("in use by another program"));
    assert!((4..=6).contains(&rig.starts), "{}", rig.starts);
    rig.start_fails = None;
    rig.pass(MS * 2100, Come);
    assert!(rig.state.streaming);
    assert_eq!(
        (rig.degraded.as_deref(), rig.state.detail.as_deref()),
        (None, None)
    );
}

#[test]
fn a_signal_that_changes_under_the_start_is_looked_at_again() {
    let mut rig = Rig::new(Some(receiver()));
    rig.start_fails = Some(StartFault::SignalChanged);
    rig.tell(Event::Demand(1));
    assert_eq!(rig.state.signal, Signal::Unstable);
    rig.start_fails = None;
    rig.pass(MS * 1100, Come);
    assert!(rig.state.streaming);
}

#[test]
fn a_broken_stream_is_started_again_after_a_pause() {
    let mut rig = Rig::new(Some(camera()));
    rig.tell(Event::Demand(1));
    rig.tell(Event::StreamBroke("EIO".into()));
    assert!(rig.streaming.is_none());
    rig.pass(MS * 2100, Come);
    assert_eq!(
        (rig.starts, rig.state.streaming, rig.state.detail.as_deref()),
        (2, true, None)
    );
}

#[test]
fn a_wish_is_met_or_refused() {
    let mut rig = Rig::new(Some(camera()));
    rig.tell(Event::Demand(1));
    assert_eq!(rig.state.mode, FULL.at(SIXTY));
    let actions = rig
        .machine
        .set_mode(HD.at(Rate(20_000)), rig.now)
        .expect("offered");
    for action in actions {
        if let Some(event) = rig.answer(action) {
            rig.tell(event);
        }
    }
    assert_eq!(rig.state.mode, HD.at(Rate(20_000)));
    assert_eq!(rig.streaming.and_then(|plan| plan.pace), Some(Rate(20_000)));
    let refused = rig.machine.set_mode(
        VideoMode {
            width: 1,
            height: 1,
            millihertz: 0,
        },
        rig.now,
    );
    assert_eq!(
        refused.expect_err("not offered").code,
        ErrorCode::BadRequest
    );
    let refused = Rig::new(None).machine.set_mode(NOTHING, Duration::ZERO);
    assert_eq!(refused.expect_err("absent").code, ErrorCode::Unavailable);
}

#[test]
fn the_signal_is_looked_at_once_a_second_even_when_idle() {
    let mut rig = Rig::new(Some(receiver()));
    let before = rig.looks;
    rig.pass(MS * 10_000, Stop);
    assert_eq!(rig.looks - before, 10);
}

mod any_order {
    use super::*;
    use proptest::prelude::*;

    fn event() -> impl Strategy<Value = (u32, u8)> {
        (0_u32..3000, 0_u8..14)
    }

    proptest! {
        /// Whatever happens in whatever order: never two streams, never a stop of nothing, never a spin; and when all is
        /// well again, the picture is back.
        #[test]
        fn comes_to_rest_with_a_picture(events in prop::collection::vec(event(), 0..40)) {
            let mut rig = Rig::new(Some(receiver()));
            for (pause, kind) in events {
                happen(&mut rig, kind);
                rig.pass(MS * pause, if kind % 2 == 0 { Come } else { Stop });
            }
            rig.device = Some(receiver());
            rig.signal = SignalReport::ok(Some(HD.at(SIXTY)));
            rig.start_fails = None;
            rig.tell(Event::Demand(1));
            rig.pass(MS * 10_000, Come);
            prop_assert!(rig.state.streaming && rig.streaming.is_some());
            prop_assert_eq!(rig.state.signal, Signal::Ok);
            prop_assert_eq!(rig.degraded, None);
        }
    }

    fn happen(rig: &mut Rig, kind: u8) {
        match kind {
            0 => rig.tell(Event::Demand(1)),
            1 => rig.tell(Event::Demand(0)),
            2 => rig.signal = SignalReport::bad(Signal::None, "out"),
            3 => rig.signal = SignalReport::ok(Some(FULL.at(SIXTY))),
            4 => rig.signal = SignalReport::ok(Some(HD.at(SIXTY))),
            5 => rig.tell(Event::SourceChanged),
            6 => rig.device = None,
            7 => rig.device = Some(receiver()),
            8 => rig.tell(Event::NodeAppeared),
            9 if rig.device.is_none() => rig.tell(Event::Gone),
            10 if rig.streaming.is_some() => rig.tell(Event::StreamBroke("EIO".into())),
            11 => rig.start_fails = Some(StartFault::SignalChanged),
            12 => rig.start_fails = Some(StartFault::Failed("busy".into())),
            13 => rig.start_fails = None,
            _ => rig.tell(Event::Tick),
        }
    }
}
