use dkvm_wire::vocab::video::Signal;
use std::time::Duration;

/// The picture is looked at so often.
const PERIOD: Duration = Duration::from_secs(1);
/// A source that gives no whole frame for so long has no picture, whatever its state says; it may be that nobody captures.
const PATIENCE: Duration = Duration::from_secs(5);

/// What readers of thumbnails were told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Empty,
    Picture,
}

/// What readers are to be told now, besides pictures that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// Nothing.
    Nothing,
    /// The last picture once more: somebody came who has not seen it.
    Again,
    /// That there is no picture.
    Empty,
}

/// What became of a look at a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It shows something new, which was sent.
    Sent,
    /// It shows what was sent before.
    Same,
    /// Nothing could be made of it.
    Failed,
}

/// When frames are looked at for a thumbnail: one a second while somebody wants them. In between nothing is wanted of capture, so
/// that sixty frames a second are not carried here for the one.
#[derive(Debug)]
pub struct Thumbs {
    readers: u32,
    /// Whether somebody came since the last word.
    newcomer: bool,
    signal: Signal,
    due: Duration,
    /// Since when a frame is waited for.
    waits: Option<Duration>,
    shown: Shown,
}

impl Default for Thumbs {
    fn default() -> Self {
        Self {
            readers: 0,
            newcomer: false,
            // Until capture tells otherwise: its frames are as good as its word.
            signal: Signal::Ok,
            due: Duration::ZERO,
            waits: None,
            shown: Shown::Nothing,
        }
    }
}

impl Thumbs {
    /// So many readers now. What the first of them is shown is looked at anew.
    pub fn demand(&mut self, readers: u32, now: Duration) {
        if self.readers == 0 || readers == 0 {
            self.shown = Shown::Nothing;
            self.due = now;
            self.waits = None;
        }
        self.newcomer = readers > 0 && (self.newcomer || readers > self.readers);
        self.readers = readers;
    }

    /// Whether anybody wants thumbnails.
    pub fn is_wanted(&self) -> bool {
        self.readers > 0
    }

    /// What capture says of its source.
    pub fn signal(&mut self, signal: Signal) {
        self.signal = signal;
    }

    /// Whether a frame is wanted now.
    pub fn wants(&mut self, now: Duration) -> bool {
        let wants = self.is_wanted() && now >= self.due;
        if wants && self.waits.is_none() {
            self.waits = Some(now);
        }
        wants
    }

    /// Whether a frame that is here is looked at. One without a signal is from before it went.
    pub fn looks(&self, now: Duration) -> bool {
        self.is_wanted() && now >= self.due && self.signal == Signal::Ok
    }

    /// A frame was looked at.
    pub fn looked(&mut self, look: Look, now: Duration) {
        self.due = now + PERIOD;
        match look {
            Look::Sent => {
                self.shown = Shown::Picture;
                self.newcomer = false;
                self.waits = None;
            }
            Look::Same => self.waits = None,
            // Damaged frames are none: so it is waited on for a whole one.
            Look::Failed => {}
        }
    }

    /// What is to be said now; taken as said.
    pub fn say(&mut self, now: Duration) -> Say {
        let none = self.signal != Signal::Ok || self.gives_up_at().is_some_and(|at| now >= at);
        let say = match (self.shown, none) {
            _ if !self.is_wanted() => Say::Nothing,
            (Shown::Nothing | Shown::Picture, true) => Say::Empty,
            (Shown::Empty, _) if self.newcomer => Say::Empty,
            (Shown::Picture, false) if self.newcomer => Say::Again,
            _ => Say::Nothing,
        };
        if say != Say::Nothing {
            self.newcomer = false;
        }
        if say == Say::Empty {
            self.shown = Shown::Empty;
        }
        say
    }

