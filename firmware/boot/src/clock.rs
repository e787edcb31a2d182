//! A Pi has no clock that runs while it is off, so it starts in 1970, where no certificate is valid yet. The time of the
//! image's own files is the least that it can be; the network device sets the right one, where a server tells it.

use rustix::time::{clock_settime, ClockId, Timespec};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The build gives all files of the image one time.
const FILE: &str = "/etc/dkvm/release";

/// Sets the clock to the image's time, if it is before that. A failure costs nothing but times in the log.
pub fn set_floor() {
    let built = fs::metadata(FILE).and_then(|meta| meta.modified()).ok();
    if let Some(floor) = built.and_then(|built| floor(SystemTime::now(), built)) {
        let time = Timespec {
            tv_sec: i64::try_from(floor.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: 0,
        };
        let _ = clock_settime(ClockId::Realtime, time);
    }
}

/// What to set the clock to, if it must be set.
fn floor(now: SystemTime, built: SystemTime) -> Option<Duration> {
    let built = built.duration_since(UNIX_EPOCH).ok()?;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    (now < built).then_some(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_before_the_image_is_set() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(floor(at(5), at(100)), Some(Duration::from_secs(100)));
        assert_eq!(floor(at(100), at(100)), None);
        assert_eq!(floor(at(101), at(100)), None);
        assert_eq!(
            floor(UNIX_EPOCH - Duration::from_secs(1), at(100)),
            Some(Duration::from_secs(100))
        );
    }
}
