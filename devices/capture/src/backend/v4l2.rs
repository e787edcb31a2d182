//! Video4Linux: HDMI receivers (DV timings) and what behaves like a camera (USB dongles).

mod buffers;
pub(super) mod find;
mod ioctl;
mod offers;
mod signal;
mod stream;

use super::{start_fault, Fault, Keep, Next, Woken, ENODEV};
use crate::{
    config::Config,
    core::{Kind, Plan, Running, SignalReport, Source, StartFault},
};
use dkvm_sdk::FramePool;
use ioctl::{Descriptor, Timings};
use std::{future, io, path::PathBuf, sync::Arc};
use stream::{Memory, Stream};
use tokio::io::{unix::AsyncFd, Interest};
use v4l::Device;

/// A frame of more bytes is a driver's nonsense; 8K in 24 bits has less.
const FRAME_LEN_MAX: usize = 256 << 20;

/// Who polls an idle node for reading starts Linux' read() emulation (videobuf2's `vb2_core_poll`), which takes all
/// buffers and makes every later change of format or timings fail with `EBUSY`.
const IDLE: Interest = Interest::PRIORITY;
/// Errors too: a driver that gives up (a USB device that was pulled out) tells it by nothing else.
const STREAMING: Interest = IDLE.add(Interest::READABLE).add(Interest::ERROR);

/// An open node.
pub struct V4l2 {
    device: Arc<Device>,
    path: PathBuf,
    kind: Kind,
    events: Option<AsyncFd<Descriptor>>,
    seen: Option<Timings>,
    stream: Option<Stream>,
    memory: Memory,
}

impl V4l2 {
    /// Finds, opens and asks the node that the configuration means. The error is a sentence for people.
    pub fn open(config: &Config) -> Result<(Self, Source), String> {
        let found = find::find(config)?;
        let device = Arc::new(found.device);
        let source = offers::ask(&device, found.card, found.kind);
        if found.kind == Kind::Receiver {
            // Without events the signal is polled all the same.
            let _ = ioctl::subscribe_source_change(&device);
        }
        let mut v4l2 = Self {
            device,
            path: found.path,
            kind: found.kind,
            events: None,
            seen: None,
            stream: None,
            memory: Memory::Unknown,
        };
        v4l2.watch(IDLE)
            .map_err(|error| format!("{} cannot be waited for: {error}", v4l2.path.display()))?;
        Ok((v4l2, source))
    }

    /// Which node it is.
    #[cfg(feature = "nokhwa")]
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Waits for something else from now on. The old registration goes first: a node can be registered once.
    fn watch(&mut self, interest: Interest) -> io::Result<()> {
        self.events = None;
        self.events = Some(ioctl::watch(self.device.clone(), interest)?);
        Ok(())
    }

    /// Looks at the signal.
    pub fn signal(&mut self) -> Result<SignalReport, Fault> {
        let (report, timings) = signal::look(&self.device, self.kind)?;
        self.seen = timings.or(self.seen);
        Ok(report)
    }

    /// Sets timings, format and rate.
    pub fn prepare(&mut self, plan: &Plan) -> Result<Running, StartFault> {
        if let (Kind::Receiver, Some(seen)) = (self.kind, self.seen) {
            signal::lock_on(&self.device, &seen)
                .map_err(|error| self.start_fault("take the signal's timings", &error))?;
        }
        let set = ioctl::set_format(&self.device, plan.format, plan.size).map_err(|error| {
            self.start_fault(&format!("capture {} as {}", plan.size, plan.format), &error)
        })?;
        let refused = |what: String| {
            Err(StartFault::Failed(format!(
                "{}: {what}",
                self.path.display()
            )))
        };
        if !set.format.is_known() {
            return refused(format!(
                "asked for {} the driver gives {}, which dKVM does not take",
                plan.format, set.format
            ));
        }
        if self.kind == Kind::Receiver && set.size != plan.size {
            return Err(StartFault::SignalChanged);
        }
        let least = set.format.frame_len(set.size).unwrap_or(1);
        let frame_len = (set.frame_len as usize).max(least);
        if !set.size.is_sane() || frame_len > FRAME_LEN_MAX {
            return refused(format!(
                "the driver announces frames of {} and {frame_len} bytes",
                set.size
            ));
        }
        // HDMI receivers have no say in the rate, and some cameras neither.
        let rate = if self.kind == Kind::Camera {
            ioctl::set_rate(&self.device, plan.rate).unwrap_or(plan.rate)
        } else {
            plan.rate
        };
        let colors = offers::colors(&set);
        Ok(Running {
            format: set.format,
            size: set.size,
            rate,
            stride: set.stride,
            frame_len,
            colors,
        })
    }

    /// Lends buffers to the driver and starts it.
    pub fn begin(&mut self, pool: &FramePool, slots: u32) -> Result<(), StartFault> {
        let started = Stream::begin(&self.device, pool, slots, self.memory);
        let stream = started.map_err(|error| self.start_fault("start the stream", &error))?;
        if self.memory != stream.memory() {
            self.memory = stream.memory();
            dkvm_sdk::info!("{}: {}", self.path.display(), self.memory);
        }
        // If it cannot be waited for, its end here stops the driver: nobody else would.
        self.watch(STREAMING)
            .map_err(|error| self.start_fault("be waited for", &error))?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Stops the driver.
    pub fn stop(&mut self) {
        // Before the stream ends: see `IDLE`.
        if let Err(error) = self.watch(IDLE) {
            dkvm_sdk::warn!(
                "{} cannot be waited for: {error}; the signal is polled",
                self.path.display()
            );
        }
        self.stream = None;
    }

    /// Waits for frames and events.
    pub async fn wake(&mut self) -> Woken {
        let Some(events) = &self.events else {
            return future::pending().await;
        };
        let interest = if self.stream.is_some() {
            STREAMING
        } else {
            IDLE
        };
        match events.ready(interest).await {
            Ok(mut guard) => guard.clear_ready(),
            // The runtime is going down.
            Err(_) => return future::pending().await,
        }
        ioctl::take_events(&self.device).map_or(Woken::Frames, |_| Woken::SourceChanged)
    }

    /// The next frame.
    pub fn next(&mut self, pool: &FramePool, keep: Keep<'_>) -> Result<Next, Fault> {
        let Some(stream) = &mut self.stream else {
            return Ok(Next::Nothing);
        };
        stream.next(pool, keep).map_err(|error| {
            fault(&error, || {
                format!(
                    "{} broke off the stream ({error}): it is started again",
                    self.path.display()
                )
            })
        })
    }

    fn start_fault(&self, act: &str, error: &io::Error) -> StartFault {
        start_fault(&self.path, act, error.raw_os_error(), error)
    }
}

impl Drop for V4l2 {
    fn drop(&mut self) {
        // The stream first, then the registration, then the node.
        self.stream = None;
        self.events = None;
    }
}

fn fault(error: &io::Error, sentence: impl Fn() -> String) -> Fault {
    if error.raw_os_error() == Some(ENODEV) {
        Fault::Gone
    } else {
        Fault::Broke(sentence())
    }
}
