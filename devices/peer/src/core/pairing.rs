//! Pairings under way: both keys are known, two persons have to say that the codes are the same.

use super::{code::Pair, limit::Limit, link::Opener, Moment};
use crate::fingerprint::Fingerprint;
use dkvm_wire::vocab::peer::{Grant, Pairing, PairingStep, Verdict, PAIRING_S};
use std::{net::SocketAddr, time::Duration};
use thiserror::Error;

/// Longer than two persons need who telephone.
pub const PATIENCE: Duration = Duration::from_secs(PAIRING_S as u64);
/// What has ended is told for so long.
const TOLD: Duration = Duration::from_secs(60);
/// Calls of this node's own person at a time.
const OUTGOING_MOST: usize = 2;
/// What has ended and is still told.
const ENDED_MOST: usize = 6;

/// Why a pairing does not begin, or an answer is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PairingError {
    /// One is under way that was called by another node.
    #[error("another node is being paired there just now: try again in two minutes, or have that pairing refused there")]
    Busy,
    /// Too many tries.
    #[error("it was called too often in the last hour: try again in an hour, or pair from there")]
    TooOften,
    /// Too many calls from here.
    #[error("{OUTGOING_MOST} pairings are under way from here: answer or refuse them first")]
    TooMany,
    /// No such pairing.
    #[error("there is no such pairing any more: begin a new one")]
    Unknown,
    /// There is no code to compare yet, or it has been answered.
    #[error("that pairing does not wait for an answer")]
    NotNow,
}

/// What the other side's person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The codes are the same.
    Same,
    /// They are not, or nobody asked for this.
    Refuse,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Tell the other side what the person here says.
    Tell(u32, Said),
    /// Both say yes.
    Keep {
        /// Which pairing.
        id: u32,
        /// The other node.
        node: Known,
        /// What it may do here.
        grants: Vec<Grant>,
        /// As the person here called it; empty where it called.
        called: String,
    },
    /// Break the conversation off, and say why.
    End(u32, String),
}

/// The other node, once its key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// As it calls itself.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Its key, proven.
    pub key: Fingerprint,
}

#[derive(Debug)]
struct Entry {
    told: Pairing,
    key: Option<Fingerprint>,
    called: String,
    theirs: Option<Said>,
    /// Of its begin, and of its end once it has ended.
    since: Moment,
}

impl Entry {
    fn is_over(&self) -> bool {
        matches!(self.told.step, PairingStep::Done | PairingStep::Failed)
    }

