use super::{check_wish, choose, modes, FourCc, Plan, Rate, Running, SignalReport, Source};
use dkvm_sdk::RateMeter;
use dkvm_wire::vocab::video::{Signal, VideoMode, VideoState};
use dkvm_wire::{ErrorCode, WireError};
use std::time::Duration;

/// How often the signal is looked at when no event tells of a change.
const SIGNAL_POLL: Duration = Duration::from_secs(1);
/// How often a missing or busy device is tried again when hot-plug tells nothing.
const RETRY: Duration = Duration::from_secs(2);
/// Capture goes on for so long after the last viewer has gone: pages reload.
const GRACE: Duration = Duration::from_secs(3);
/// A driver that gives no frame for so long, with a signal, is started anew.
const STALL: Duration = Duration::from_secs(2);
/// After so many restarts without a frame the node is closed and opened too.
const STALLS_BEFORE_REOPEN: u32 = 2;

const MUTE: &str =
    "the capture device gives no frames: check its cables (HDMI too), then plug it in again";

/// What the machine is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The device is open; this is what it is.
    Opened(Source),
    /// There is none, or it cannot be opened: a sentence.
    OpenFailed(String),
    /// The open device is gone (`ENODEV`).
    Gone,
    /// A node appeared in `/dev`.
    NodeAppeared,
    /// A look at the signal.
    Signal(SignalReport),
    /// The driver says that the source changed.
    SourceChanged,
    /// So many readers want frames.
    Demand(u32),
    /// Frames are coming.
    Started(Running),
    /// The stream could not be started.
    StartFailed(StartFault),
    /// One frame was captured.
    Frame,
    /// One frame came and was not taken.
    FrameLeftOut,
    /// The running stream broke: a sentence.
    StreamBroke(String),
    /// Time passed.
    Tick,
}

/// Why a stream does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFault {
    /// The device left.
    Gone,
    /// The signal changed between the look and the start: look again.
    SignalChanged,
    /// Anything else: a sentence for people.
    Failed(String),
}

/// What the shell has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Find and open the device; answer with `Opened` or `OpenFailed`.
    Open,
    /// Close it.
    Close,
    /// Look at the signal; answer with `Signal` or `Gone`.
    AskSignal,
    /// Start the stream; answer with `Started` or `StartFailed`.
    Start(Plan),
    /// Stop it and close its pool.
    Stop,
    /// Tell everybody.
    Publish(VideoState),
    /// Tell the kernel: `None` for fully usable.
    Degraded(Option<String>),
    /// A line for the log.
    Warn(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Something,
}

#[derive(Debug)]
struct Stream {
    plan: Plan,
    running: Option<Running>,
    last_frame: Duration,
}

/// The state of capturing: a pure function of events and time.
#[derive(Debug)]
pub struct Machine {
    format: Option<FourCc>,
    wish: VideoMode,
    source: Option<Source>,
    report: SignalReport,
    trouble: Option<String>,
    readers: u32,
    grace_ends: Option<Duration>,
    stream: Option<Stream>,
    stalls: u32,
    look_at: Duration,
    retry_at: Duration,
    meter: RateMeter,
    shown: Option<VideoState>,
    degraded: Option<String>,
    actions: Vec<Action>,
}

impl Machine {
    /// Nothing open yet. The first [`Event::Tick`] opens.
    pub fn new(wish: VideoMode, format: Option<FourCc>) -> Self {
        Self {
            format,
            wish,
            source: None,
            report: SignalReport::bad(Signal::None, "looking for the capture device"),
            trouble: None,
            readers: 0,
            grace_ends: None,
            stream: None,
            stalls: 0,
            look_at: Duration::ZERO,
            retry_at: Duration::ZERO,
            meter: RateMeter::default(),
            shown: None,
            degraded: None,
            actions: Vec::new(),
        }
    }

    /// What is known before anything was opened: published before `ready`, so that no page shows an old picture.
    pub fn first_state(&mut self) -> VideoState {
        let state = self.state(Duration::ZERO);
        self.shown = Some(state.clone());
        state
    }

    /// Whether anybody takes frames. While it goes on without (see `GRACE`), none need be carried to nobody.
    pub fn is_watched(&self) -> bool {
        self.readers > 0
    }

