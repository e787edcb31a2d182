//! The thread that a running camera lives in.

use crate::backend::monotonic;
use nokhwa::{
    utils::{CameraFormat, CameraIndex, RequestedFormat, RequestedFormatType},
    Buffer, Camera, NokhwaError,
};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
        Arc,
    },
    thread,
    time::Duration,
};
use tokio::sync::mpsc as frames;

/// Frames on their way to the loop; when it is late, what comes besides is left out.
const AHEAD: usize = 2;
/// A camera that opens takes some tenths of a second; this one hangs.
const OPENING: Duration = Duration::from_secs(2);
/// A camera ends with its next frame, some hundredths of a second.
const ENDING: Duration = Duration::from_millis(500);

/// What the camera gave.
pub(super) enum Shot {
    /// A frame.
    Frame {
        /// Its bytes, and whatever the driver's memory had behind them.
        buffer: Buffer,
        /// Counts the camera's frames.
        sequence: u32,
        /// `CLOCK_MONOTONIC`.
        at: Duration,
    },
    /// Nothing more, for this reason.
    Failed(String),
}

/// A camera that runs.
pub(super) struct Film {
    shots: frames::Receiver<Shot>,
    stop: Arc<AtomicBool>,
    /// Disconnected when the camera is closed.
    over: mpsc::Receiver<()>,
}

/// The thread's ends of the same.
struct Crew {
    shots: frames::Sender<Shot>,
    stop: Arc<AtomicBool>,
    opened: mpsc::SyncSender<Result<(), String>>,
}

impl Film {
    /// Opens a camera in a thread of its own, and starts it. The error is what nokhwa says.
    pub fn begin(index: u32, format: CameraFormat) -> Result<Self, String> {
        let (to_loop, shots) = frames::channel(AHEAD);
        let (opened, answer) = mpsc::sync_channel(1);
        let (over_here, over) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let crew = Crew {
            shots: to_loop,
            stop: stop.clone(),
            opened,
        };
        let body = move || {
            run(index, format, &crew);
            // After the camera.
            drop::<mpsc::Sender<()>>(over_here);
        };
        thread::Builder::new()
            .name("camera".to_owned())
            .spawn(body)
            .map_err(|error| format!("no thread for it: {error}"))?;
        let mut film = Self { shots, stop, over };
        match answer.recv_timeout(OPENING) {
            Ok(Ok(())) => Ok(film),
            Ok(Err(why)) => Err(why),
            Err(RecvTimeoutError::Timeout) => {
                film.stop();
                Err("it does not answer; plug it in again".to_owned())
            }
            Err(RecvTimeoutError::Disconnected) => Err("its driver is not understood".to_owned()),
        }
    }

    /// No more frames: the camera ends with the one that it waits for.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.shots.close();
    }

    /// Whether the camera is closed; waits for that for a moment.
    pub fn is_over(&mut self) -> bool {
        self.stop();
        self.over.recv_timeout(ENDING) == Err(RecvTimeoutError::Disconnected)
    }

    /// Waits for what the camera gives. Cancel-safe.
    pub async fn shot(&mut self) -> Shot {
        match self.shots.recv().await {
            Some(shot) => shot,
            // It was stopped; or it fell over, which its last words in the log tell.
            None if self.stop.load(Ordering::Relaxed) => std::future::pending().await,
            None => Shot::Failed("the camera's thread ended".to_owned()),
        }
    }

    /// What it has given already.
    pub fn try_shot(&mut self) -> Option<Shot> {
        self.shots.try_recv().ok()
    }
}

impl Drop for Film {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(index: u32, format: CameraFormat, crew: &Crew) {
    let mut camera = match open(index, format) {
        Ok(camera) => camera,
        Err(error) => {
            let _ = crew.opened.send(Err(error.to_string()));
            return;
        }
    };
    let _ = crew.opened.send(Ok(()));
    let mut sequence = 0_u32;
    while !crew.stop.load(Ordering::Relaxed) {
        let taken = camera.frame();
        sequence = sequence.wrapping_add(1);
        match taken {
            Ok(buffer) => {
                let shot = Shot::Frame {
                    buffer,
                    sequence,
                    at: monotonic(),
                };
                let _ = crew.shots.try_send(shot);
            }
            Err(error) => {
                let _ = crew.shots.blocking_send(Shot::Failed(error.to_string()));
                return;
            }
        }
    }
}

fn open(index: u32, format: CameraFormat) -> Result<Camera, NokhwaError> {
    let formats = [format.format()];
    let exactly = RequestedFormatType::Exact(format);
    let wanted = RequestedFormat::with_formats(exactly, &formats);
    let mut camera = Camera::new(CameraIndex::Index(index), wanted)?;
    camera.open_stream()?;
    Ok(camera)
}
