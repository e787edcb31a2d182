//! A camera of a person's own machine, by nokhwa.
//!
//! nokhwa sets a camera's format as soon as it opens it, which fails while another program uses the camera, and waits for frames without
//! an end. So what there is is asked of Linux as the V4L2 backend does it, nothing is open while nobody watches, and the camera lives
//! in a thread of its own. A thread that waits for a frame that never comes ends when the camera is unplugged.

mod film;
mod whole;

use super::{
    start_fault,
    v4l2::{find, V4l2},
    Captured, Fault, Keep, LeftOut, Next, Woken, ENODEV,
};
use crate::{
    config::Config,
    core::{FourCc, Kind, Plan, Rate, Running, SignalReport, Source, StartFault},
};
use dkvm_sdk::FramePool;
use film::{Film, Shot};
use nokhwa::utils::{CameraFormat, FrameFormat, Resolution};
use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Linux' numbers for a node that is not there.
const ABSENT: [i32; 3] = [2, 6, ENODEV];

/// A camera that is there.
pub struct Nokhwa {
    /// Names this node, and no other.
    config: Config,
    path: PathBuf,
    node: Node,
    index: u32,
    planned: Option<(CameraFormat, Running)>,
    film: Option<Film>,
    waiting: Option<Shot>,
}

/// Which node a path leads to: a camera that was plugged in again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    inode: u64,
    device: u64,
}

impl Node {
    fn at(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            inode: metadata.ino(),
            device: metadata.rdev(),
        })
    }
}

impl Nokhwa {
    /// Finds the camera that the configuration means and asks what it offers. The error is a sentence for people.
    pub fn open(config: &Config) -> Result<(Self, Source), String> {
        let (v4l2, mut source) = V4l2::open(config)?;
        let path = v4l2.path().to_owned();
        drop(v4l2);
        let failed = |error: io::Error| format!("{} cannot be looked at: {error}", path.display());
        let real = fs::canonicalize(&path).map_err(failed)?;
        let node = Node::at(&real).map_err(failed)?;
        let index = find::number(&real)
            .ok_or_else(|| format!("{} is no /dev/videoN, as a camera is", real.display()))?;
        keep_known(&mut source)?;
        let config = Config {
            device: Some(real.to_string_lossy().into_owned()),
            ..config.clone()
        };
        let camera = Self {
            config,
            path: real,
            node,
            index,
            planned: None,
            film: None,
            waiting: None,
        };
        Ok((camera, source))
    }

    /// A camera has no signal that could go; it is there or not.
    pub fn signal(&mut self) -> Result<SignalReport, Fault> {
        if self.is_there() {
            Ok(SignalReport::ok(None))
        } else {
            Err(Fault::Gone)
        }
    }

    fn is_there(&self) -> bool {
        Node::at(&self.path).is_ok_and(|node| node == self.node)
    }

    /// Sets format and rate. nokhwa does not open a camera that somebody left at 7.5 frames a second, and does not tell what a driver
    /// made of its wishes: so that is done before.
    pub fn prepare(&mut self, plan: &Plan) -> Result<Running, StartFault> {
        self.stop();
        if !self.is_there() {
            return Err(StartFault::Gone);
        }
        if self.film.as_mut().is_some_and(|film| !film.is_over()) {
            let path = self.path.display();
            return Err(StartFault::Failed(format!(
                "{path} does not end its last stream: plug it in again"
            )));
        }
        let known = frame_format(plan.format);
        let unknown = || StartFault::Failed(format!("nokhwa does not take {}", plan.format));
        let format = known.ok_or_else(unknown)?;
        let (mut v4l2, _) = V4l2::open(&self.config).map_err(StartFault::Failed)?;
        let running = v4l2.prepare(plan)?;
        let size = Resolution::new(running.size.width, running.size.height);
        let hertz = running.rate.0 / 1000;
        self.planned = Some((CameraFormat::new(size, format, hertz), running));
        Ok(running)
    }

    /// Opens the camera and starts it, without waiting for either.
    pub fn begin(&mut self) -> Result<(), StartFault> {
        let Some((format, _)) = self.planned else {
            return Err(StartFault::SignalChanged);
        };
        let film = Film::begin(self.index, format);
        self.film = Some(film.map_err(|error| start_fault(&self.path, "start", None, &error))?);
        Ok(())
    }

