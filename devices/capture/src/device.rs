//! The device's loop: carries events to the [`Machine`] and its actions to the backend. It decides nothing.

use crate::{
    backend::{Backend, Fault, LeftOut, Next, Woken},
    config::Config,
    core::{Action, Event, Machine, Plan, Running, StartFault},
    error::Error,
    hotplug::HotPlug,
    output::Output,
};
use dkvm_sdk::{Incoming, Link, Pace, Request};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::video::{methods, VideoMode},
    WireError,
};
use std::{
    collections::VecDeque,
    future,
    time::{Duration, Instant},
};

/// Frames that are taken at one go before the kernel is listened to again.
const FRAMES_AT_ONCE: usize = 8;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Error> {
    let mut shell = Shell::new(&link)?;
    link.sender()
        .emit(topics::VIDEO_STATE, &shell.machine.first_state())?;
    link.ready()?;
    shell.tell(&link, Event::Tick).await?;
    let hotplug = HotPlug::new();
    loop {
        let deadline = shell.deadline();
        tokio::select! {
            biased;
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => return Ok(()),
                other => shell.incoming(&link, other).await?,
            },
            woken = wake(&mut shell.backend) => shell.woken(&link, woken).await?,
            () = hotplug.appeared() => shell.tell(&link, Event::NodeAppeared).await?,
            () = tokio::time::sleep_until(deadline.into()) => shell.tell(&link, Event::Tick).await?,
        }
    }
}

async fn wake(backend: &mut Option<Backend>) -> Woken {
    match backend {
        Some(backend) => backend.wake().await,
        None => future::pending().await,
    }
}

struct Shell {
    config: Config,
    started: Instant,
    machine: Machine,
    backend: Option<Backend>,
    output: Option<Output>,
    pace: Option<Pace>,
    sequence: u64,
    starved: u64,
    broken: u64,
}