    /// When to look again, if at all.
    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        let give_up = self.gives_up_at().filter(|_| self.shown != Shown::Empty);
        let ahead = [Some(self.due), give_up].into_iter().flatten();
        ahead.filter(|at| self.is_wanted() && *at > now).min()
    }

    fn gives_up_at(&self) -> Option<Duration> {
        self.waits.map(|since| since + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn watched() -> Thumbs {
        let mut thumbs = Thumbs::default();
        thumbs.demand(1, Duration::ZERO);
        thumbs
    }

    #[test]
    fn a_second_between_looks_and_nothing_wanted_in_between() {
        let mut thumbs = watched();
        assert!(thumbs.wants(Duration::ZERO) && thumbs.looks(Duration::ZERO));
        thumbs.looked(Look::Sent, MS * 20);
        assert!(!thumbs.wants(MS * 500) && !thumbs.looks(MS * 500));
        assert_eq!(thumbs.deadline(MS * 500), Some(MS * 1020));
        assert!(thumbs.wants(MS * 1020));
    }

    #[test]
    fn nobody_there_nothing_wanted_nothing_said() {
        let mut thumbs = Thumbs::default();
        assert!(!thumbs.wants(SECOND) && !thumbs.looks(SECOND));
        thumbs.signal(Signal::None);
        assert_eq!(thumbs.say(SECOND), Say::Nothing);
        assert_eq!(thumbs.deadline(SECOND), None);
    }

    #[test]
    fn who_comes_later_is_shown_the_picture_at_once_and_who_goes_nothing() {
        let mut thumbs = watched();
        thumbs.looked(Look::Sent, Duration::ZERO);
        assert_eq!(thumbs.say(MS), Say::Nothing);
        thumbs.demand(2, MS * 2);
        assert_eq!(thumbs.say(MS * 2), Say::Again);
        assert_eq!(thumbs.say(MS * 3), Say::Nothing);
        thumbs.demand(1, MS * 4);
        assert_eq!(thumbs.say(MS * 4), Say::Nothing);
    }

    #[test]
    fn the_first_who_comes_again_is_shown_no_old_picture() {
        let mut thumbs = watched();
        thumbs.looked(Look::Sent, Duration::ZERO);
        thumbs.demand(0, MS);
        thumbs.demand(1, MS * 2);
        assert_eq!(thumbs.say(MS * 2), Say::Nothing);
        assert!(thumbs.wants(MS * 2), "a look at once");
    }

    #[test]
    fn a_signal_that_goes_is_told_once_and_to_each_who_comes() {
        let mut thumbs = watched();
        thumbs.looked(Look::Sent, Duration::ZERO);
        thumbs.signal(Signal::None);
        assert_eq!(thumbs.say(MS), Say::Empty);
        assert_eq!(thumbs.say(SECOND * 2), Say::Nothing);
        assert!(!thumbs.looks(SECOND * 2), "a late frame is from before");
        thumbs.demand(2, SECOND * 3);
        assert_eq!(thumbs.say(SECOND * 3), Say::Empty);
        thumbs.signal(Signal::Ok);
        assert!(thumbs.looks(SECOND * 3));
        assert_eq!(thumbs.say(SECOND * 3), Say::Nothing);
    }

    #[test]
    fn a_source_that_gives_nothing_has_no_picture() {
        let mut thumbs = watched();
        assert!(thumbs.wants(Duration::ZERO));
        assert_eq!(thumbs.say(SECOND * 4), Say::Nothing);
        assert_eq!(thumbs.deadline(SECOND), Some(PATIENCE));
        thumbs.looked(Look::Failed, SECOND * 4);
        assert_eq!(thumbs.say(PATIENCE), Say::Empty);
        assert_eq!(thumbs.say(PATIENCE * 2), Say::Nothing);
        thumbs.looked(Look::Sent, PATIENCE * 3);
        assert_eq!(thumbs.say(PATIENCE * 3), Say::Nothing);
        assert!(thumbs.wants(PATIENCE * 4));
        assert_eq!(thumbs.say(PATIENCE * 5), Say::Empty);
    }

    #[test]
    fn a_still_picture_is_no_source_that_gives_nothing() {
        let mut thumbs = watched();
        thumbs.looked(Look::Sent, Duration::ZERO);
        for second in 1..20 {
            assert!(thumbs.wants(SECOND * second));
            thumbs.looked(Look::Same, SECOND * second);
            assert_eq!(thumbs.say(SECOND * second), Say::Nothing);
        }
    }
}