    /// Stops it. The thread that is still there for some frames writes nowhere.
    pub fn stop(&mut self) {
        self.waiting = None;
        if let Some(film) = &mut self.film {
            film.stop();
        }
    }

    /// Waits for a frame.
    pub async fn wake(&mut self) -> Woken {
        if self.waiting.is_none() {
            match &mut self.film {
                Some(film) => self.waiting = Some(film.shot().await),
                None => std::future::pending().await,
            }
        }
        Woken::Frames
    }

    /// The next frame.
    pub fn next(&mut self, pool: &FramePool, keep: Keep<'_>) -> Result<Next, Fault> {
        let Some((_, running)) = &self.planned else {
            return Ok(Next::Nothing);
        };
        let film = self.film.as_mut();
        let shot = match self.waiting.take() {
            Some(shot) => shot,
            None => match film.and_then(Film::try_shot) {
                Some(shot) => shot,
                None => return Ok(Next::Nothing),
            },
        };
        match shot {
            Shot::Opening => Ok(Next::LeftOut(LeftOut::Pace)),
            Shot::Frame {
                buffer,
                sequence,
                at,
            } => {
                if !keep(at) {
                    return Ok(Next::LeftOut(LeftOut::Pace));
                }
                let Some(bytes) = whole::frame(buffer.buffer(), running) else {
                    return Ok(Next::LeftOut(LeftOut::Broken));
                };
                Ok(copy(bytes, pool, sequence, at))
            }
            Shot::Failed(why) => Err(self.broke(&why)),
        }
    }

    fn broke(&self, why: &str) -> Fault {
        let code = os_error(why);
        let absent = code.is_some_and(|code| ABSENT.contains(&code));
        if absent || !self.is_there() {
            return Fault::Gone;
        }
        match start_fault(&self.path, "give pictures", code, &why) {
            StartFault::Failed(sentence) => Fault::Broke(sentence),
            StartFault::Gone | StartFault::SignalChanged => Fault::Gone,
        }
    }
}

fn copy(bytes: &[u8], pool: &FramePool, sequence: u32, at: std::time::Duration) -> Next {
    let Some(mut slot) = pool.take() else {
        return Next::LeftOut(LeftOut::NoSlot);
    };
    let Some(place) = slot.bytes_mut().get_mut(..bytes.len()) else {
        return Next::LeftOut(LeftOut::Broken);
    };
    place.copy_from_slice(bytes);
    Next::Frame(Captured {
        slot,
        length: bytes.len(),
        sequence,
        at,
    })
}

/// Linux' number at the end of what nokhwa says: its errors keep no more of their cause than the text.
fn os_error(text: &str) -> Option<i32> {
    let (_, code) = text.rsplit_once("(os error ")?;
    code.split_once(')')?.0.parse().ok()
}

/// What nokhwa can start: its formats, at whole numbers of frames a second.
fn keep_known(source: &mut Source) -> Result<(), String> {
    if source.kind == Kind::Receiver {
        let card = &source.card;
        return Err(format!(
            "{card} is an HDMI receiver and no camera: `backend = \"v4l2\"` takes it"
        ));
    }
    let had = std::mem::take(&mut source.formats);
    let known = had.iter().filter(|format| frame_format(**format).is_some());
    source.formats = known.copied().collect();
    source.offers.retain_mut(|offer| {
        offer.rates.retain(|rate| is_whole(*rate));
        source.formats.contains(&offer.format) && !offer.rates.is_empty()
    });
    if source.offers.is_empty() {
        let card = &source.card;
        return Err(format!(
            "{card} offers nothing that nokhwa takes (MJPG, YUYV, NV12, RGB3 or BGR3 at whole frames a second): try `backend = \"v4l2\"`"
        ));
    }
    Ok(())
}

fn is_whole(rate: Rate) -> bool {
    rate != Rate::ANY && rate.0.is_multiple_of(1000)
}

fn frame_format(format: FourCc) -> Option<FrameFormat> {
    Some(match format {
        FourCc::MJPG => FrameFormat::MJPEG,
        FourCc::YUYV => FrameFormat::YUYV,
        FourCc::NV12 => FrameFormat::NV12,
        FourCc::RGB24 => FrameFormat::RAWRGB,
        FourCc::BGR24 => FrameFormat::RAWBGR,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "nokhwa_tests.rs"]
mod tests;