impl Shell {
    fn new(link: &Link) -> Result<Self, Error> {
        let config: Config = link.config()?;
        let machine = Machine::new(config.mode.0, config.format);
        let started = Instant::now();
        Ok(Self {
            config,
            started,
            machine,
            backend: None,
            output: None,
            pace: None,
            sequence: 0,
            starved: 0,
            broken: 0,
        })
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn deadline(&self) -> Instant {
        self.started + self.machine.deadline(self.now())
    }

    async fn incoming(&mut self, link: &Link, incoming: Incoming) -> Result<(), Error> {
        match incoming {
            Incoming::Demand { topic, readers, .. } if topic == topics::VIDEO_RAW => {
                self.tell(link, Event::Demand(readers)).await
            }
            Incoming::Request(request) if request.method() == methods::SET_MODE => {
                self.set_mode(link, request).await
            }
            Incoming::Request(request) => Ok(request.unknown()?),
            _ => Ok(()),
        }
    }

    async fn set_mode(&mut self, link: &Link, request: Request) -> Result<(), Error> {
        let now = self.now();
        let wanted = request
            .decode::<VideoMode>()
            .and_then(|wish| self.machine.set_mode(wish, now));
        let (answer, actions): (Result<Nothing, WireError>, _) = match wanted {
            Ok(actions) => (Ok(Nothing {}), actions),
            Err(refused) => (Err(refused), Vec::new()),
        };
        request.answer_with(answer)?;
        self.carry_out(link, actions).await
    }

    async fn tell(&mut self, link: &Link, event: Event) -> Result<(), Error> {
        let now = self.now();
        let actions = self.machine.step(event, now);
        self.carry_out(link, actions).await
    }

    async fn carry_out(&mut self, link: &Link, actions: Vec<Action>) -> Result<(), Error> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            if let Some(event) = self.act(link, action).await? {
                let now = self.now();
                actions.extend(self.machine.step(event, now));
            }
        }
        Ok(())
    }

    async fn act(&mut self, link: &Link, action: Action) -> Result<Option<Event>, Error> {
        match action {
            Action::Open => return Ok(Some(self.open())),
            Action::Close => self.close(),
            Action::AskSignal => return Ok(self.ask_signal()),
            Action::Start(plan) => {
                let result = self.start(link, &plan).await;
                return Ok(Some(result.map_or_else(Event::StartFailed, Event::Started)));
            }
            Action::Stop => self.stop(),
            Action::Publish(state) => link.sender().emit(topics::VIDEO_STATE, &state)?,
            Action::Degraded(None) => link.ready()?,
            Action::Degraded(Some(sentence)) => link.degraded(sentence)?,
            Action::Warn(line) => dkvm_sdk::warn!("{line}"),
        }
        Ok(None)
    }

    fn open(&mut self) -> Event {
        match Backend::open(&self.config) {
            Ok((backend, source)) => {
                dkvm_sdk::info!("captures from {}", source.card);
                self.backend = Some(backend);
                Event::Opened(source)
            }
            Err(why) => Event::OpenFailed(why),
        }
    }

    fn close(&mut self) {
        self.stop();
        self.backend = None;
    }

    fn ask_signal(&mut self) -> Option<Event> {
        Some(match self.backend.as_mut()?.signal() {
            Ok(report) => Event::Signal(report),
            Err(Fault::Gone) => Event::Gone,
            Err(Fault::Broke(why)) => Event::StreamBroke(why),
        })
    }

    async fn start(&mut self, link: &Link, plan: &Plan) -> Result<Running, StartFault> {
        let backend = self.backend.as_mut().ok_or(StartFault::Gone)?;
        let running = backend.prepare(plan)?;
        let output = Output::open(link, &running, self.config.slots)
            .await
            .map_err(StartFault::Failed)?;
        backend.begin(output.pool(), self.config.slots)?;
        self.pace = plan.pace.map(|rate| Pace::at_millihertz(rate.0));
        self.output = Some(output);
        Ok(running)
    }

    fn stop(&mut self) {
        // First the driver, which writes into the pool.
        if let Some(backend) = &mut self.backend {
            backend.stop();
        }
        if let Some(output) = self.output.take() {
            self.sequence = output.next_sequence();
        }
        let (starved, broken) = (
            std::mem::take(&mut self.starved),
            std::mem::take(&mut self.broken),
        );
        if starved + broken > 0 {
            dkvm_sdk::debug!("frames left out of this stream: {starved} while readers held all slots, {broken} damaged");
        }
    }

    async fn woken(&mut self, link: &Link, woken: Woken) -> Result<(), Error> {
        if woken == Woken::SourceChanged {
            self.tell(link, Event::SourceChanged).await?;
        }
        for _ in 0..FRAMES_AT_ONCE {
            let Some(event) = self.take_frame()? else {
                break;
            };
            self.tell(link, event).await?;
        }
        Ok(())
    }

    /// Takes and publishes one frame.
    fn take_frame(&mut self) -> Result<Option<Event>, Error> {
        let (Some(backend), Some(output)) = (&mut self.backend, &mut self.output) else {
            return Ok(None);
        };
        let (watched, pace) = (self.machine.is_watched(), &mut self.pace);
        let mut unseen = false;
        let mut keep = |at| {
            let kept = pace.as_mut().is_none_or(|pace| pace.keep(at));
            unseen = kept && !watched;
            kept && watched
        };
        Ok(match backend.next(output.pool(), &mut keep) {
            Ok(Next::Frame(captured)) => {
                output.publish(captured, self.sequence)?;
                Some(Event::Frame)
            }
            // It was captured all the same: a look a second leaves the rate what it is.
            Ok(Next::LeftOut(_)) if unseen => Some(Event::Frame),
            Ok(Next::LeftOut(why)) => {
                self.starved += u64::from(why == LeftOut::NoSlot);
                self.broken += u64::from(why == LeftOut::Broken);
                Some(Event::FrameLeftOut)
            }
            Ok(Next::Nothing) => None,
            Err(Fault::Gone) => Some(Event::Gone),
            Err(Fault::Broke(why)) => Some(Event::StreamBroke(why)),
        })
    }
}
