//! What goes on between this machine and the target that is worked, and with those that were left just now.

use super::{channel::Channel, hands::Owner, targets::worker, types::Action, typing::Typing, Core};
use dkvm_sdk::Time;
use dkvm_wire::vocab::{
    desk::TakenBy,
    input::{HidState, InputAck},
};
use std::time::Duration;

/// So long a target that was left is told that nothing is held, where it does not acknowledge it.
const FAREWELL: Duration = Duration::from_secs(1);
/// Longer than who works a target is called, characters: what another node tells goes on to everybody.
const LONGEST_BY: usize = 128;
/// How often an epoch that somebody else had taken already is followed by a higher one.
const TRIES: u8 = 3;

/// Whether the target has granted the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has not answered; asked so often.
    Asked(u8),
    /// It has.
    Granted,
}

/// A target that is worked.
#[derive(Debug)]
pub struct Session {
    /// Whose.
    pub node: String,
    /// Under which epoch.
    pub epoch: u32,
    /// Whether it agreed.
    pub standing: Standing,
    /// Since when it cannot be reached.
    pub away: Option<Time>,
    /// Since when no key and no edge leads back from it.
    pub stranded: Option<Time>,
    /// What its keys are there.
    pub typing: Typing,
}

/// A target that was left.
#[derive(Debug)]
pub struct Farewell {
    /// Whose.
    pub node: String,
    /// Under which epoch it was worked.
    pub epoch: u32,
    /// When it is given up.
    pub until: Time,
}

/// Epochs wrap.
pub fn is_newer(epoch: u32, than: u32) -> bool {
    let ahead = epoch.wrapping_sub(than);
    ahead != 0 && ahead <= u32::MAX / 2
}

impl Core {
    pub(super) fn channel(&mut self, node: &str) -> &mut Channel {
        self.channels.entry(node.to_owned()).or_default()
    }

    pub(super) fn on_hid(&mut self, node: &str, mut state: HidState, now: Time) {
        if let Some((end, _)) = state.by.char_indices().nth(LONGEST_BY) {
            state.by.truncate(end);
        }
        let (epoch, holder, by) = (state.focus, state.holder, state.by.clone());
        let was_away = self.targets.hid_of(node).is_none();
        self.targets.hid(node, state);
        self.name_taker(node, &by, holder);
        self.farewells
            .retain(|one| one.node != node || holder == self.holder || !is_newer(epoch, one.epoch));
        let ours = self.session.as_ref().filter(|one| one.node == node);
        let Some(current) = ours.map(|one| one.epoch) else {
            return;
        };
        let another = holder != self.holder && holder != 0;
        if holder == self.holder && epoch == current {
            self.granted();
        }
        if another && (is_newer(epoch, current) || epoch == current) {
            self.contested(epoch, &by, now);
        } else if another || was_away {
            // It forgot who has it, or may have: told again.
            self.channel(node).speak();
        }
    }

    pub(super) fn on_ack(&mut self, node: &str, ack: &InputAck, now: Time) {
        if ack.holder != self.holder {
            return;
        }
        self.channel(node).heard(ack.seq, ack.steps, now);
        self.farewells
            .retain(|one| one.node != node || !is_newer(ack.focus, one.epoch));
        let Some(session) = self.session.as_mut().filter(|one| one.node == node) else {
            return;
        };
        if is_newer(ack.focus, session.epoch) {
            self.contested(ack.focus, "", now);
        } else if ack.focus == session.epoch {
            session.standing = Standing::Granted;
        }
    }

    fn granted(&mut self) {
        if let Some(session) = &mut self.session {
            session.standing = Standing::Granted;
        }
    }

    /// Somebody else has the focus, by an epoch as high as ours or higher.
    fn contested(&mut self, epoch: u32, by: &str, now: Time) {
        let ours = [self.holder, self.former];
        let Some(session) = self.session.as_mut() else {
            return;
        };
        let node = session.node.clone();
        match session.standing {
            // What was known of it when it was taken was old.
            Standing::Asked(tries)
                if tries < TRIES && self.targets.busy(&node, &ours).is_none() =>
            {
                session.epoch = epoch.wrapping_add(1);
                session.standing = Standing::Asked(tries + 1);
                self.channel(&node).speak();
            }
            _ => self.lose(node, by, now),
        }
    }

    fn lose(&mut self, node: String, by: &str, now: Time) {
        let lost = self.channel(&node).give_up();
        let by = match by {
            "" => self
                .targets
                .hid_of(&node)
                .filter(|hid| hid.holder != self.holder)
                .map_or("", |hid| &hid.by)
                .to_owned(),
            by => by.to_owned(),
        };
        self.notice = Some(taken_sentence(&node, &by, lost));
        self.taken = Some(TakenBy { node, by });
        self.go_here(now);
    }

