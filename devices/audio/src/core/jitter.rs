//! What waits between a page's microphone and the target: comes in pieces by the one's clock, goes in blocks by the other's.

use super::{
    drift::Drift,
    resample::{ResampleError, Resampler},
    Rate,
};
use std::collections::VecDeque;

/// Frames of a block towards the target: 10 ms.
pub const BLOCK: usize = 480;
/// So many times what should wait may wait; more is thrown away: after a break the network brings all at once, and nobody wants to hear
/// it late. What is less is played a little faster until it is gone.
const MOST_TIMES: usize = 3;

/// Whether a block was sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// It was.
    Sound,
    /// Silence: not enough has come yet.
    Waits,
    /// Silence: there was sound, and it ran out.
    Starved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Until enough waits.
    Fills,
    Plays,
}

/// The buffer.
pub struct Jitter {
    queue: VecDeque<i16>,
    rate: Rate,
    channels: usize,
    wanted: usize,
    stage: Stage,
    drift: Drift,
    resampler: Resampler,
}

impl Jitter {
    /// Towards a card at `rate` with so many channels; `beyond` frames of it wait in the card, and `wait_ms` here.
    pub fn new(
        rate: Rate,
        channels: usize,
        wait_ms: u32,
        beyond: usize,
    ) -> Result<Self, ResampleError> {
        let wanted = Rate::WIRE.frames(wait_ms);
        let wire = f64::from(Rate::WIRE.0);
        let beyond = at_wire(beyond, rate);
        Ok(Self {
            queue: VecDeque::new(),
            rate,
            channels,
            wanted,
            stage: Stage::Fills,
            drift: Drift::new(wire, wanted as f64 + beyond),
            resampler: Resampler::new(Rate::WIRE, rate, channels, BLOCK)?,
        })
    }

    /// What came; gives how many frames were thrown away.
    pub fn push(&mut self, samples: impl Iterator<Item = i16>) -> usize {
        self.queue.extend(samples);
        if self.waits() <= self.wanted * MOST_TIMES {
            return 0;
        }
        let excess = self.waits() - self.wanted;
        self.queue.drain(..excess * self.channels);
        self.drift.restart();
        excess
    }

    /// Frames that wait.
    fn waits(&self) -> usize {
        self.queue.len() / self.channels.max(1)
    }

    /// The next block, appended; `beyond` frames wait in the card.
    pub fn pull(&mut self, beyond: usize, output: &mut Vec<i16>) -> Result<Block, ResampleError> {
        if self.stage == Stage::Fills {
            if self.waits() < self.wanted {
                output.resize(output.len() + BLOCK * self.channels, 0);
                return Ok(Block::Waits);
            }
            self.stage = Stage::Plays;
            self.drift.restart();
        }
        let waiting = self.waits() as f64 + at_wire(beyond, self.rate);
        let seconds = BLOCK as f64 / f64::from(self.rate.0);
        let factor = self.drift.update(waiting, seconds);
        self.resampler.hurry(factor)?;
        let needs = self.resampler.needs();
        if self.waits() < needs {
            self.stage = Stage::Fills;
            output.resize(output.len() + BLOCK * self.channels, 0);
            return Ok(Block::Starved);
        }
        let taken = needs * self.channels;
        self.resampler.run(self.queue.drain(..taken), output)?;
        Ok(Block::Sound)
    }
}