    /// Takes an event and says what to do about it, in order.
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        self.take(event, now);
        self.settle(now);
        std::mem::take(&mut self.actions)
    }

    /// A viewer's wish for another size or rate: taken, or refused with the reason.
    pub fn set_mode(&mut self, wish: VideoMode, now: Duration) -> Result<Vec<Action>, WireError> {
        let absent = || {
            WireError::new(
                ErrorCode::Unavailable,
                "there is no capture device to set a mode on",
            )
        };
        let source = self.source.as_ref().ok_or_else(absent)?;
        check_wish(source, self.report.mode, wish).map_err(|refused| {
            WireError::new(ErrorCode::BadRequest, refused.to_string()).about(&source.card)
        })?;
        self.wish = wish;
        Ok(self.step(Event::Tick, now))
    }

    /// When to send the next [`Event::Tick`]; what was due at the last step was done in it.
    pub fn deadline(&self, now: Duration) -> Duration {
        let look = if self.source.is_some() {
            self.look_at
        } else {
            self.retry_at
        };
        let stall = self.stream.as_ref().map(|stream| stream.last_frame + STALL);
        let all = [
            Some(look),
            stall,
            Some(self.retry_at),
            self.grace_ends,
            self.meter.ends(),
        ];
        let future = all.into_iter().flatten().filter(|at| *at > now);
        future.fold(now + SIGNAL_POLL, Duration::min)
    }

    fn take(&mut self, event: Event, now: Duration) {
        match event {
            Event::Opened(source) => self.opened(source, now),
            Event::OpenFailed(why) => self.absent(why, now),
            Event::Gone => self.gone(now),
            Event::NodeAppeared => self.retry_at = self.retry_at.min(now),
            Event::Signal(report) => self.report = report,
            Event::SourceChanged => self.look_at = now,
            Event::Demand(readers) => self.demand(readers, now),
            Event::Started(running) => self.started(running, now),
            Event::StartFailed(fault) => self.start_failed(fault, now),
            Event::Frame => self.frame(now),
            Event::FrameLeftOut => self.alive(now),
            Event::StreamBroke(why) => self.stream_broke(why, now),
            Event::Tick => {}
        }
    }

    fn opened(&mut self, source: Source, now: Duration) {
        self.source = Some(source);
        self.trouble = None;
        self.look_at = now;
        self.retry_at = now;
    }

    fn absent(&mut self, why: String, now: Duration) {
        self.source = None;
        self.stream = None;
        self.report = SignalReport::bad(Signal::Absent, why);
        self.retry_at = now + RETRY;
    }

    fn gone(&mut self, now: Duration) {
        self.stop();
        self.actions.push(Action::Close);
        self.absent(
            "the capture device was unplugged: plug it in again".to_owned(),
            now,
        );
        // It may be back already under another number.
        self.retry_at = now;
    }

    fn demand(&mut self, readers: u32, now: Duration) {
        if readers == 0 && self.readers > 0 {
            self.grace_ends = Some(now + GRACE);
        } else if readers > 0 {
            self.grace_ends = None;
        }
        self.readers = readers;
    }

    fn started(&mut self, running: Running, now: Duration) {
        if let Some(stream) = &mut self.stream {
            stream.running = Some(running);
            stream.last_frame = now;
            self.trouble = None;
        }
    }

    fn start_failed(&mut self, fault: StartFault, now: Duration) {
        self.stream = None;
        match fault {
            StartFault::Gone => self.gone(now),
            StartFault::SignalChanged => {
                self.look_at = now + SIGNAL_POLL;
                self.report = SignalReport::bad(Signal::Unstable, "the signal is changing");
            }
            StartFault::Failed(why) => self.in_trouble(why, now),
        }
    }

    fn in_trouble(&mut self, why: String, now: Duration) {
        if self.trouble.as_ref() != Some(&why) {
            self.actions.push(Action::Warn(why.clone()));
        }
        self.trouble = Some(why);
        self.retry_at = now + RETRY;
    }

    fn frame(&mut self, now: Duration) {
        self.meter.count(now);
        self.alive(now);
    }

    fn alive(&mut self, now: Duration) {
        if let Some(stream) = &mut self.stream {
            stream.last_frame = now;
        }
        if self.stalls > 0 {
            self.stalls = 0;
            self.look_at = now;
        }
    }

    fn stream_broke(&mut self, why: String, now: Duration) {
        self.stop();
        self.in_trouble(why, now);
    }

    fn stop(&mut self) {
        if self.stream.take().is_some() {
            self.actions.push(Action::Stop);
        }
    }

    /// Brings what runs in line with what is wanted.
    fn settle(&mut self, now: Duration) {
        self.settle_grace(now);
        self.settle_stall(now);
        // While an answer about the device is on its way, its stream is not decided on.
        if self.settle_device(now) == Asked::Nothing {
            self.settle_stream(now);
        }
        self.settle_shown(now);
    }

    fn settle_grace(&mut self, now: Duration) {
        if self.grace_ends.is_some_and(|ends| now >= ends) {
            self.grace_ends = None;
        }
    }

    fn settle_device(&mut self, now: Duration) -> Asked {
        let (due, again, question) = match self.source {
            None => (&mut self.retry_at, RETRY, Action::Open),
            Some(_) => (&mut self.look_at, SIGNAL_POLL, Action::AskSignal),
        };
        if now < *due {
            return Asked::Nothing;
        }
        *due = now + again;
        self.actions.push(question);
        Asked::Something
    }

    fn settle_stall(&mut self, now: Duration) {
        let Some(stream) = &self.stream else { return };
        if now < stream.last_frame + STALL {
            return;
        }
        self.stalls += 1;
        self.stop();
        if self.stalls < STALLS_BEFORE_REOPEN {
            self.actions.push(Action::Warn(
                "no frame for 2 s although there is a signal: starting the stream anew".into(),
            ));
            return;
        }
        self.actions.push(Action::Close);
        self.source = None;
        self.retry_at = now + RETRY;
    }

    fn settle_stream(&mut self, now: Duration) {
        let plan = self.plan();
        let same = |stream: &Stream| {
            plan.as_ref()
                .is_some_and(|plan| stream.plan.is_same_stream(plan))
        };
        if self.stream.as_ref().is_some_and(|stream| !same(stream)) {
            self.stop();
        }
        let held_back = self.trouble.is_some() && now < self.retry_at;
        if let (Some(plan), None, false) = (plan, &self.stream, held_back) {
            self.stream = Some(Stream {
                plan,
                running: None,
                last_frame: now,
            });
            self.actions.push(Action::Start(plan));
        }
    }

    /// What should run now, if anything.
    fn plan(&self) -> Option<Plan> {
        let wanted = self.readers > 0 || self.grace_ends.is_some();
        self.possible()
            .filter(|_| wanted && self.report.signal == Signal::Ok)
    }

    /// What would run if somebody watched.
    fn possible(&self) -> Option<Plan> {
        let source = self.source.as_ref()?;
        choose(source, self.report.mode, self.wish, self.format).ok()
    }

    fn settle_shown(&mut self, now: Duration) {
        let state = self.state(now);
        let degraded = self.reason(&state);
        if self.shown.as_ref() != Some(&state) {
            self.shown = Some(state.clone());
            self.actions.push(Action::Publish(state));
        }
        if self.degraded != degraded {
            self.degraded.clone_from(&degraded);
            self.actions.push(Action::Degraded(degraded));
        }
    }

    /// Degraded is what a person must mend on this machine; a missing signal is the target's business.
    fn reason(&self, state: &VideoState) -> Option<String> {
        let broken = state.signal == Signal::Absent || self.trouble.is_some();
        state.detail.clone().filter(|_| broken)
    }

    /// A source that claims a signal and delivers nothing is not believed.
    fn is_mute(&self) -> bool {
        self.stalls >= STALLS_BEFORE_REOPEN && self.report.signal == Signal::Ok
    }

    fn state(&mut self, now: Duration) -> VideoState {
        let running = self.stream.as_ref().and_then(|stream| stream.running);
        let plan = self
            .stream
            .as_ref()
            .map(|stream| stream.plan)
            .or_else(|| self.possible());
        let format = running.map(|r| r.format).or(plan.map(|p| p.format));
        VideoState {
            signal: if self.is_mute() {
                Signal::None
            } else {
                self.report.signal
            },
            mode: shown_mode(running, plan),
            format: format.map(FourCc::name).unwrap_or_default(),
            source: self
                .source
                .as_ref()
                .map(|source| source.card.clone())
                .unwrap_or_default(),
            modes: self
                .source
                .as_ref()
                .map(|source| modes(source, self.report.mode))
                .unwrap_or_default(),
            streaming: running.is_some(),
            rate: if running.is_some() {
                self.meter.rate(now)
            } else {
                0
            },
            detail: self.detail(),
        }
    }

    fn detail(&self) -> Option<String> {
        let mute = self.is_mute().then(|| MUTE.to_owned());
        self.trouble
            .clone()
            .or(mute)
            .or_else(|| self.report.detail.clone())
            .or_else(|| self.no_plan())
    }

    /// With a signal and no plan, the formats are at fault.
    fn no_plan(&self) -> Option<String> {
        let source = self.source.as_ref()?;
        choose(source, self.report.mode, self.wish, self.format)
            .err()
            .map(|fault| fault.to_string())
    }
}

fn shown_mode(running: Option<Running>, plan: Option<Plan>) -> VideoMode {
    let planned = plan.map(|plan| plan.mode());
    let real = running.map(|real| {
        let pace = plan.and_then(|plan| plan.pace);
        let rate = if real.rate == Rate::ANY {
            plan.map_or(Rate::ANY, |plan| plan.rate)
        } else {
            real.rate
        };
        real.size.at(pace.unwrap_or(rate))
    });
    real.or(planned).unwrap_or(VideoMode {
        width: 0,
        height: 0,
        millihertz: 0,
    })
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
