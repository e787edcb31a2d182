//! The shell: carries requests and edges to the core, and its actions to the lines.

use crate::{
    backend::{Backend, Said},
    config::{Config, Senseless},
    core::{Action, Core, Event, Position, Ticket},
    wake::{self, WakeEntry},
};
use dkvm_sdk::{monotonic, Fault, Incoming, Link, Request, SendError, Sender, Time};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::power::{methods, PowerState, Wake},
    ErrorCode, Ready, WireError,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// A line that could not be opened is tried again so often: the chip's driver may come later.
const RETRY: Duration = Duration::from_secs(5);
/// Wake-ups under way; each takes a fraction of a second.
const WAKES: usize = 4;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let mut device = Device::new(&link)?;
    device.open()?;
    loop {
        tokio::select! {
            incoming = link.next() => match incoming? {
                Incoming::Goodbye { .. } => break,
                Incoming::Request(request) => device.request(request)?,
                _ => {}
            },
            said = device.backend.next() => device.heard(said)?,
            () = sleep_until(device.core.deadline()) => device.turn(Event::Tick)?,
            () = tokio::time::sleep_until(device.retry), if device.is_faulty() => device.open()?,
        }
    }
    Ok(device.turn(Event::Goodbye)?)
}

struct Device {
    core: Core,
    backend: Backend,
    machines: Vec<WakeEntry>,
    sender: Sender,
    waiting: HashMap<Ticket, Request>,
    tickets: u64,
    wakes: Arc<Semaphore>,
    /// What is wrong with the lines, a sentence each.
    faults: Vec<String>,
    retry: Instant,
    published: Option<PowerState>,
    told: Option<Ready>,
}

impl Device {
    fn new(link: &Link) -> Result<Self, Fault> {
        let config: Config = link.config()?;
        config
            .check()
            .map_err(|Senseless { key, reason }| link.refuse(&key, reason))?;
        Ok(Self {
            core: Core::new(config.press(), wake::targets(&config.wake)),
            backend: Backend::new(&config)?,
            machines: config.wake,
            sender: link.sender(),
            waiting: HashMap::new(),
            tickets: 0,
            wakes: Arc::new(Semaphore::new(WAKES)),
            faults: Vec::new(),
            retry: Instant::now(),
            published: None,
            told: None,
        })
    }

    /// Opens what is not open, and tells how that went. Lines are opened released.
    fn open(&mut self) -> Result<(), SendError> {
        let faults = self.backend.open();
        for fault in faults.iter().filter(|fault| !self.faults.contains(fault)) {
            dkvm_sdk::warn!("{fault}");
        }
        self.faults = faults;
        self.retry = Instant::now() + RETRY;
        self.turn(Event::Wired(self.backend.buttons()))?;
        self.announce()
    }

    fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    fn announce(&mut self) -> Result<(), SendError> {
        let ready = Ready {
            degraded: self.is_faulty().then(|| self.faults.join("; ")),
        };
        if self.told.as_ref() == Some(&ready) {
            return Ok(());
        }
        self.sender.emit(topics::READY, &ready)?;
        self.told = Some(ready);
        Ok(())
    }

    fn request(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.core.state(now())),
            methods::PRESS => match request.decode() {
                Ok(press) => {
                    let ticket = self.keep(request);
                    self.turn(Event::Press(ticket, press))
                }
                Err(error) => request.fail(error),
            },
            methods::WAKE => match self.order(&request) {
                Ok(order) => self.wake(request, order),
                Err(error) => request.fail(error),
            },
            _ => request.unknown(),
        }
    }

    fn keep(&mut self, request: Request) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, request);
        ticket
    }

    fn order(&self, request: &Request) -> Result<wake::Order, WireError> {
        let Wake { target } = request.decode()?;
        wake::find(&self.machines, &target)
            .map_err(|error| WireError::new(ErrorCode::NotFound, error.to_string()))
    }

    /// Beside the loop: it takes a while, and presses do not wait for it.
    fn wake(&self, request: Request, order: wake::Order) -> Result<(), SendError> {
        let Ok(permit) = self.wakes.clone().try_acquire_owned() else {
            let busy = format!("{WAKES} machines are being woken already: try again in a second");
            return request.fail(WireError::new(ErrorCode::Exhausted, busy));
        };
        tokio::spawn(async move {
            let result = wake::send(&order).await;
            if result.is_ok() {
                dkvm_sdk::info!("sent {} its wake-up packets", order.mac);
            }
            // Without a kernel there is nobody to answer; the loop ends for the same reason.
            let _ = request.answer_with(result.map(|()| Nothing {}).map_err(WireError::from));
            drop(permit);
        });
        Ok(())
    }

    fn heard(&mut self, said: Said) -> Result<(), SendError> {
        match said {
            Said::Seen(samples) => self.turn(Event::Seen(samples)),
            Said::Blind(led, fault) => {
                self.turn(Event::Blind(led))?;
                self.fault(fault)
            }
        }
    }

    fn fault(&mut self, fault: String) -> Result<(), SendError> {
        dkvm_sdk::warn!("{fault}");
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
        self.retry = Instant::now() + RETRY;
        self.announce()
    }

    /// Takes an event through the core, does what it says, and takes the outcomes through it too.
    fn turn(&mut self, event: Event) -> Result<(), SendError> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.core.step(event, now()) {
                events.extend(self.act(action)?);
            }
        }
        self.publish()
    }

    fn act(&mut self, action: Action) -> Result<Option<Event>, SendError> {
        match action {
            Action::Answer(ticket, result) => {
                if let Some(request) = self.waiting.remove(&ticket) {
                    request.answer_with(result.map(|()| Nothing {}).map_err(WireError::from))?;
                }
                Ok(None)
            }
            Action::Set(button, position) => match self.backend.set(button, position) {
                Ok(()) => Ok(None),
                Err(reason) => self.failed(position, reason).map(Some),
            },
        }
    }

    /// The line is closed now, and so released by Linux; it is opened anew a little later.
    fn failed(&mut self, position: Position, reason: String) -> Result<Event, SendError> {
        self.fault(reason.clone())?;
        Ok(match position {
            Position::Pressed => Event::Failed(reason),
            Position::Released => Event::Wired(self.backend.buttons()),
        })
    }

    fn publish(&mut self) -> Result<(), SendError> {
        let state = self.core.state(now());
        if self.published.as_ref() != Some(&state) {
            self.sender.emit(topics::POWER_STATE, &state)?;
            self.published = Some(state);
        }
        Ok(())
    }
}

/// The clock of GPIO's edges.
pub(crate) fn now() -> Time {
    Time::at(monotonic())
}

async fn sleep_until(deadline: Option<Time>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(deadline.since(now())).await,
        None => std::future::pending().await,
    }
}
