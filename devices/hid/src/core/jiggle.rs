//! The jiggler: moves the mouse to and fro while nobody does, so that the target does not lock its screen.

use super::{endpoint::Use, Bus, Core};
use crate::reports::Function;
use dkvm_sdk::Time;
use std::time::Duration;

/// Ways of one turn: to and fro.
const WAYS: u8 = 2;
/// Between them. Desktops move the pointer further the faster the mouse moves: fro right after to would be further than to, and
/// the pointer would wander off.
const PAUSE: Duration = Duration::from_millis(500);

/// The jiggler.
#[derive(Debug, Clone, Copy)]
pub struct Jiggle {
    every: u32,
    /// When there was input last, or a turn of its own.
    since: Time,
    /// Ways still to go.
    left: u8,
}

impl Jiggle {
    /// Off.
    pub fn new(now: Time) -> Self {
        Self {
            every: 0,
            since: now,
            left: 0,
        }
    }

    /// After so many seconds; 0 for never.
    pub fn every(&self) -> u32 {
        self.every
    }

    /// Another time. A turn that has begun is ended: the mouse goes back to where it was.
    pub fn set(&mut self, every: u32, now: Time) {
        self.every = every;
        self.since = now;
    }

    /// Somebody is there.
    pub fn rest(&mut self, now: Time) {
        self.since = now;
    }

    fn due(&self) -> Option<Time> {
        let span = Duration::from_secs(self.every.into());
        (self.every > 0).then(|| self.since.after(span))
    }

    /// The next way, right positive, and how many were left before it.
    pub fn way(&mut self, now: Time) -> Option<(i8, u8)> {
        let left = self.left;
        let (rest, _) = left
            .checked_sub(1)
            .zip(self.ready().filter(|at| *at <= now))?;
        self.left = rest;
        self.since = now;
        Some((if left == WAYS { 1 } else { -1 }, left))
    }

    /// When the next way of a turn that has begun is gone.
    fn ready(&self) -> Option<Time> {
        match self.left {
            0 => None,
            WAYS => Some(self.since),
            _ => Some(self.since.after(PAUSE)),
        }
    }

    /// A way that was not gone.
    pub fn back(&mut self, left: u8) {
        self.left = left;
    }
}

impl Core {
    /// When the mouse is to move by itself: never while the target sleeps, or does not take the mouse.
    pub(super) fn jiggle_due(&self) -> Option<Time> {
        let mouse = &self.endpoints[Function::Relative.index()];
        let can = self.bus == Bus::Awake && mouse.usage() == Use::Now;
        let due = self.jiggle.ready().or_else(|| self.jiggle.due());
        due.filter(|_| can)
    }

    pub(super) fn start_jiggle(&mut self, now: Time) {
        if self.jiggle.left == 0 && self.jiggle_due().is_some_and(|due| due <= now) {
            self.jiggle.left = WAYS;
            self.jiggle.since = now;
        }
    }
}
