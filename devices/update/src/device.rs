//! The shell: requests to the worker, looks at the machine to the core, its verdicts back.

use crate::{
    config::Config,
    core::{
        engine::{Engine, NOT_WHOLE},
        error::UpdateError,
        health::{Answer, Seen},
        trial::{Look, Patience, Verdict, Watch},
    },
    error::Error,
    keep::Folders,
    machine::{self, Persistent},
    page,
    worker::{now, CardEngine, Healthy, Job, Report, Restart, Worker},
};
use dkvm_sdk::{Body, CallError, Fault, Incoming, Link, Request, SendError, Sender};
use dkvm_wire::{
    service::{self, DeviceInfo, DeviceList, Nothing, RestartHow},
    topics,
    vocab::update::{methods, Check, Power, Stage, UpdateState},
    ErrorCode, WireError,
};
use serde::de::DeserializeOwned;
use std::{future::Future, net::SocketAddr, pin::Pin, time::Duration};
use tokio::time::Instant;

const NO_CARD: &str = "this machine has no slots: it does not run from a card that dKVM wrote";
/// At the machine's start the card's nodes may not be this device's yet.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// After so many seconds it is no matter of the start.
const START_TRIES: u32 = 20;
/// Between two looks at a trial.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at a committed image that is not well: there is no hurry, and nothing hangs on it.
const LOOK_SELDOM: Duration = Duration::from_secs(60);
/// How long after Linux's start it is looked at often, ms.
const OFTEN_UNTIL: u64 = 120_000;
/// Between two states of an upload: a page draws no faster.
const TELL_EVERY_MS: u64 = 250;

/// Runs until the kernel says goodbye.
pub async fn run(mut link: Link) -> Result<(), Fault> {
    let config: Config = link.config()?;
    let patience = config
        .patience()
        .ok_or_else(|| link.refuse("settle_ms", "it must be less than deadline_ms"))?;
    let (mut told, mut tries, mut seen) = (None, 0, Seen::default());
    loop {
        let (why, until) = match slots(&config) {
            Ok(Some((engine, persistent))) => {
                link.ready()?;
                let worker = Worker::start(engine).map_err(|_| Error::Worker)?;
                let device = Device::new(&link, &config, patience, (worker, persistent));
                return Device { seen, ..device }.run(link).await;
            }
            Ok(None) => {
                link.ready()?;
                (NO_CARD.to_owned(), None)
            }
            Err(error) => {
                tries += 1;
                (error.to_string(), Some(Instant::now() + pause(tries)))
            }
        };
        if until.is_some() && told.as_ref() != Some(&why) {
            link.degraded(why.as_str())?;
            told = Some(why.clone());
        }
        if without(&mut link, &mut seen, &why, until).await? == Next::End {
            return Ok(());
        }
    }
}

fn pause(tries: u32) -> Duration {
    if tries < START_TRIES {
        TRY_AGAIN
    } else {
        LOOK_SELDOM
    }
}

fn slots(config: &Config) -> Result<Option<(CardEngine, Persistent)>, UpdateError> {
    let Some(found) = machine::find(config)? else {
        return Ok(None);
    };
    let folders = Folders::from_env();
    let kept = folders.load();
    let engine = Engine::start((found.card, folders), found.machine, found.keys, kept)?;
    Ok(Some((engine, found.persistent)))
}

/// What comes after a time without slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    TryAgain,
    End,
}

/// Without slots all that can be done is to restart the machine, until it is time to look for them again.
async fn without(
    link: &mut Link,
    seen: &mut Seen,
    why: &str,
    until: Option<Instant>,
) -> Result<Next, Fault> {
    let state = no_slots();
    let sender = link.sender();
    sender.emit(topics::UPDATE_STATE, &state)?;
    loop {
        let incoming = tokio::select! {
            incoming = link.next() => incoming?,
            () = sleep_until(until) => return Ok(Next::TryAgain),
        };
        match incoming {
            Incoming::Goodbye { .. } => return Ok(Next::End),
            Incoming::Event { topic, body, .. } => heard(seen, &topic, &body),
            Incoming::Request(request) => match request.method() {
                methods::GET => request.reply(&state)?,
                methods::RESTART => restart_machine(&sender, request).await?,
                method if is_known(method) => {
                    request.fail(WireError::new(ErrorCode::Conflict, why))?;
                }
                _ => request.unknown()?,
            },
            _ => {}
        }
    }
}

