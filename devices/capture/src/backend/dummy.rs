//! A synthetic source: works without hardware, for tests, benches and a first look at dKVM.

mod paint;

use super::{Captured, Keep, LeftOut, Next, Woken};
use crate::{
    config::{Config, Picture},
    core::{FourCc, Kind, Offer, Plan, Rate, Running, Size, Source},
};
use dkvm_sdk::{monotonic, FramePool};
use dkvm_wire::vocab::video::Colors;
use paint::Painting;
use std::{future, time::Duration};
use tokio::time::{sleep_until, Instant};

const SIZES: [(u32, u32); 4] = [(1920, 1080), (1280, 720), (800, 600), (640, 480)];
const RATES: [Rate; 3] = [Rate(60_000), Rate(30_000), Rate(10_000)];

/// Paints frames by the clock.
pub struct Dummy {
    picture: Picture,
    painting: Option<Painting>,
    interval: Duration,
    due: Option<Instant>,
    sequence: u32,
}

impl Dummy {
    /// Always there.
    pub fn open(config: &Config) -> (Self, Source) {
        let dummy = Self {
            picture: config.picture,
            painting: None,
            interval: Duration::ZERO,
            due: None,
            sequence: 0,
        };
        let offer = |format| {
            SIZES.map(|(width, height)| Offer {
                format,
                size: Size { width, height },
                rates: RATES.to_vec(),
            })
        };
        let source = Source {
            card: "dummy".to_owned(),
            kind: Kind::Camera,
            formats: FourCc::RAW.to_vec(),
            offers: FourCc::RAW.into_iter().flat_map(offer).collect(),
        };
        (dummy, source)
    }

    /// Makes the picture.
    pub fn prepare(&mut self, plan: &Plan) -> Running {
        let painting = Painting::new(plan.format, plan.size);
        let (stride, frame_len) = (painting.stride(), painting.len());
        self.painting = Some(painting);
        let rate = if plan.rate == Rate::ANY {
            RATES[0]
        } else {
            plan.rate
        };
        self.interval = Duration::from_secs(1000) / rate.0;
        Running {
            format: plan.format,
            size: plan.size,
            rate,
            stride,
            frame_len,
            colors: Colors::Bt601Limited,
        }
    }

    /// Starts the clock.
    pub fn begin(&mut self) {
        self.sequence = 0;
        self.due = Some(Instant::now());
    }

    /// Stops it.
    pub fn stop(&mut self) {
        self.due = None;
    }

    /// Waits for the next frame's time.
    pub async fn wake(&mut self) -> Woken {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => future::pending().await,
        }
        Woken::Frames
    }

    /// The next frame, when it is due.
    pub fn next(&mut self, pool: &FramePool, keep: Keep<'_>) -> Next {
        let (Some(due), Some(painting)) = (self.due, &mut self.painting) else {
            return Next::Nothing;
        };
        let now = Instant::now();
        if now < due {
            return Next::Nothing;
        }
        // Frames that were missed are not painted later.
        self.due = Some((due + self.interval).max(now));
        self.sequence = self.sequence.wrapping_add(1);
        let at = monotonic();
        if !keep(at) {
            return Next::LeftOut(LeftOut::Pace);
        }
        let Some(mut slot) = pool.take() else {
            return Next::LeftOut(LeftOut::NoSlot);
        };
        let step = if self.picture == Picture::Moving {
            self.sequence
        } else {
            0
        };
        match painting.paint(slot.bytes_mut(), step) {
            Some(length) => Next::Frame(Captured {
                slot,
                length,
                sequence: self.sequence,
                at,
            }),
            None => Next::LeftOut(LeftOut::Broken),
        }
    }
}
