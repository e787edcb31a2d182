//! How much of something comes in a time: a flood is told from a busy hand.

use super::Moment;

/// So many at once, and so many a second.
#[derive(Debug)]
pub struct Bucket {
    burst: f64,
    a_second: f64,
    left: f64,
    at: Moment,
}

impl Bucket {
    /// Full.
    pub fn new(burst: u32, a_second: u32) -> Self {
        Self {
            burst: burst.into(),
            a_second: a_second.into(),
            left: burst.into(),
            at: Moment::ZERO,
        }
    }

    /// Whether there is room for one more.
    pub fn take(&mut self, now: Moment) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.left = (self.left + passed * self.a_second).min(self.burst);
        let there_is = self.left >= 1.0;
        if there_is {
            self.left -= 1.0;
        }
        there_is
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let mut bucket = Bucket::new(3, 10);
        let now = Duration::from_secs(5);
        assert_eq!(
            [(); 5].map(|()| bucket.take(now)),
            [true, true, true, false, false]
        );
        assert!(bucket.take(now + Duration::from_millis(100)));
        assert!(!bucket.take(now + Duration::from_millis(100)));
        assert!(!bucket.take(now), "time that goes back fills nothing");
        let later = now + Duration::from_secs(60);
        assert_eq!(
            [(); 5].map(|()| bucket.take(later)),
            [true, true, true, false, false]
        );
    }
}