/// As long as nothing is known of the slots.
fn no_slots() -> UpdateState {
    UpdateState {
        stage: Stage::None,
        slots: Vec::new(),
        running: None,
        committed: None,
        last: None,
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn is_known(method: &str) -> bool {
    use methods::{ABORT, BEGIN, FACTORY_RESET, FINISH, ROLLBACK, TRY, WRITE};
    [ABORT, BEGIN, FACTORY_RESET, FINISH, ROLLBACK, TRY, WRITE].contains(&method)
}

/// What a look shows.
type Shown = (Result<DeviceList, CallError>, Option<Result<u16, String>>);
type Looking = Pin<Box<dyn Future<Output = Shown>>>;

/// Why the machine is looked at.
#[derive(Debug)]
enum For {
    Check,
    Try(Request),
    Rollback(Request),
}

struct Device {
    sender: Sender,
    page: SocketAddr,
    worker: Worker,
    persistent: Persistent,
    watch: Watch,
    seen: Seen,
    checks: Vec<Check>,
    report: Option<Report>,
    looking: Option<(Looking, For)>,
    look_at: Instant,
    /// A verdict is on its way through the worker.
    decided: bool,
    published: Option<(UpdateState, u64)>,
}

impl Device {
    fn new(
        link: &Link,
        config: &Config,
        patience: Patience,
        (worker, persistent): (Worker, Persistent),
    ) -> Self {
        Self {
            sender: link.sender(),
            page: config.page,
            worker,
            persistent,
            watch: Watch::new(patience),
            seen: Seen::default(),
            checks: Vec::new(),
            report: None,
            looking: None,
            look_at: Instant::now(),
            decided: false,
            published: None,
        }
    }

    async fn run(mut self, mut link: Link) -> Result<(), Fault> {
        loop {
            tokio::select! {
                // What was done comes before what is asked next.
                biased;
                report = self.worker.reports.recv() => self.reported(report.ok_or(Error::Worker)?).await?,
                incoming = link.next() => match incoming? {
                    Incoming::Goodbye { .. } => return Ok(()),
                    Incoming::Request(request) => self.asked(request).await?,
                    Incoming::Event { topic, body, .. } => heard(&mut self.seen, &topic, &body),
                    _ => {}
                },
                shown = look(&mut self.looking) => self.looked(shown),
                () = tokio::time::sleep_until(self.look_at), if self.wants_a_look() => self.begin_look(For::Check),
            }
            self.publish()?;
        }
    }

    async fn asked(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.state()),
            methods::RESTART => restart_machine(&self.sender, request).await,
            methods::BEGIN | methods::TRY | methods::ROLLBACK
                if self.persistent == Persistent::No =>
            {
                request.fail(WireError::new(ErrorCode::Conflict, NOT_KEPT))
            }
            methods::TRY => self.begin_request(For::Try(request)),
            methods::ROLLBACK => self.begin_request(For::Rollback(request)),
            _ => {
                self.worker.give(Job::Ask(request));
                Ok(())
            }
        }
    }

    /// What works now is written down before the restart.
    fn begin_request(&mut self, why: For) -> Result<(), SendError> {
        if let Some((_, For::Try(_) | For::Rollback(_))) = &self.looking {
            if let For::Try(request) | For::Rollback(request) = why {
                return request.fail(WireError::new(
                    ErrorCode::Conflict,
                    "the machine is about to restart",
                ));
            }
        }
        self.begin_look(why);
        Ok(())
    }

    async fn reported(&mut self, mut report: Report) -> Result<(), Fault> {
        let restart = report.restart.take();
        self.decided = false;
        self.report = Some(report);
        self.publish()?;
        match restart {
            Some(restart) => self.restart(restart).await,
            None => Ok(()),
        }
    }

    /// The kernel ends all devices, this one too, when it has taken it.
    async fn restart(&mut self, restart: Restart) -> Result<(), Fault> {
        dkvm_sdk::info!("restarting the machine: {}", restart.reason);
        let taken = call_restart(&self.sender, restart.how, &restart.reason).await;
        if let Err(error) = &taken {
            dkvm_sdk::error!("the machine does not restart: {error}");
            if restart.how == RestartHow::Trial {
                self.worker.give(Job::NotBegun);
            }
        }
        match restart.request {
            Some(request) => Ok(request.answer_with(taken.map_err(CallError::into_wire))?),
            None => Ok(()),
        }
    }

    fn trial(&self) -> Option<&crate::core::record::Trial> {
        self.report.as_ref()?.trial.as_ref()
    }

    fn wants_a_look(&self) -> bool {
        let Some(report) = &self.report else {
            return false;
        };
        let idle = self.looking.is_none() && !self.decided;
        idle && (report.trial.is_some() || report.healthy == Healthy::NotYet)
    }

    fn begin_look(&mut self, why: For) {
        let seldom = matches!(why, For::Check) && self.trial().is_none() && now() > OFTEN_UNTIL;
        self.look_at = Instant::now() + if seldom { LOOK_SELDOM } else { LOOK_EVERY };
        let (sender, page) = (self.sender.clone(), self.page);
        let ask_page = self.seen.devices.is_empty() || self.seen.devices.iter().any(is_web);
        let looking = async move {
            let devices = sender
                .call(service::methods::DEVICES_LIST, &Nothing {})
                .await;
            let page = if ask_page {
                Some(page::ask(page).await)
            } else {
                None
            };
            (devices, page)
        };
        // A request's look takes the place of one that was under way.
        self.looking = Some((Box::pin(looking), why));
    }

    fn looked(&mut self, (shown, why): (Shown, For)) {
        let (devices, page) = shown;
        self.seen.page = page;
        match devices {
            Ok(list) => self.seen.devices = list.devices,
            Err(error) => dkvm_sdk::warn!("{error}"),
        }
        match why {
            For::Check => self.judge(),
            For::Try(request) => self.worker.give(Job::Try(request, self.seen.expectation())),
            For::Rollback(request) => self
                .worker
                .give(Job::Rollback(request, self.seen.expectation())),
        }
    }

    fn judge(&mut self) {
        let trial = self.trial();
        let is_trial = trial.is_some();
        let expected = trial.and_then(|trial| trial.expected.clone());
        let expected = expected.unwrap_or_else(|| self.seen.all_wanted());
        self.checks = self.seen.checks(&expected);
        if is_trial {
            self.checks.push(kept(self.persistent));
            self.checks.push(self.whole());
        }
        let look = Look {
            checks: &self.checks,
            deaths: self.seen.deaths(),
        };
        let verdict = self.watch.look(now(), look);
        let job = match (verdict, is_trial) {
            (Verdict::Commit, true) => Job::Commit(praise(&self.checks)),
            (Verdict::GoBack(why), true) => Job::GoBack(why),
            (Verdict::Commit, false) => Job::MarkHealthy,
            _ => return,
        };
        self.decided = true;
        self.worker.give(job);
    }

    /// A slot is tried by hand (`dkvm reboot --trial`) whatever it holds.
    fn whole(&self) -> Check {
        let report = self.report.as_ref();
        let is_whole = report.is_some_and(|report| {
            let mut slots = report.state.slots.iter();
            slots.any(|slot| Some(slot.slot) == report.state.running && slot.version.is_some())
        });
        let answer = if is_whole {
            Answer::good("whole")
        } else {
            Answer::bad(NOT_WHOLE)
        };
        answer.named("image")
    }

    fn state(&self) -> UpdateState {
        let Some(report) = &self.report else {
            return no_slots();
        };
        let mut state = report.state.clone();
        if let Stage::Trial { checks, left_ms } = &mut state.stage {
            checks.clone_from(&self.checks);
            *left_ms = u32::try_from(self.watch.left(now())).unwrap_or(u32::MAX);
        }
        state
    }

    fn publish(&mut self) -> Result<(), SendError> {
        if self.report.is_none() {
            return Ok(());
        }
        let (state, now) = (self.state(), now());
        if let Some((last, at)) = &self.published {
            let early = now.saturating_sub(*at) < TELL_EVERY_MS;
            if *last == state || (early && is_progress(last, &state)) {
                return Ok(());
            }
        }
        self.sender.emit(topics::UPDATE_STATE, &state)?;
        self.published = Some((state, now));
        Ok(())
    }
}

