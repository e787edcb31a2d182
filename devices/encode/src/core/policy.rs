use super::Flow;
use dkvm_wire::vocab::video::{EncodeSettings, EncodeState};
use std::time::Duration;

/// An unchanged picture is sent again so often: whoever came late, or lost one, has a picture then.
const REFRESH: Duration = Duration::from_secs(1);

/// Against the picture that was sent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something moved.
    Changed,
    /// Byte for byte the same.
    Same,
}

/// Where JPEGs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Our encoder.
    Encoder,
    /// The dongle itself.
    Passthrough,
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Encode it (or pass it on) and send it.
    Send,
    /// Send what was sent last once more.
    SendAgain,
    /// Nothing.
    Leave,
}

/// Which frames go out.
#[derive(Debug)]
pub struct Policy {
    settings: EncodeSettings,
    readers: u32,
    sent_at: Option<Duration>,
    flow: Flow,
    source: Source,
    shown: Option<EncodeState>,
}

impl Policy {
    /// Nobody watches yet.
    pub fn new(settings: EncodeSettings) -> Self {
        let mut policy = Self {
            settings,
            readers: 0,
            sent_at: None,
            flow: Flow::default(),
            source: Source::Encoder,
            shown: None,
        };
        policy.set(settings);
        policy
    }

    /// New settings; they show in the very next frame, changed or not.
    pub fn set(&mut self, settings: EncodeSettings) {
        self.flow.limit(settings.max_rate);
        self.settings = settings;
        self.sent_at = None;
    }

    /// The settings in force.
    pub fn settings(&self) -> EncodeSettings {
        self.settings
    }

    /// So many readers now. A change may be a new one: it gets a picture at once.
    pub fn demand(&mut self, readers: u32) {
        self.readers = readers;
        self.sent_at = None;
    }

    /// Whether anybody wants frames.
    pub fn is_wanted(&self) -> bool {
        self.readers > 0
    }

    /// Whether a frame captured at this time may be sent at all.
    pub fn is_due(&mut self, captured: Duration, now: Duration) -> bool {
        self.flow.came(now);
        self.is_wanted() && self.flow.keeps(captured)
    }

    /// What becomes of a frame that is due.
    pub fn judge(&self, change: Change, now: Duration) -> Verdict {
        match (change, self.sent_at) {
            (Change::Changed, _) => Verdict::Send,
            (Change::Same, Some(at)) if now < at + REFRESH => Verdict::Leave,
            (Change::Same, Some(_)) => Verdict::SendAgain,
            // After a change of settings the old JPEG will not do.
            (Change::Same, None) => Verdict::Send,
        }
    }

    /// A frame went out.
    pub fn sent(&mut self, verdict: Verdict, source: Source, now: Duration) {
        self.sent_at = Some(now);
        self.source = source;
        if verdict == Verdict::Send {
            self.flow.went(now);
        }
    }

    /// Whether the last frame is to be let go: no other came for a while, or nobody watches.
    pub fn lets_go(&self, now: Duration) -> bool {
        !self.is_wanted() || self.flow.is_over(now)
    }

    /// When to look again, if at all.
    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        self.flow.deadline(now)
    }

    /// The state, when it is not what was told last.
    pub fn news(&mut self, now: Duration) -> Option<EncodeState> {
        let rate = self.flow.rate(now);
        let state = EncodeState {
            settings: self.settings,
            passthrough: self.source == Source::Passthrough,
            rate,
        };
        let is_new = self.shown != Some(state);
        self.shown = Some(state);
        is_new.then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const SETTINGS: EncodeSettings = EncodeSettings {
        quality: 80,
        max_rate: 0,
    };

    fn watched() -> Policy {
        let mut policy = Policy::new(SETTINGS);
        policy.demand(1);
        policy
    }

    /// Runs frames at 60 Hz for so many milliseconds and counts verdicts: sent, sent again.
    fn run(policy: &mut Policy, change: Change, from: u32, to: u32) -> (usize, usize) {
        let mut counts = (0, 0);
        for at in (from..to).step_by(16).map(|ms| MS * ms) {
            let verdict = if policy.is_due(at, at) {
                policy.judge(change, at)
            } else {
                Verdict::Leave
            };
            match verdict {
                Verdict::Send => counts.0 += 1,
                Verdict::SendAgain => counts.1 += 1,
                Verdict::Leave => continue,
            }
            policy.sent(verdict, Source::Encoder, at);
        }
        counts
    }

    #[test]
    fn nobody_watches_nothing_is_done() {
        assert_eq!(
            run(&mut Policy::new(SETTINGS), Change::Changed, 0, 1000),
            (0, 0)
        );
    }

    #[test]
    fn a_still_picture_is_encoded_once_and_sent_again_each_second() {
        let mut policy = watched();
        assert_eq!(run(&mut policy, Change::Same, 0, 5000), (1, 4));
    }

    #[test]
    fn a_new_viewer_gets_a_still_picture_at_once() {
        let mut policy = watched();
        run(&mut policy, Change::Same, 0, 100);
        policy.demand(2);
        assert_eq!(run(&mut policy, Change::Same, 100, 200), (1, 0));
    }

    #[test]
    fn new_quality_shows_in_a_still_picture() {
        let mut policy = watched();
        run(&mut policy, Change::Same, 0, 100);
        policy.set(EncodeSettings {
            quality: 20,
            max_rate: 0,
        });
        assert_eq!(policy.judge(Change::Same, MS * 100), Verdict::Send);
    }

    #[test]
    fn the_rate_has_its_limit() {
        let mut policy = watched();
        policy.set(EncodeSettings {
            quality: 80,
            max_rate: 10,
        });
        let (sent, _) = run(&mut policy, Change::Changed, 0, 10_000);
        assert!((98..=102).contains(&sent), "{sent}");
    }

    #[test]
    fn the_last_frame_is_let_go_when_no_other_comes() {
        let mut policy = watched();
        run(&mut policy, Change::Changed, 0, 17);
        assert!(!policy.lets_go(MS * 500));
        assert!(policy.lets_go(MS * 1016));
        policy.demand(0);
        assert!(policy.lets_go(MS * 20));
    }

    #[test]
    fn state_is_told_when_it_changes_and_only_then() {
        let mut policy = watched();
        assert!(policy.news(MS).is_some());
        assert_eq!(policy.news(MS * 2), None);
        run(&mut policy, Change::Changed, 16, 1500);
        let state = policy.news(MS * 1500).expect("a rate");
        assert!((60..=64).contains(&state.rate), "{}", state.rate);
        assert_eq!(policy.news(MS * 1501), None);
    }
}