    /// Who took it is known a little later than that somebody did.
    fn name_taker(&mut self, node: &str, by: &str, holder: u64) {
        let ours = self.holder;
        let taken = self.taken.as_mut();
        if let Some(taken) = taken.filter(|one| one.node == node && one.by.is_empty()) {
            if holder != ours && !by.is_empty() {
                taken.by = by.to_owned();
                self.notice = Some(taken_sentence(node, by, 0));
            }
        }
    }

    /// Input is here again, whatever the target says of it: all that it holds is released there.
    pub(super) fn give_back(&mut self, why: Option<String>, now: Time) {
        let Some((node, epoch)) = self
            .session
            .as_ref()
            .map(|one| (one.node.clone(), one.epoch))
        else {
            return;
        };
        self.part(node, epoch, now);
        self.notice = why;
        self.go_here(now);
    }

    /// Says to a target that nothing is held any more, and says so again until it knows.
    pub(super) fn part(&mut self, node: String, epoch: u32, now: Time) {
        let who = (self.holder, epoch);
        let channel = self.channel(&node);
        channel.release();
        channel.speak();
        if let Some(state) = channel.news(who, now) {
            self.out.push(Action::Send(node.clone(), state));
        }
        self.farewells.push(Farewell {
            node,
            epoch,
            until: now.after(FAREWELL),
        });
    }

    fn go_here(&mut self, now: Time) {
        self.session = None;
        self.steal = None;
        self.here.rest();
        self.moves = self.moves.wrapping_add(1);
        self.hands.give(Owner::Machine, now);
    }

    pub(super) fn expire(&mut self, now: Time) {
        self.farewells.retain(|farewell| {
            let Some(channel) = self.channels.get_mut(&farewell.node) else {
                return false;
            };
            let over = channel.is_told() || farewell.until <= now;
            if over {
                channel.give_up();
            }
            !over
        });
        self.miss(now);
    }

    /// Gives back what cannot be reached any more, or where nothing leads back from.
    fn miss(&mut self, now: Time) {
        let patience = self.config.patience();
        let Some(node) = self.node().map(str::to_owned) else {
            return;
        };
        if !self.targets.is_paired(&node) {
            return self.give_back(
                Some(format!("{node} is gone: keyboard and mouse are here again")),
                now,
            );
        }
        let (unfit, missing) = (self.targets.unfit(&node), self.missing(&node));
        let silent = self.channels.get(&node).and_then(Channel::silent_since);
        let Some(session) = self.session.as_mut() else {
            return;
        };
        session.away = unfit.as_ref().map(|_| session.away.unwrap_or(now));
        session.stranded = missing.as_ref().map(|_| session.stranded.unwrap_or(now));
        let late = |since: Option<Time>| since.is_some_and(|since| now.since(since) >= patience);
        let why = match missing {
            _ if late(session.away) || late(silent) => {
                unfit.unwrap_or_else(|| format!("{node} does not answer"))
            }
            Some(keys) if late(session.stranded) => self.stranded(&node, &keys),
            _ => return,
        };
        self.give_back(
            Some(format!("{why}; keyboard and mouse are here again")),
            now,
        );
    }

    /// Says what is new now: what follows is not to be in the same message.
    pub(super) fn flush(&mut self, node: &str, now: Time) {
        let Some(epoch) = self.session.as_ref().map(|one| one.epoch) else {
            return;
        };
        let who = (self.holder, epoch);
        let channel = self.channel(node);
        if channel.has_new_steps() {
            let state = channel.news(who, now);
            self.out
                .extend(state.map(|state| Action::Send(node.to_owned(), state)));
        }
    }

    /// Says what is new, and again what was not heard.
    pub(super) fn talk(&mut self, now: Time) {
        let session = self.session.iter().map(|one| (one.node.clone(), one.epoch));
        let leaving = self
            .farewells
            .iter()
            .map(|one| (one.node.clone(), one.epoch));
        let all: Vec<(String, u32)> = session.chain(leaving).collect();
        for (node, epoch) in all {
            let who = (self.holder, epoch);
            let channel = self.channel(&node);
            let state = channel.news(who, now).or_else(|| channel.again(who, now));
            self.out
                .extend(state.map(|state| Action::Send(node, state)));
        }
    }
}

fn taken_sentence(node: &str, by: &str, lost: usize) -> String {
    let who = worker(by);
    let lost = match lost {
        0 => String::new(),
        1 => "; one step that it had not taken is lost".to_owned(),
        lost => format!("; {lost} steps that it had not taken are lost"),
    };
    format!("{node} was taken by {who}{lost}: keyboard and mouse are here again")
}