fn at_wire(frames: usize, rate: Rate) -> f64 {
    frames as f64 * f64::from(Rate::WIRE.0) / f64::from(rate.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: usize = 960;

    fn piece(from: usize) -> impl Iterator<Item = i16> {
        (from..from + PIECE)
            .map(|at| ((at as f64 / 48.0 * std::f64::consts::TAU).sin() * 16_000.0) as i16)
    }

    /// What a target heard.
    #[derive(Default)]
    struct Heard {
        /// From the first sound on.
        samples: Vec<i16>,
        /// How often there was none.
        starved: usize,
        /// Frames that were thrown away.
        thrown: usize,
        /// Most that waited.
        most: usize,
    }

    /// Two minutes of a page whose clock is off, at a target that records at `rate`.
    fn heard(rate: Rate, ppm: f64) -> Heard {
        let mut jitter = Jitter::new(rate, 1, 80, 0).unwrap();
        let (mut heard, mut came) = (Heard::default(), 0usize);
        for block in 0..12_000usize {
            let now = (block * BLOCK) as f64 / f64::from(rate.0);
            while (came as f64) <= now * 48_000.0 * (1.0 + ppm * 1e-6) {
                heard.thrown += jitter.push(piece(came));
                came += PIECE;
            }
            heard.most = heard.most.max(jitter.queue.len());
            let before = heard.samples.len();
            match jitter.pull(0, &mut heard.samples).unwrap() {
                Block::Sound => {}
                Block::Waits => heard.samples.truncate(before),
                Block::Starved => heard.starved += 1,
            }
        }
        heard
    }

    /// The largest step of a sine of 1 kHz with that amplitude is some 2100 at 48 kHz, 2300 at 44.1; a missing sample makes a larger one
    /// or breaks the rhythm of its zeros.
    fn periods(samples: &[i16]) -> (usize, usize) {
        let rises: Vec<_> = samples
            .windows(2)
            .enumerate()
            .filter(|(_, two)| two[0] < 0 && two[1] >= 0)
            .map(|(at, _)| at)
            .collect();
        let lengths = rises.windows(2).map(|two| two[1] - two[0]);
        (
            lengths.clone().min().unwrap_or(0),
            lengths.max().unwrap_or(0),
        )
    }

    /// In two minutes 2000 ppm are 240 ms, three times what waits: without the correction it starves, or thrice as much waits.
    #[test]
    fn a_clock_that_is_off_costs_no_sample() {
        for (rate, shortest, longest) in [(48_000, 47, 49), (44_100, 43, 45)] {
            for ppm in [2000.0, -2000.0] {
                let heard = heard(Rate(rate), ppm);
                assert_eq!((heard.starved, heard.thrown), (0, 0), "{rate}: {ppm} ppm");
                assert!(heard.most < 8000, "{rate}: {ppm} ppm: {}", heard.most);
                let (least, most) = periods(&heard.samples[4800..]);
                assert!(
                    least >= shortest && most <= longest,
                    "{rate}: {ppm} ppm: {least} to {most}"
                );
            }
        }
    }

    #[test]
    fn it_waits_for_enough_and_says_when_it_ran_out() {
        let mut jitter = Jitter::new(Rate(48_000), 1, 40, 0).unwrap();
        let mut output = Vec::new();
        jitter.push(piece(0));
        assert_eq!(jitter.pull(0, &mut output).unwrap(), Block::Waits);
        jitter.push(piece(PIECE));
        let blocks: Vec<_> = (0..5)
            .map(|_| jitter.pull(0, &mut output).unwrap())
            .collect();
        assert_eq!(blocks[0], Block::Sound);
        assert_eq!(
            blocks
                .iter()
                .filter(|block| **block == Block::Starved)
                .count(),
            1
        );
        assert_eq!(blocks[4], Block::Waits);
        assert_eq!(output.len(), 6 * BLOCK);
    }

    #[test]
    fn left_and_right_stay_where_they_are() {
        let mut jitter = Jitter::new(Rate(44_100), 2, 40, 0).unwrap();
        let mut output = Vec::new();
        for _ in 0..50 {
            jitter.push([8000, -8000].into_iter().cycle().take(2 * PIECE));
            jitter.pull(0, &mut output).unwrap();
        }
        assert_eq!(output.len(), 50 * 2 * BLOCK);
        let settled = output[20 * BLOCK..].as_chunks::<2>().0;
        let is_right = |[left, right]: &[i16; 2]| *left > 7900 && *right < -7900;
        assert!(settled.iter().all(is_right));
    }

    /// Three minutes in which the network stands still once, for 300 ms, and then brings all at once: how often it starved, and most
    /// that waited in the last minute.
    fn after_a_stop(wait_ms: u32, ppm: f64) -> (usize, usize) {
        let mut jitter = Jitter::new(Rate::WIRE, 1, wait_ms, 0).unwrap();
        let (mut starved, mut came, mut most) = (0, 0usize, 0);
        let mut output = Vec::new();
        for block in 0..18_000usize {
            let stands = (1000..1030).contains(&block);
            while !stands && came as f64 <= (block * BLOCK) as f64 * (1.0 + ppm * 1e-6) {
                jitter.push(std::iter::repeat_n(0, PIECE));
                came += PIECE;
            }
            output.clear();
            starved += usize::from(jitter.pull(0, &mut output).unwrap() == Block::Starved);
            if block > 12_000 {
                most = most.max(jitter.waits());
            }
        }
        (starved, most)
    }

    /// What waited beyond measure meanwhile says nothing of the clocks.
    #[test]
    fn a_stop_of_the_network_costs_one_gap_and_no_time_afterwards() {
        for (wait_ms, ppm) in [(30, -100.0), (80, 100.0)] {
            let (starved, most) = after_a_stop(wait_ms, ppm);
            let limit = Rate::WIRE.frames(wait_ms) + PIECE + BLOCK;
            assert!(
                starved <= 1 && most <= limit,
                "{wait_ms} ms, {ppm} ppm: starved {starved} times, {most} of {limit}"
            );
        }
    }

    #[test]
    fn what_comes_late_all_at_once_is_not_heard_late() {
        let mut jitter = Jitter::new(Rate(48_000), 1, 80, 0).unwrap();
        for at in 0..100 {
            jitter.push(piece(at * PIECE));
        }
        assert!(jitter.queue.len() <= jitter.wanted * MOST_TIMES);
    }
}
