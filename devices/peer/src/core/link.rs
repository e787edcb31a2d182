//! The link to one paired node: when to call, which connection stays, when it is stalled and when dead.

use super::{backoff::Backoff, Moment};
use crate::fingerprint::Fingerprint;
use dkvm_wire::vocab::peer::LinkState;
use std::time::Duration;

/// A link that carries nothing else is asked so often whether it lives.
pub const PING: Duration = Duration::from_secs(1);
/// So long without an answer: nothing may be held for who is behind it.
pub const STALLED: Duration = Duration::from_millis(500);
/// A stalled one is asked more often: what waits for Linux's own repetition comes back late.
const PING_STALLED: Duration = Duration::from_millis(250);
/// So long without an answer, and another connection is tried. Cuts of some seconds are outlived.
pub const DEAD: Duration = Duration::from_secs(6);
/// What the network says of where it is brings a call forward so often at most: anybody can say it.
pub const HURRY: Duration = Duration::from_secs(5);
/// A turn that comes later than that was held up here, which is not the other side's silence.
const LATE: Duration = Duration::from_millis(200);

/// Which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// Who opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// This node.
    Here,
    /// The other.
    There,
}

/// What is known of where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Nothing: it has to call.
    None,
    /// What was known before.
    Same,
    /// Something else than before: worth a try at once.
    Fresh,
}

