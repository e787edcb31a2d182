//! Linux's sound cards, by ALSA. Everything is non-blocking but the waits, which have an end.

use super::{Capture, Card, Heard, Playback, Room, SoundError};
use crate::{
    core::{jitter::BLOCK, Rate},
    shared::Place,
};
use alsa::{
    ctl::{Ctl, ElemId, ElemIface, ElemType, ElemValue},
    pcm::{Access, Format, Frames, HwParams, PCM},
    Direction, Error, ValueOr,
};
use std::{ffi::CStr, time::Duration};

/// Milliseconds of a period of what is heard: a piece of `audio.speaker`, which is then whole when the thread wakes.
const PIECE_MS: u32 = 20;
/// The shortest of what is said.
const LEAST_PERIOD_MS: u32 = 10;
/// The longest that the gadget's card takes (u_audio.c, `PRD_SIZE_MAX`), with one channel.
const MOST_PERIOD_MS: u32 = 40;
/// Of what should wait for the target, a period is at most so small a part: then it is filled up in time.
const PERIODS_WAITING: usize = 8;
/// Periods in a card's buffer: as many as the gadget's takes (u_audio.c, `BUFF_SIZE_MAX`). They cost no latency, and save what a
/// machine with much to do is late for.
const PERIODS: Frames = 16;
/// The control that tells at which rate the target plays: 0 when it does not (u_audio.c).
const PLAYS: &CStr = c"Capture Rate";
/// The one that tells at which rate it records.
const RECORDS: &CStr = c"Playback Rate";

/// A card, and its controls.
pub struct AlsaCard {
    name: String,
    /// None of what is no card.
    control: Option<Ctl>,
}

impl AlsaCard {
    /// Opens its controls.
    pub fn open(place: &Place) -> Result<Self, SoundError> {
        let name = match place {
            Place::Gadget(name) => name.clone(),
            Place::Card(id) => format!("hw:CARD={id}"),
            Place::Pcm(name) => {
                let (name, control) = (name.clone(), None);
                return Ok(Self { name, control });
            }
        };
        let control = Ctl::new(&name, true).map_err(|source| SoundError::Open {
            card: place.name().to_owned(),
            source,
        })?;
        let control = Some(control);
        Ok(Self { name, control })
    }

    fn failed(&self) -> impl Fn(Error) -> SoundError {
        failed(&self.name)
    }

    fn rate(&self, control: &CStr) -> Result<Rate, SoundError> {
        let Some(card) = &self.control else {
            return Ok(Rate::WIRE);
        };
        let read = || {
            let mut id = ElemId::new(ElemIface::PCM);
            id.set_name(control);
            let mut value = ElemValue::new(ElemType::Integer)?;
            value.set_id(&id);
            card.elem_read(&mut value)?;
            Ok(value.get_integer(0).unwrap_or_default())
        };
        let rate = read().map_err(self.failed())?;
        Ok(Rate(u32::try_from(rate).unwrap_or_default()))
    }

    fn other_form(&self, rate: Rate, channels: usize) -> SoundError {
        SoundError::Form {
            card: self.name.clone(),
            rate: rate.0,
            channels,
        }
    }

    fn pcm(&self, direction: Direction) -> Result<PCM, SoundError> {
        PCM::new(&self.name, direction, true).map_err(|source| SoundError::Open {
            card: self.name.clone(),
            source,
        })
    }
}

fn failed(card: &str) -> impl Fn(Error) -> SoundError {
    let card = card.to_owned();
    move |source| SoundError::Work {
        card: card.clone(),
        source,
    }
}

impl Card for AlsaCard {
    fn plays(&mut self) -> Result<Rate, SoundError> {
        self.rate(PLAYS)
    }

    fn records(&mut self) -> Result<Rate, SoundError> {
        self.rate(RECORDS)
    }

    fn capture(&mut self, rate: Rate) -> Result<(Box<dyn Capture>, Rate), SoundError> {
        let pcm = self.pcm(Direction::Capture)?;
        let (rate, channels) = set_up(&pcm, rate, 2, PIECE_MS).map_err(self.failed())?;
        pcm.start().map_err(self.failed())?;
        let capture = AlsaCapture {
            card: self.name.clone(),
            pcm,
            channels,
        };
        Ok((Box::new(capture), rate))
    }

    fn playback(
        &mut self,
        rate: Rate,
        channels: usize,
        waiting: usize,
    ) -> Result<Box<dyn Playback>, SoundError> {
        let pcm = self.pcm(Direction::Playback)?;
        let wait_ms = waiting * 1000 / (rate.0.max(1) as usize * PERIODS_WAITING);
        let period_ms = u32::try_from(wait_ms).unwrap_or(MOST_PERIOD_MS);
        let period_ms = period_ms.clamp(LEAST_PERIOD_MS, MOST_PERIOD_MS);
        let wanted = u32::try_from(channels).unwrap_or(u32::MAX);
        let got = set_up(&pcm, rate, wanted, period_ms).map_err(self.failed())?;
        // A gadget's card has the form that the target chose, and no other.
        if self.control.is_none() && got != (rate, wanted) {
            return Err(self.other_form(rate, channels));
        }
        let (buffer, period) = pcm.get_params().map_err(self.failed())?;
        let buffer = usize::try_from(buffer).unwrap_or(waiting);
        let waiting = waiting.min(buffer);
        let wake = wake(buffer, waiting, usize::try_from(period).unwrap_or(0));
        let set = || {
            let parameters = pcm.sw_params_current()?;
            parameters.set_avail_min(frames(wake))?;
            // It is started once as much waits as should.
            parameters.set_start_threshold(frames(buffer * 2))?;
            pcm.sw_params(&parameters)
        };
        set().map_err(self.failed())?;
        Ok(Box::new(AlsaPlayback {
            card: self.name.clone(),
            pcm,
            buffer,
            waiting,
        }))
    }
}

