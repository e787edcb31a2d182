//! Where pictures come from: one file per kind of source, all with the same few calls.

pub mod dummy;
#[cfg(feature = "nokhwa")]
pub mod nokhwa;
pub mod v4l2;

use crate::{
    config::{BackendKind, Config},
    core::{Plan, Running, SignalReport, Source, StartFault},
};
use dkvm_sdk::{FramePool, Slot};
use dummy::Dummy;
#[cfg(feature = "nokhwa")]
use nokhwa::Nokhwa;
use std::{fmt::Display, path::Path, time::Duration};
use thiserror::Error;
use v4l2::V4l2;

/// Linux' number for a device that was unplugged.
const ENODEV: i32 = 19;
/// The node is in use.
const EBUSY: i32 = 16;

/// An open source of pictures.
pub enum Backend {
    /// Video4Linux.
    V4l2(V4l2),
    /// A camera of a person's own machine.
    #[cfg(feature = "nokhwa")]
    Nokhwa(Nokhwa),
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
            #[cfg(feature = "nokhwa")]
            BackendKind::Nokhwa => {
                Nokhwa::open(config).map(|(camera, source)| (Self::Nokhwa(camera), source))
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
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa(camera) => camera.signal(),
            Self::Dummy(_) => Ok(SignalReport::ok(None)),
        }
    }

    /// Sets the source up for a plan, without starting; tells what will really come.
    pub fn prepare(&mut self, plan: &Plan) -> Result<Running, StartFault> {
        match self {
            Self::V4l2(v4l2) => v4l2.prepare(plan),
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa(camera) => camera.prepare(plan),
            Self::Dummy(dummy) => Ok(dummy.prepare(plan)),
        }
    }

    /// Starts the stream into a pool with so many slots.
    pub fn begin(&mut self, pool: &FramePool, slots: u32) -> Result<(), StartFault> {
        match self {
            Self::V4l2(v4l2) => v4l2.begin(pool, slots),
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa(camera) => camera.begin(),
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
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa(camera) => camera.stop(),
            Self::Dummy(dummy) => dummy.stop(),
        }
    }

    /// Waits until there may be something to do. Cancel-safe.
    pub async fn wake(&mut self) -> Woken {
        match self {
            Self::V4l2(v4l2) => v4l2.wake().await,
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa(camera) => camera.wake().await,
            Self::Dummy(dummy) => dummy.wake().await,
        }
    }

    /// Takes the next frame without waiting.
    pub fn next(&mut self, pool: &FramePool, keep: Keep<'_>) -> Result<Next, Fault> {
        match self {
            Self::V4l2(v4l2) => v4l2.next(pool, keep),
            #[cfg(feature = "nokhwa")]
            Self::Nokhwa(camera) => camera.next(pool, keep),
            Self::Dummy(dummy) => Ok(dummy.next(pool, keep)),
        }
    }
}

/// Why a node does not do what it has to for a start, by Linux's number for it.
fn start_fault(path: &Path, act: &str, code: Option<i32>, error: &dyn Display) -> StartFault {
    let path = path.display();
    match code {
        Some(ENODEV) => StartFault::Gone,
        Some(EBUSY) => StartFault::Failed(format!(
            "{path} does not {act}, since another program uses it: end that program"
        )),
        _ => StartFault::Failed(format!("{path} does not {act}: {error}")),
    }
}
