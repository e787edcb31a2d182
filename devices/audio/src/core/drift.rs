//! How much faster or slower than it says a clock runs, found from how much waits.
//!
//! Two clocks that both claim 48 kHz differ by some 100 ppm. What the one gives more than the other takes waits, and more and more
//! of it. A proportional-integral controller on what waits, smoothed over seconds since it comes and goes in
//! pieces, sets by how much more is taken: slow enough that no ear hears it, fast enough that nothing runs empty.

/// What waits is smoothed over so many seconds: a hundred pieces.
const SMOOTH_S: f64 = 2.0;
/// What is too much is gone in so many seconds.
const PROPORTIONAL_S: f64 = 20.0;
/// A difference that stays is learnt in so many seconds. With the above the answer to a step does not swing.
const INTEGRAL_S: f64 = 100.0;
/// Most that is learnt from: what a burst of the network brought is gone by the proportional part, and says nothing of the clocks.
/// It is what 6 ms too much want.
const MOST_LEARNT_FROM: f64 = 0.0003;
/// Most that is corrected. Crystals are within 100 ppm, and 5000 ppm are a twelfth of a semitone.
pub const MOST: f64 = 0.005;

/// The controller.
#[derive(Debug, Clone, Copy)]
pub struct Drift {
    rate: f64,
    target: f64,
    smooth: Option<f64>,
    learnt: f64,
}

impl Drift {
    /// For so many frames a second, and so many that should wait.
    pub fn new(rate: f64, target: f64) -> Self {
        Self {
            rate,
            target,
            smooth: None,
            learnt: 0.0,
        }
    }

    /// Begins again with what is known of the clocks.
    pub fn restart(&mut self) {
        self.smooth = None;
    }

    /// By which factor more is to be taken than given, when `waiting` wait and `seconds` have passed.
    pub fn update(&mut self, waiting: f64, seconds: f64) -> f64 {
        let before = self.smooth.unwrap_or(waiting);
        let smooth = before + (waiting - before) * (seconds / SMOOTH_S).min(1.0);
        self.smooth = Some(smooth);
        let wanted = (smooth - self.target) / (PROPORTIONAL_S * self.rate);
        let lesson = wanted.clamp(-MOST_LEARNT_FROM, MOST_LEARNT_FROM);
        self.learnt = (self.learnt + lesson * seconds / INTEGRAL_S).clamp(-MOST, MOST);
        1.0 + (wanted + self.learnt).clamp(-MOST, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: f64 = 48_000.0;
    const TARGET: f64 = 3840.0;
    const PIECE: f64 = 960.0;
    const TAKEN: f64 = 480.0;
    const HOUR: f64 = 3600.0;

    /// An hour of pieces that come by one clock, each up to 15 ms late, and are taken by another: what waited at least and most,
    /// after a minute, and whether it was ever empty.
    fn hour(ppm: f64, mut late: impl FnMut(u64) -> f64) -> (f64, f64, bool) {
        let mut drift = Drift::new(RATE, TARGET);
        let piece_s = PIECE / (RATE * (1.0 + ppm * 1e-6));
        let (mut waiting, mut pieces, mut takes) = (TARGET, 0u64, 0u64);
        let (mut least, mut most, mut empty) = (f64::MAX, f64::MIN, false);
        let mut due = late(0);
        loop {
            let now = takes as f64 * TAKEN / RATE;
            if now > HOUR {
                return (least, most, empty);
            }
            while due <= now {
                waiting += PIECE;
                pieces += 1;
                due = pieces as f64 * piece_s + late(pieces);
            }
            waiting -= TAKEN * drift.update(waiting, TAKEN / RATE);
            empty |= waiting < 0.0;
            if now > 60.0 {
                least = least.min(waiting);
                most = most.max(waiting);
            }
            takes += 1;
        }
    }

    /// Up to 15 ms, always the same ones.
    fn uneven(piece: u64) -> f64 {
        (piece.wrapping_mul(2_654_435_761) >> 16 & 0xff) as f64 / 256.0 * 0.015
    }

    #[test]
    fn an_hour_at_200_ppm_has_no_gap_either_way() {
        for ppm in [200.0, -200.0, 0.0] {
            let (least, most, empty) = hour(ppm, uneven);
            assert!(
                !empty && least > 1000.0 && most < 2.0 * TARGET,
                "{ppm} ppm: {least} to {most}"
            );
        }
    }

    #[test]
    fn a_bad_clock_is_followed_too() {
        let (least, _, empty) = hour(-1500.0, uneven);
        assert!(!empty && least > 0.0, "{least}");
    }

    proptest! {
        #[test]
        fn the_correction_is_bounded(waits in proptest::collection::vec(-1e9..1e9f64, 1..100)) {
            let mut drift = Drift::new(RATE, TARGET);
            for waiting in waits {
                let factor = drift.update(waiting, 0.01);
                prop_assert!((factor - 1.0).abs() <= MOST + 1e-12);
            }
        }
    }
}