    fn deadline(&self) -> Moment {
        self.since + if self.is_over() { TOLD } else { PATIENCE }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Pairings {
    entries: Vec<Entry>,
    last: u32,
    limit: Limit,
}

impl Pairings {
    /// The person here calls another node.
    pub fn call(
        &mut self,
        node: &str,
        grants: Vec<Grant>,
        now: Moment,
    ) -> Result<u32, PairingError> {
        let outgoing = |entry: &&Entry| !entry.told.incoming && !entry.is_over();
        if self.entries.iter().filter(outgoing).count() >= OUTGOING_MOST {
            return Err(PairingError::TooMany);
        }
        let id = self.begin((node, ""), Opener::Here, now);
        if let Some(entry) = self.open(id) {
            entry.told.grants = grants;
        }
        Ok(id)
    }

    /// Another node calls.
    pub fn called(&mut self, from: SocketAddr, now: Moment) -> Result<u32, PairingError> {
        let incoming = |entry: &Entry| entry.told.incoming && !entry.is_over();
        if self.entries.iter().any(incoming) {
            return Err(PairingError::Busy);
        }
        if !self.limit.admit(from.ip(), now) {
            return Err(PairingError::TooOften);
        }
        Ok(self.begin(("", &from.to_string()), Opener::There, now))
    }

    fn begin(&mut self, (node, address): (&str, &str), opener: Opener, now: Moment) -> u32 {
        self.last = self.last.wrapping_add(1);
        let told = Pairing {
            id: self.last,
            node: node.to_owned(),
            address: address.to_owned(),
            code: String::new(),
            incoming: opener == Opener::There,
            grants: Vec::new(),
            step: PairingStep::Calling,
            detail: None,
        };
        self.entries.push(Entry {
            told,
            key: None,
            called: node.to_owned(),
            theirs: None,
            since: now,
        });
        self.last
    }

    /// Both keys and numbers are known.
    pub fn met(&mut self, id: u32, node: Known, code: String) {
        let Some(entry) = self.open(id) else { return };
        entry.told.node = node.name;
        entry.told.address = node.address;
        entry.told.code = code;
        entry.told.step = PairingStep::Compare;
        entry.key = Some(node.key);
    }

    /// The person here answers.
    pub fn answer(
        &mut self,
        id: u32,
        verdict: Verdict,
        now: Moment,
    ) -> Result<Vec<Action>, PairingError> {
        let entry = self.open(id).ok_or(PairingError::Unknown)?;
        match (verdict, entry.told.step) {
            (Verdict::Refuse, _) => {
                let mut actions = vec![Action::Tell(id, Said::Refuse)];
                actions.extend(self.fail(id, "it was refused here", now));
                Ok(actions)
            }
            (Verdict::Same { grants }, PairingStep::Compare) => {
                if let Some(grants) = grants {
                    entry.told.grants = grants;
                }
                entry.told.step = PairingStep::Waiting;
                let mut actions = vec![Action::Tell(id, Said::Same)];
                actions.extend(self.agree(id, now));
                Ok(actions)
            }
            _ => Err(PairingError::NotNow),
        }
    }

    /// The other side's person answers.
    pub fn said(&mut self, id: u32, said: Said, now: Moment) -> Vec<Action> {
        let Some(entry) = self.open(id) else {
            return Vec::new();
        };
        match (said, entry.key) {
            (Said::Same, Some(_)) => {
                entry.theirs = Some(said);
                self.agree(id, now)
            }
            _ => self.fail(id, "it was refused there", now),
        }
    }

    fn agree(&mut self, id: u32, now: Moment) -> Vec<Action> {
        let Some(entry) = self.open(id) else {
            return Vec::new();
        };
        let both = entry.told.step == PairingStep::Waiting && entry.theirs == Some(Said::Same);
        let Some(key) = entry.key.filter(|_| both) else {
            return Vec::new();
        };
        entry.told.step = PairingStep::Done;
        entry.since = now;
        let node = Known {
            name: entry.told.node.clone(),
            address: entry.told.address.clone(),
            key,
        };
        let grants = entry.told.grants.clone();
        let called = entry.called.clone();
        vec![Action::Keep {
            id,
            node,
            grants,
            called,
        }]
    }

    /// The conversation is over before both have said yes.
    pub fn fail(&mut self, id: u32, why: &str, now: Moment) -> Vec<Action> {
        let Some(entry) = self.open(id) else {
            return Vec::new();
        };
        entry.told.step = PairingStep::Failed;
        entry.told.detail = Some(why.to_owned());
        entry.since = now;
        vec![Action::End(id, why.to_owned())]
    }

    /// Both said yes, and it is called so here from now on.
    pub fn name(&mut self, id: u32, node: &str) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.told.id == id) {
            entry.told.node = node.to_owned();
        }
    }

    /// Both said yes, and it could not be kept.
    pub fn spoil(&mut self, id: u32, why: &str) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.told.id == id) {
            entry.told.step = PairingStep::Failed;
            entry.told.detail = Some(why.to_owned());
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) -> Vec<Action> {
        let late = |entry: &&Entry| !entry.is_over() && now >= entry.deadline();
        let late: Vec<u32> = self
            .entries
            .iter()
            .filter(late)
            .map(|entry| entry.told.id)
            .collect();
        let why = "nobody answered in two minutes";
        let actions = late
            .into_iter()
            .flat_map(|id| self.fail(id, why, now))
            .collect();
        self.entries
            .retain(|entry| !entry.is_over() || now < entry.deadline());
        while self.entries.iter().filter(|entry| entry.is_over()).count() > ENDED_MOST {
            let oldest = self.entries.iter().position(Entry::is_over);
            oldest.map(|at| self.entries.remove(at));
        }
        actions
    }

    /// When time alone changes something.
    pub fn deadline(&self) -> Option<Moment> {
        self.entries.iter().map(Entry::deadline).min()
    }

    /// As they are told.
    pub fn told(&self) -> Vec<Pairing> {
        self.entries
            .iter()
            .map(|entry| entry.told.clone())
            .collect()
    }

    fn open(&mut self, id: u32) -> Option<&mut Entry> {
        self.entries
            .iter_mut()
            .find(|entry| entry.told.id == id && !entry.is_over())
    }
}

/// Whose keys, by who called.
pub fn pair(here: Fingerprint, there: Fingerprint, opener: Opener) -> Pair {
    let (caller, called) = match opener {
        Opener::Here => (here, there),
        Opener::There => (there, here),
    };
    Pair { caller, called }
}

#[cfg(test)]
#[path = "pairing_tests.rs"]
mod tests;
