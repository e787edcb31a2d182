//! Where pictures come from: one file per kind of source, all with the same few calls.

pub mod dummy;
pub mod v4l2;

use crate::{
    config::{BackendKind, Config},
    core::{Plan, Running, SignalReport, Source, StartFault},
};
use dkvm_sdk::{FramePool, Slot};
use dummy::Dummy;
use std::time::Duration;
use thiserror::Error;
use v4l2::V4l2;

/// An open source of pictures.
pub enum Backend {
    /// Video4Linux.
    V4l2(V4l2),
    /// Synthetic.
    Dummy(Dummy),
}

/// A frame in a slot, ready to be published.
pub struct Captured {
    /// Where it is.
    pub slot: Slot,
    /// Its bytes.
    pub length: usize,
    /// The driver's count, which wraps and begins anew with each stream.
    pub sequence: u32,
    /// `CLOCK_MONOTONIC`.
    pub at: Duration,
}

/// What there was to take.
pub enum Next {
    /// A frame.
    Frame(Captured),
    /// A frame that was not taken.
    LeftOut(LeftOut),
    /// Nothing now.
    Nothing,
}

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// A lower rate was asked for.
    Pace,
    /// Readers hold all slots.
    NoSlot,
    /// The driver says that its data is damaged.
    Broken,
}

/// What goes wrong while capturing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The device left (`ENODEV`).
    #[error("the capture device is gone")]
    Gone,
    /// The stream broke, for this reason.
    #[error("{0}")]
    Broke(String),
}

/// What woke the device's loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Frames may be there.
    Frames,
    /// The source changed; frames may be there too.
    SourceChanged,
}

/// Whether the frame captured at this time is wanted.
pub type Keep<'a> = &'a mut dyn FnMut(Duration) -> bool;

impl Backend {
    /// Finds and opens the configured source. The error is a sentence for people.
    pub fn open(config: &Config) -> Result<(Self, Source), String> {
        match config.backend {
            BackendKind::V4l2 => {
                V4l2::open(config).map(|(v4l2, source)| (Self::V4l2(v4l2), source))
            }
            BackendKind::Dummy => {
                let (dummy, source) = Dummy::open(config);
                Ok((Self::Dummy(dummy), source))
            }
        }
    }

    /// Looks at the signal.
    pub fn signal(&mut self) -> Result<SignalReport, Fault> {
        match self {
            Self::V4l2(v4l2) => v4l2.signal(),
            Self::Dummy(_) => Ok(SignalReport::ok(None)),
        }
    }

    /// Sets the source up for a plan, without starting; tells what will really come.
    pub fn prepare(&mut self, plan: &Plan) -> Result<Running, StartFault> {
        match self {
            Self::V4l2(v4l2) => v4l2.prepare(plan),
            Self::Dummy(dummy) => Ok(dummy.prepare(plan)),
        }
    }

    /// Starts the stream into a pool with so many slots.
    pub fn begin(&mut self, pool: &FramePool, slots: u32) -> Result<(), StartFault> {
        match self {
            Self::V4l2(v4l2) => v4l2.begin(pool, slots),
            Self::Dummy(dummy) => {
                dummy.begin();
                Ok(())
            }
        }
    }

    /// Stops the stream: afterwards nothing writes into the pool.
    pub fn stop(&mut self) {
        match self {
            Self::V4l2(v4l2) => v4l2.stop(),
            Self::Dummy(dummy) => dummy.stop(),
        }
    }

    /// Waits until there may be something to do. Cancel-safe.
    pub async fn wake(&mut self) -> Woken {
        match self {
            Self::V4l2(v4l2) => v4l2.wake().await,
            Self::Dummy(dummy) => dummy.wake().await,
        }
    }

    /// Takes the next frame without waiting.
    pub fn next(&mut self, pool: &FramePool, keep: Keep<'_>) -> Result<Next, Fault> {
        match self {
            Self::V4l2(v4l2) => v4l2.next(pool, keep),
            Self::Dummy(dummy) => Ok(dummy.next(pool, keep)),
        }
    }
}

/// `CLOCK_MONOTONIC` now, the clock of frames.
pub fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let (seconds, nanos) = (
        u64::try_from(now.tv_sec).unwrap_or(0),
        u64::try_from(now.tv_nsec).unwrap_or(0),
    );
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}
