//! Time for decisions.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A moment on `CLOCK_BOOTTIME`, ms: the same for every life of this device until the machine boots again, and not moved
/// when the node learns the time of day. What is leased until then is leased until then for the next life too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// So much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(wait))
    }

    /// How long it is until `later`; nothing when it has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}