/// Whether waiting helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It may pass by itself.
    Passing,
    /// A person has to look.
    Standing,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whether waiting helps.
    pub weight: Weight,
    /// What is wrong and what to do.
    pub told: String,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Where it is said to be.
    Addresses(Addresses),
    /// No call came through.
    DialFailed(Fault),
    /// A connection is there, both keys are proven, both have said hello.
    Linked(LinkId, Opener),
    /// A ping was answered.
    Heard(LinkId),
    /// It is gone, by whatever hand.
    Closed(LinkId, Option<Fault>),
    /// What one may do at the other is another: the connection is ended for that, here or there.
    Changed,
    /// Time has passed.
    Tick,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Call it, at all addresses that are known.
    Dial,
    /// Ask whether it lives.
    Ping(LinkId),
    /// Let it carry what there is.
    Adopt(LinkId),
    /// There is a better one.
    CloseDuplicate(LinkId),
    /// It does not answer.
    CloseSilent(LinkId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// No address: the other node has to call.
    Resting,
    Waiting {
        until: Moment,
    },
    Dialling,
    Up(Up),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Up {
    id: LinkId,
    opener: Opener,
    since: Moment,
    /// The oldest ping without an answer.
    asked: Option<Moment>,
    next_ping: Moment,
}

impl Up {
    fn is_stalled(&self, now: Moment) -> bool {
        self.silent_for(now) >= STALLED
    }

    fn silent_for(&self, now: Moment) -> Duration {
        self.asked
            .map_or(Duration::ZERO, |asked| now.saturating_sub(asked))
    }

    fn deadline(&self, now: Moment) -> Moment {
        let verdict = self.asked.map(|asked| match self.is_stalled(now) {
            false => asked + STALLED,
            true => asked + DEAD,
        });
        verdict.map_or(self.next_ping, |verdict| verdict.min(self.next_ping))
    }
}

/// The link to one paired node.
#[derive(Debug)]
pub struct Link {
    preferred: Opener,
    phase: Phase,
    backoff: Backoff,
    addresses: Addresses,
    /// When a call was brought forward last.
    hurried: Option<Moment>,
    fault: Option<Fault>,
}

impl Link {
    /// Between these two; nothing is known yet of where the other is.
    pub fn new(here: &Fingerprint, there: &Fingerprint, seed: u32) -> Self {
        Self {
            preferred: if here < there {
                Opener::Here
            } else {
                Opener::There
            },
            phase: Phase::Resting,
            backoff: Backoff::new(seed),
            addresses: Addresses::None,
            hurried: None,
            fault: None,
        }
    }

    /// Deals with what happens.
    pub fn step(&mut self, event: Event, now: Moment) -> Vec<Action> {
        match event {
            Event::Addresses(addresses) => self.found(addresses, now),
            Event::DialFailed(fault) => self.failed(fault, now),
            Event::Linked(id, opener) => self.linked(id, opener, now),
            Event::Heard(id) => self.heard(id),
            Event::Closed(id, fault) => self.closed(id, fault, now),
            Event::Changed => {
                self.backoff.restart();
                Vec::new()
            }
            Event::Tick => self.tick(now),
        }
    }

    /// When time alone changes something.
    pub fn deadline(&self, now: Moment) -> Option<Moment> {
        match &self.phase {
            Phase::Resting | Phase::Dialling => None,
            Phase::Waiting { until } => Some(*until),
            Phase::Up(up) => Some(up.deadline(now)),
        }
    }

    /// As it is told.
    pub fn state(&self, now: Moment) -> LinkState {
        match (&self.phase, &self.fault) {
            (Phase::Up(up), _) if up.is_stalled(now) => LinkState::Stalled,
            (Phase::Up(_), _) => LinkState::Up,
            (_, Some(fault)) if fault.weight == Weight::Standing => LinkState::Refused,
            _ => LinkState::Connecting,
        }
    }

    /// What is wrong, for a person.
    pub fn detail(&self, now: Moment) -> Option<String> {
        match &self.phase {
            Phase::Up(up) if up.is_stalled(now) => {
                Some("it has not answered for a moment".to_owned())
            }
            Phase::Up(_) => None,
            Phase::Resting if self.fault.is_none() => Some(
                "no address of it is known here: it has to call, or to be seen on the network"
                    .to_owned(),
            ),
            _ => self.fault.as_ref().map(|fault| fault.told.clone()),
        }
    }

    /// The connection that carries.
    pub fn carries(&self) -> Option<LinkId> {
        match &self.phase {
            Phase::Up(up) => Some(up.id),
            _ => None,
        }
    }

    fn found(&mut self, addresses: Addresses, now: Moment) -> Vec<Action> {
        self.addresses = addresses;
        match self.phase {
            Phase::Resting if addresses != Addresses::None => self.hurry(Moment::MAX, now),
            Phase::Waiting { until } if addresses == Addresses::Fresh => self.hurry(until, now),
            _ => Vec::new(),
        }
    }

    /// Calls at once, or as soon as it may.
    fn hurry(&mut self, until: Moment, now: Moment) -> Vec<Action> {
        let free = self.hurried.map_or(now, |last| last + HURRY);
        if now < free {
            let until = until.min(free);
            self.phase = Phase::Waiting { until };
            return Vec::new();
        }
        self.hurried = Some(now);
        self.backoff.restart();
        self.dial()
    }

    fn dial(&mut self) -> Vec<Action> {
        self.phase = Phase::Dialling;
        vec![Action::Dial]
    }

    fn failed(&mut self, fault: Fault, now: Moment) -> Vec<Action> {
        if self.phase == Phase::Dialling {
            self.fault = Some(fault);
            let until = now + self.backoff.failed();
            self.wait(until);
        }
        Vec::new()
    }

    fn wait(&mut self, until: Moment) {
        self.phase = match self.addresses {
            Addresses::None => Phase::Resting,
            Addresses::Same | Addresses::Fresh => Phase::Waiting { until },
        };
    }

    /// Of two connections the one that the smaller key opened stays, where both live. Of two from the same side the
    /// younger: whoever calls again has lost the other.
    fn linked(&mut self, id: LinkId, opener: Opener, now: Moment) -> Vec<Action> {
        let Phase::Up(up) = &mut self.phase else {
            self.adopt(id, opener, now);
            return vec![Action::Adopt(id), Action::Ping(id)];
        };
        let old = up.id;
        let replaces = up.opener == opener || opener == self.preferred || up.is_stalled(now);
        if replaces {
            self.adopt(id, opener, now);
            return vec![
                Action::Adopt(id),
                Action::CloseDuplicate(old),
                Action::Ping(id),
            ];
        }
        // It called although there is one: perhaps it knows that that is dead.
        let ping = up.asked.is_none();
        up.asked = up.asked.or(Some(now));
        let mut actions = vec![Action::CloseDuplicate(id)];
        actions.extend(ping.then_some(Action::Ping(old)));
        actions
    }

    fn adopt(&mut self, id: LinkId, opener: Opener, now: Moment) {
        self.fault = None;
        self.phase = Phase::Up(Up {
            id,
            opener,
            since: now,
            asked: Some(now),
            next_ping: now + PING,
        });
    }

    fn heard(&mut self, id: LinkId) -> Vec<Action> {
        if let Phase::Up(up) = &mut self.phase {
            if up.id == id {
                up.asked = None;
            }
        }
        Vec::new()
    }

    fn closed(&mut self, id: LinkId, fault: Option<Fault>, now: Moment) -> Vec<Action> {
        let Phase::Up(up) = &self.phase else {
            return Vec::new();
        };
        if up.id != id {
            return Vec::new();
        }
        let wait = self.backoff.lost(now.saturating_sub(up.since));
        self.fault = fault;
        self.wait(now + wait);
        Vec::new()
    }

    fn tick(&mut self, now: Moment) -> Vec<Action> {
        match &mut self.phase {
            Phase::Waiting { until } if now >= *until => self.dial(),
            Phase::Up(up) => {
                let due = up.deadline(now);
                let late = now.saturating_sub(due);
                if late >= LATE {
                    up.asked = up.asked.map(|asked| asked + late);
                }
                self.watch(now)
            }
            _ => Vec::new(),
        }
    }

    fn watch(&mut self, now: Moment) -> Vec<Action> {
        let Phase::Up(up) = &mut self.phase else {
            return Vec::new();
        };
        let id = up.id;
        if up.silent_for(now) >= DEAD {
            let fault = Fault {
                weight: Weight::Passing,
                told: "it does not answer any more".to_owned(),
            };
            self.closed(id, Some(fault), now);
            return vec![Action::CloseSilent(id)];
        }
        if now < up.next_ping {
            return Vec::new();
        }
        let stalled = up.is_stalled(now);
        up.asked = up.asked.or(Some(now));
        up.next_ping = now + if stalled { PING_STALLED } else { PING };
        vec![Action::Ping(id)]
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