/// How much of a buffer is free when the thread wakes: a period of what should wait, and never less than the block that is said at a time,
/// for which it would look again and again.
fn wake(buffer: usize, waiting: usize, period: usize) -> usize {
    buffer - waiting + period.max(BLOCK)
}

fn frames(count: usize) -> Frames {
    Frames::try_from(count).unwrap_or(Frames::MAX)
}

/// 16 bits, that rate and as many channels, or the nearest.
fn set_up(pcm: &PCM, rate: Rate, channels: u32, period_ms: u32) -> Result<(Rate, u32), Error> {
    let parameters = HwParams::any(pcm)?;
    parameters.set_access(Access::RWInterleaved)?;
    parameters.set_format(Format::S16LE)?;
    let channels = parameters.set_channels_near(channels)?;
    let rate = Rate(parameters.set_rate_near(rate.0, ValueOr::Nearest)?);
    let period =
        parameters.set_period_size_near(frames(rate.frames(period_ms)), ValueOr::Nearest)?;
    parameters.set_buffer_size_near(period * PERIODS)?;
    pcm.hw_params(&parameters)?;
    Ok((rate, channels))
}

struct AlsaCapture {
    card: String,
    pcm: PCM,
    channels: u32,
}

impl Capture for AlsaCapture {
    fn hear(&mut self, patience: Duration) -> Result<Heard, SoundError> {
        match self.read(patience) {
            Ok(frames) if frames.is_empty() => Ok(Heard::Nothing),
            Ok(frames) => Ok(Heard::Frames(self.as_stereo(frames))),
            Err(error) if error.errno() == libc::EPIPE => {
                let again = self.pcm.prepare().and_then(|()| self.pcm.start());
                again.map_err(failed(&self.card))?;
                Ok(Heard::Lost)
            }
            Err(error) => Err(failed(&self.card)(error)),
        }
    }
}

impl AlsaCapture {
    fn read(&self, patience: Duration) -> Result<Vec<i16>, Error> {
        self.pcm.wait(Some(milliseconds(patience)))?;
        let ready = usize::try_from(self.pcm.avail()?).unwrap_or_default();
        let mut samples = vec![0; ready * self.channels as usize];
        let read = match self.pcm.io_i16()?.readi(&mut samples) {
            Err(error) if error.errno() == libc::EAGAIN => 0,
            read => read?,
        };
        samples.truncate(read * self.channels as usize);
        Ok(samples)
    }

    /// One channel is on both sides; of more than two the first two are taken.
    fn as_stereo(&self, samples: Vec<i16>) -> Vec<i16> {
        let both = |frame: &[i16]| [frame[0], frame[frame.len().min(2) - 1]];
        match self.channels {
            2 => samples,
            channels => samples
                .chunks_exact(channels as usize)
                .flat_map(both)
                .collect(),
        }
    }
}

struct AlsaPlayback {
    card: String,
    pcm: PCM,
    buffer: usize,
    waiting: usize,
}

impl Playback for AlsaPlayback {
    fn room(&mut self, patience: Duration) -> Result<Room, SoundError> {
        let look = || -> Result<Frames, Error> {
            self.pcm.wait(Some(milliseconds(patience)))?;
            self.pcm.avail()
        };
        match look() {
            Ok(free) => {
                let waiting = self
                    .buffer
                    .saturating_sub(usize::try_from(free).unwrap_or_default());
                Ok(Room {
                    free: self.waiting.saturating_sub(waiting),
                    waiting,
                    ran_out: 0,
                })
            }
            Err(error) if error.errno() == libc::EPIPE => {
                self.pcm.prepare().map_err(failed(&self.card))?;
                Ok(Room {
                    free: self.waiting,
                    waiting: 0,
                    ran_out: 1,
                })
            }
            Err(error) => Err(failed(&self.card)(error)),
        }
    }

    fn say(&mut self, samples: &[i16]) -> Result<(), SoundError> {
        let write = || -> Result<(), Error> {
            if !samples.is_empty() {
                self.pcm.io_i16()?.writei(samples)?;
            }
            if self.pcm.state() == alsa::pcm::State::Prepared {
                self.pcm.start()?;
            }
            Ok(())
        };
        match write() {
            // It ran out meanwhile, which the next look for room finds.
            Err(error) if error.errno() != libc::EPIPE => Err(failed(&self.card)(error)),
            _ => Ok(()),
        }
    }
}

fn milliseconds(patience: Duration) -> u32 {
    u32::try_from(patience.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_wakes_for_a_whole_block_at_each_rate() {
        for rate in [Rate(44_100), Rate(48_000), Rate(96_000)] {
            let period = rate.frames(LEAST_PERIOD_MS);
            let (buffer, waiting) = (16 * period, 4 * BLOCK);
            let free = wake(buffer, waiting, period) - (buffer - waiting);
            assert!(free >= BLOCK && free >= period, "{rate:?}: {free}");
        }
    }
}
