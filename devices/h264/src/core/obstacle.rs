//! Why there is no H.264: who watches takes JPEG then, and is told.

use dkvm_encode::frame::MJPG;
use dkvm_wire::vocab::video::{Signal, VideoMode, VideoState};
use std::time::Duration;

/// Who makes nothing for so long gives up. Before, it may be over with the next frame.
const TRIES: Duration = Duration::from_secs(2);
/// But not before so many failures: each frame is tried coarser than the one before.
const TRIES_LEAST: u32 = 5;

/// What of a source decides on whether it can be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    signal: Signal,
    mode: VideoMode,
    format: String,
    card: String,
}

impl Source {
    fn of(state: &VideoState) -> Self {
        Self {
            signal: state.signal,
            mode: state.mode,
            format: state.format.clone(),
            card: state.source.clone(),
        }
    }

    fn obstacle(&self) -> Option<String> {
        let is_jpeg = self.signal == Signal::Ok && self.format == MJPG;
        is_jpeg.then(|| {
            "the source compresses by itself: its own JPEGs are passed on, which costs nothing"
                .to_owned()
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Failing {
    since: Duration,
    times: u32,
}

/// What is in the way, if anything.
#[derive(Debug, Default)]
pub struct Obstacle {
    source: Option<Source>,
    failing: Option<Failing>,
    why: Option<String>,
}

impl Obstacle {
    /// What capture says of its source. With another one, or another mode of it, what failed is tried again: not before, for who
    /// watches would see nothing each time.
    pub fn source(&mut self, state: &VideoState) {
        let source = Source::of(state);
        if self.source.as_ref() != Some(&source) {
            (self.why, self.failing) = (source.obstacle(), None);
            self.source = Some(source);
        }
    }

    /// A frame that was to be sent was not, through no fault of a reader.
    pub fn failed(&mut self, why: &str, now: Duration) {
        let failing = self.failing.get_or_insert(Failing {
            since: now,
            times: 0,
        });
        failing.times += 1;
        if failing.times >= TRIES_LEAST && now >= failing.since + TRIES {
            self.why = Some(format!("{why}; there is JPEG instead"));
        }
    }

    /// A frame was made.
    pub fn made(&mut self) {
        self.failing = None;
    }

    /// A sentence for people.
    pub fn why(&self) -> Option<&String> {
        self.why.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_testkit::samples;

    const SECOND: Duration = Duration::from_secs(1);

    fn state(width: u32, rate: u32) -> VideoState {
        let mut state = samples::video_state();
        (state.mode.width, state.mode.height) = (width, 20);
        VideoState { rate, ..state }
    }

    /// Fails once a second until then.
    fn fail(obstacle: &mut Obstacle, seconds: u32) {
        (0..=seconds).for_each(|second| obstacle.failed("too wide", SECOND * second));
    }

    #[test]
    fn who_makes_nothing_for_a_while_gives_up_and_says_why() {
        let mut obstacle = Obstacle::default();
        for times in 0..120 {
            assert_eq!(obstacle.why(), None);
            obstacle.failed("too wide", SECOND * times / 60);
        }
        obstacle.failed("too wide", SECOND * 2);
        assert!(obstacle.why().is_some_and(|why| why.contains("too wide")));
    }

    #[test]
    fn at_few_frames_a_second_enough_are_tried() {
        let mut obstacle = Obstacle::default();
        fail(&mut obstacle, 3);
        assert_eq!(obstacle.why(), None);
        obstacle.failed("too wide", SECOND * 4);
        assert!(obstacle.why().is_some());
    }

    #[test]
    fn one_that_is_made_in_between_ends_it() {
        let mut obstacle = Obstacle::default();
        fail(&mut obstacle, 3);
        obstacle.made();
        fail(&mut obstacle, 3);
        assert_eq!(obstacle.why(), None);
    }

    /// Capture tells its rate each second.
    #[test]
    fn another_mode_is_tried_and_the_same_is_not() {
        let mut obstacle = Obstacle::default();
        obstacle.source(&state(4000, 0));
        fail(&mut obstacle, 5);
        obstacle.source(&state(4000, 60));
        assert!(obstacle.why().is_some());
        obstacle.source(&state(1920, 60));
        assert_eq!(obstacle.why(), None);
        fail(&mut obstacle, 3);
        assert_eq!(obstacle.why(), None, "counted anew");
    }
}