/// Two states of which the second only says that it went on.
fn is_progress(last: &UpdateState, state: &UpdateState) -> bool {
    let pair = (&last.stage, &state.stage);
    matches!(
        pair,
        (Stage::Receiving { .. }, Stage::Receiving { .. })
            | (Stage::Trial { .. }, Stage::Trial { .. })
    )
}

async fn look(looking: &mut Option<(Looking, For)>) -> (Shown, For) {
    let Some((future, _)) = looking else {
        return std::future::pending().await;
    };
    let shown = future.await;
    let why = looking.take().map_or(For::Check, |(_, why)| why);
    (shown, why)
}

async fn restart_machine(sender: &Sender, request: Request) -> Result<(), SendError> {
    let asked: dkvm_wire::vocab::update::Restart = match request.decode() {
        Ok(asked) => asked,
        Err(error) => return request.fail(error),
    };
    let how = match asked.power {
        Power::Restart => RestartHow::Restart,
        Power::Off => RestartHow::PowerOff,
    };
    let reason = format!("asked for by {}", request.source().name);
    let taken = call_restart(sender, how, &reason).await;
    request.answer_with(taken.map_err(CallError::into_wire))
}

/// The kernel answers in its own turn, so this is no wait that a ping would notice.
async fn call_restart(
    sender: &Sender,
    how: RestartHow,
    reason: &str,
) -> Result<Nothing, CallError> {
    let restart = service::Restart {
        how,
        reason: reason.to_owned(),
    };
    sender
        .call(service::methods::SYSTEM_RESTART, &restart)
        .await
}

