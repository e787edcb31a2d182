use dkvm_sdk::{Pace, RateMeter};
use std::time::Duration;

/// Without a new frame for so long the last is let go: capture may want its slot back, and holding it over 2 s is a fault.
const LET_GO: Duration = Duration::from_secs(1);

/// Frames as they come and as they go: at most so many a second, and how many it were.
#[derive(Debug, Default)]
pub struct Flow {
    pace: Option<Pace>,
    came_at: Option<Duration>,
    meter: RateMeter,
}

impl Flow {
    /// At most so many frames a second go out; 0 for as many as come.
    pub fn limit(&mut self, max_rate: u32) {
        self.pace = (max_rate > 0).then(|| Pace::at_millihertz(max_rate.saturating_mul(1000)));
    }

    /// A frame came.
    pub fn came(&mut self, now: Duration) {
        self.came_at = Some(now);
    }

    /// Whether one captured at this time is among those that may go out.
    pub fn keeps(&mut self, captured: Duration) -> bool {
        self.pace.as_mut().is_none_or(|pace| pace.keep(captured))
    }

    /// One went out.
    pub fn went(&mut self, now: Duration) {
        self.meter.count(now);
    }

    /// How many went out in the last whole second.
    pub fn rate(&mut self, now: Duration) -> u32 {
        self.meter.rate(now)
    }

    /// Whether no frame came for so long that the last is to be let go.
    pub fn is_over(&self, now: Duration) -> bool {
        self.came_at.is_none_or(|at| now >= at + LET_GO)
    }

    /// When to look again, if at all.
    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        let over = self.came_at.map(|at| at + LET_GO);
        let ahead = [over, self.meter.ends()].into_iter().flatten();
        ahead.filter(|at| *at > now).min()
    }
}
