//! The thread that a running camera lives in.

use dkvm_sdk::monotonic;
use nokhwa::{
    utils::{CameraFormat, CameraIndex, RequestedFormat, RequestedFormatType},
    Buffer, Camera, NokhwaError,
};
use std::{
    io,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
        Arc,
    },
    thread,
    time::Duration,
};
use tokio::{
    sync::mpsc as frames,
    time::{timeout_at, Instant},
};

/// Frames on their way to the loop; when it is late, what comes besides is left out.
const AHEAD: usize = 2;
/// A camera that opens takes some tenths of a second, one whose USB sleeps some seconds; this one hangs.
const OPENING: Duration = Duration::from_secs(10);
/// While it opens that is told so often, so that nobody thinks that it gives no frames.
const A_MOMENT: Duration = Duration::from_millis(500);
/// A camera ends with its next frame, some hundredths of a second.
const ENDING: Duration = Duration::from_millis(500);

/// What the camera gave.
pub(super) enum Shot {
    /// Nothing yet: it opens, or has opened now.
    Opening,
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
    opening: Option<Opening>,
}

#[derive(Debug, Clone, Copy)]
struct Opening {
    ends: Instant,
    told: Instant,
}

/// The thread's ends of the same.
struct Crew {
    shots: frames::Sender<Shot>,
    stop: Arc<AtomicBool>,
}

impl Film {
    /// Opens a camera in a thread of its own, and starts it; how that goes is the first that comes. A library that panics there ends the
    /// process, as everywhere.
    pub fn begin(index: u32, format: CameraFormat) -> io::Result<Self> {
        Self::run(move |crew| run(index, format, crew))
    }

    fn run(work: impl FnOnce(&Crew) + Send + 'static) -> io::Result<Self> {
        let (to_loop, shots) = frames::channel(AHEAD);
        let (over_here, over) = mpsc::channel::<()>();
        let stop = Arc::new(AtomicBool::new(false));
        let crew = Crew {
            shots: to_loop,
            stop: stop.clone(),
        };
        let body = move || {
            work(&crew);
            // After the camera.
            drop(over_here);
        };
        thread::Builder::new()
            .name("camera".to_owned())
            .spawn(body)?;
        let now = Instant::now();
        Ok(Self {
            shots,
            stop,
            over,
            opening: Some(Opening {
                ends: now + OPENING,
                told: now,
            }),
        })
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
        let Some(opening) = self.opening else {
            return match self.shots.recv().await {
                Some(shot) => shot,
                // It was stopped.
                None => std::future::pending().await,
            };
        };
        let moment = (opening.told + A_MOMENT).min(opening.ends);
        match timeout_at(moment, self.shots.recv()).await {
            Ok(Some(shot)) => {
                self.opening = None;
                shot
            }
            Ok(None) => std::future::pending().await,
            Err(_) => self.still_opening(opening),
        }
    }

    fn still_opening(&mut self, opening: Opening) -> Shot {
        let now = Instant::now();
        if now >= opening.ends {
            self.stop();
            return Shot::Failed("it does not answer; plug it in again".to_owned());
        }
        self.opening = Some(Opening {
            told: now,
            ..opening
        });
        Shot::Opening
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
            let _ = crew.shots.blocking_send(Shot::Failed(error.to_string()));
            return;
        }
    };
    let _ = crew.shots.try_send(Shot::Opening);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera that opens when it is told to.
    fn slow() -> (Film, mpsc::Sender<()>) {
        let (open, opens) = mpsc::channel::<()>();
        let film = Film::run(move |crew| {
            let _ = opens.recv();
            let _ = crew.shots.try_send(Shot::Failed("unplugged".to_owned()));
        });
        (film.expect("a thread"), open)
    }

    #[tokio::test(start_paused = true)]
    async fn a_camera_that_opens_slowly_is_told_so_and_given_up_in_the_end() {
        let (mut film, _open) = slow();
        for moment in 1..20 {
            assert!(matches!(film.shot().await, Shot::Opening), "{moment}");
        }
        let Shot::Failed(why) = film.shot().await else {
            panic!("not given up");
        };
        assert!(why.contains("does not answer"), "{why}");
    }

    #[tokio::test]
    async fn what_the_camera_says_comes_first() {
        let (mut film, open) = slow();
        open.send(()).expect("it waits");
        loop {
            if let Shot::Failed(why) = film.shot().await {
                return assert_eq!(why, "unplugged");
            }
        }
    }

    #[test]
    fn one_that_does_not_end_is_not_over_and_one_that_ended_is() {
        let (mut film, open) = slow();
        assert!(!film.is_over());
        open.send(()).expect("it waits");
        while !film.is_over() {}
    }
}
