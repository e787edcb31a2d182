//! One function's endpoint: whether the target takes reports, and what it saw last.

use super::{focus::LEASE, motion::Delta};
use crate::reports::{Form, Function, Kind, Report};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::Link;
use std::time::Duration;

/// A report not taken for so long means that the target does not poll. 10 ms dropped keys elsewhere (jetkvm#1598).
pub const STALL: Duration = Duration::from_millis(100);
/// How long steps wait for a target that has configured the function and does not poll: it is busy (firmware, a loaded machine), and
/// what is typed ahead is meant for it.
pub const TYPE_AHEAD: Duration = Duration::from_secs(3);
/// How often a function that is not configured is tried again. Its device wakes us when it is; this is for drivers that forget to.
pub const RETRY_DOWN: Duration = Duration::from_millis(100);
/// How often a device file that is not there, or not ours yet, is tried again.
pub const RETRY_OPEN: Duration = Duration::from_millis(50);

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No device file; opened again at this time.
    Absent(Time),
    /// Open, but the target has not configured it; tried again at this time.
    Down(Time),
    /// Takes a report.
    Ready,
    /// Has one that the target has not taken, since then.
    Busy(Time),
    /// Has had one for longer than [`STALL`].
    Stalled,
}

/// What can be done with an endpoint now, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A report can be written.
    Now,
    /// Soon.
    Wait,
    /// Not until something happens at the target.
    Out,
}

/// What the target saw last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It was configured anew: a neutral report comes first.
    Nothing,
    /// What an earlier life of this device wrote: the state as it is comes first.
    Unknown,
    /// This, with its motion taken out.
    Face(Report),
}

/// What a report carries besides the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Nothing.
    Face,
    /// The step of this number.
    Step(u32),
    /// Motion before the step of this number.
    Lead(u32, Delta),
    /// Motion.
    Motion(Delta),
    /// One way of the jiggler, of which so many were left.
    Sway(u8),
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// Where it stands.
    pub phase: Phase,
    /// What the target saw last, by kind of report.
    shown: [Shown; Kind::ALL.len()],
    /// What it saw before the report that was just written, and of which kind that is.
    before: (Kind, Shown),
    /// What that report carries.
    load: Option<Load>,
    /// When a report was taken last.
    pub taken: Time,
}

impl Endpoint {
    /// Before anything is open.
    pub fn new(shown: Shown) -> Self {
        Self {
            phase: Phase::Absent(Time::default()),
            shown: [shown; Kind::ALL.len()],
            before: (Kind::Keyboard, shown),
            load: None,
            taken: Time::default(),
        }
    }

    /// What can be done.
    pub fn usage(&self) -> Use {
        match self.phase {
            Phase::Ready => Use::Now,
            Phase::Busy(_) => Use::Wait,
            Phase::Absent(_) | Phase::Down(_) | Phase::Stalled => Use::Out,
        }
    }

    /// How long steps wait for it, where it takes none. For a target that is not there they are history after the lease.
    pub fn patience(&self) -> Option<Duration> {
        match self.phase {
            Phase::Ready | Phase::Busy(_) => None,
            Phase::Stalled => Some(TYPE_AHEAD),
            Phase::Absent(_) | Phase::Down(_) => Some(LEASE),
        }
    }

    /// What the target saw last of a kind of report.
    pub fn shown(&self, kind: Kind) -> Shown {
        self.shown[kind.index()]
    }

    /// The kind whose first report may be tried: the target may be there.
    pub fn may_sync(&self, function: Function, form: Form, now: Time) -> Option<Kind> {
        let tried = match self.phase {
            Phase::Ready => true,
            Phase::Down(retry) => retry <= now,
            _ => false,
        };
        let mut kinds = form.kinds(function).filter(|_| tried);
        kinds.find(|kind| !matches!(self.shown(*kind), Shown::Face(_)))
    }

    /// A report is being written.
    pub fn wrote(&mut self, face: Report, load: Load, now: Time) {
        self.before = (face.kind(), self.shown(face.kind()));
        self.shown[face.kind().index()] = Shown::Face(face);
        self.load = Some(load);
        self.phase = Phase::Busy(now);
    }

    /// Linux did not take the report because the last one is still there. Returns what it carried.
    pub fn refused(&mut self, now: Time) -> Option<Load> {
        let (kind, shown) = self.before;
        self.shown[kind.index()] = shown;
        self.phase = Phase::Busy(now);
        self.load.take()
    }

    /// The endpoint takes reports. Returns what the last one carried.
    pub fn ready(&mut self, now: Time) -> Option<Load> {
        self.taken = now;
        if !matches!(self.phase, Phase::Absent(_)) {
            self.phase = Phase::Ready;
        }
        self.load.take()
    }

    /// The target has not configured the function, or does so anew. Returns what was under way.
    pub fn down(&mut self, now: Time) -> Option<Load> {
        self.forget();
        self.phase = Phase::Down(now.after(RETRY_DOWN));
        self.load.take()
    }

    /// The device file is gone. Returns what was under way.
    pub fn absent(&mut self, retry: Time) -> Option<Load> {
        let shown = self.shown;
        let load = self.down(retry);
        // What an earlier life showed is still unknown when nothing was ever written.
        if shown.iter().all(|shown| *shown == Shown::Unknown) {
            self.shown = shown;
        }
        self.phase = Phase::Absent(retry);
        load
    }

    /// Whatever it was shown, it has forgotten.
    pub fn forget(&mut self) {
        self.shown = [Shown::Nothing; Kind::ALL.len()];
    }

    /// Whether the device file is to be opened now; then it is not asked again for a while.
    pub fn is_due(&mut self, now: Time) -> bool {
        let due = matches!(self.phase, Phase::Absent(retry) if retry <= now);
        if due {
            self.phase = Phase::Absent(now.after(RETRY_OPEN));
        }
        due
    }

    /// The device file is open: try at once.
    pub fn opened(&mut self, now: Time) {
        self.phase = Phase::Down(now);
    }

    /// A report that waits too long makes a stall.
    pub fn age(&mut self, now: Time) {
        if let Phase::Busy(since) = self.phase {
            if now.since(since) >= STALL {
                self.phase = Phase::Stalled;
            }
        }
    }

    /// When to look again.
    pub fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Absent(retry) | Phase::Down(retry) => Some(retry),
            Phase::Busy(since) => Some(since.after(STALL)),
            Phase::Ready | Phase::Stalled => None,
        }
    }

    /// As the vocabulary names it.
    pub fn link(&self) -> Link {
        match self.phase {
            Phase::Absent(_) => Link::Absent,
            Phase::Down(_) => Link::NotConfigured,
            Phase::Ready | Phase::Busy(_) => Link::Ok,
            Phase::Stalled => Link::Stalled,
        }
    }
}