/// Each state comes once, and may come before the card is there.
fn heard(seen: &mut Seen, topic: &str, body: &Body) {
    match topic {
        topics::GADGET_STATE => understood(&mut seen.gadget, body, topic),
        topics::HID_STATE => understood(&mut seen.hid, body, topic),
        topics::VIDEO_STATE => understood(&mut seen.video, body, topic),
        _ => {}
    }
}

/// A message that makes no sense is told and dropped: its sender may be of another version.
fn understood<T: DeserializeOwned>(place: &mut Option<T>, body: &Body, topic: &str) {
    match body.decode(topic) {
        Ok(value) => *place = Some(value),
        Err(error) => dkvm_sdk::warn!("{error}"),
    }
}

fn is_web(device: &DeviceInfo) -> bool {
    device.name.as_str() == "web"
}

fn kept(persistent: Persistent) -> Check {
    let answer = match persistent {
        Persistent::Yes => Answer::good("on the card"),
        Persistent::No => Answer::bad("the data partition does not mount"),
    };
    answer.named("data")
}

fn praise(checks: &[Check]) -> String {
    let told: Vec<_> = checks
        .iter()
        .map(|check| format!("{}: {}", check.name, check.detail))
        .collect();
    told.join("; ")
}

const NOT_KEPT: &str = "what this node keeps is in memory only, because its data partition does not mount: an update could not tell afterwards how it ended. \
                        Reset the node (`dkvm factory-reset`) or write the card anew first";
