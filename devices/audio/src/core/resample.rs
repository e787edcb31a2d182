//! From one rate to another: `rubato`, the one that is kept and changes its ratio while it runs.

use super::{drift::MOST, Rate};
use rubato::{
    audioadapter_buffers::direct::InterleavedSlice, Async, FixedAsync, Resampler as _,
    SincInterpolationParameters, SincInterpolationType, WindowFunction,
};
use thiserror::Error;

/// Taps of the filter: 20 kHz pass at 48 kHz, and a Zero 2 W has the time.
const TAPS: usize = 128;

/// It cannot be had, or does not work.
#[derive(Debug, Error)]
#[error("resampling failed: {0}")]
pub struct ResampleError(String);

/// A resampler that gives a fixed number of frames each time.
pub struct Resampler {
    inner: Async<f32>,
    channels: usize,
    frames: usize,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Resampler {
    /// Gives `frames` at `to` each time.
    pub fn new(
        from: Rate,
        to: Rate,
        channels: usize,
        frames: usize,
    ) -> Result<Self, ResampleError> {
        let parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2)
            .oversampling_factor(256)
            .interpolation(SincInterpolationType::Linear);
        let ratio = f64::from(to.0) / f64::from(from.0);
        let inner = Async::new_sinc(
            ratio,
            1.0 + 2.0 * MOST,
            &parameters,
            frames,
            channels,
            FixedAsync::Output,
        )
        .map_err(|error| ResampleError(error.to_string()))?;
        Ok(Self {
            inner,
            channels,
            frames,
            input: Vec::new(),
            output: vec![0.0; frames * channels],
        })
    }

    /// How many frames it takes the next time.
    pub fn needs(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// Takes by this factor more than its rates say.
    pub fn hurry(&mut self, factor: f64) -> Result<(), ResampleError> {
        let Some(adjustable) = self.inner.as_adjustable() else {
            return Ok(());
        };
        let done = adjustable.set_resample_ratio_relative(1.0 / factor, true);
        done.map_err(|error| ResampleError(error.to_string()))
    }

    /// Exactly [`Self::needs`] frames in, interleaved; appends the fixed number.
    pub fn run(
        &mut self,
        input: impl Iterator<Item = i16>,
        output: &mut Vec<i16>,
    ) -> Result<(), ResampleError> {
        self.input.clear();
        self.input
            .extend(input.map(|sample| f32::from(sample) / SCALE));
        let failed = |error: String| ResampleError(error);
        let frames = self.input.len() / self.channels;
        let input = InterleavedSlice::new(&self.input, self.channels, frames)
            .map_err(|error| failed(error.to_string()))?;
        let mut into = InterleavedSlice::new_mut(&mut self.output, self.channels, self.frames)
            .map_err(|error| failed(error.to_string()))?;
        let (_, given) = self
            .inner
            .process_into_buffer(&input, &mut into, None)
            .map_err(|error| failed(error.to_string()))?;
        output.extend(
            self.output
                .iter()
                .take(given * self.channels)
                .map(|sample| quantized(*sample)),
        );
        Ok(())
    }
}

/// What 1.0 is.
const SCALE: f32 = 32768.0;

/// Saturates: a filter swings over by a little.
#[allow(clippy::cast_possible_truncation)] // saturates
fn quantized(sample: f32) -> i16 {
    (sample * SCALE).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sine through it, at 44.1 kHz or with a clock that is off: what comes out, without the beginning.
    fn through(from: Rate, factor: f64, seconds: usize) -> Vec<i16> {
        let mut resampler = Resampler::new(from, Rate::WIRE, 1, 960).unwrap();
        let mut output = Vec::new();
        let mut at = 0u32;
        resampler.hurry(factor).unwrap();
        while output.len() < seconds * 48_000 {
            let input: Vec<i16> = (0..resampler.needs())
                .map(|_| {
                    let phase = f64::from(at) * 1000.0 / f64::from(from.0);
                    at += 1;
                    (phase.fract() * std::f64::consts::TAU).sin() * 16_000.0
                })
                .map(|sample| sample as i16)
                .collect();
            resampler.run(input.into_iter(), &mut output).unwrap();
        }
        output.split_off(4800)
    }

    /// A sine of one frequency fulfils s[n+1] + s[n-1] = 2 cos(w) s[n]; where it jumps it does not.
    fn worst_jump(samples: &[i16], hertz: f64) -> f64 {
        let twice = 2.0 * (std::f64::consts::TAU * hertz / 48_000.0).cos();
        let fault = |three: &[i16]| {
            (f64::from(three[0]) + f64::from(three[2]) - twice * f64::from(three[1])).abs()
        };
        samples.windows(3).map(fault).fold(0.0, f64::max)
    }

    #[test]
    fn a_sine_stays_a_sine() {
        assert!(worst_jump(&through(Rate(44_100), 1.0, 2), 1000.0) < 8.0);
        assert!(worst_jump(&through(Rate(48_000), 1.0002, 2), 1000.2) < 8.0);
        assert!(worst_jump(&through(Rate(48_000), 1.0 - MOST, 2), 995.0) < 8.0);
    }

    #[test]
    fn what_is_too_loud_is_cut_and_does_not_turn_over() {
        assert_eq!((quantized(1.5), quantized(-1.5)), (i16::MAX, i16::MIN));
    }
}
