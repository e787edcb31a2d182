//! Finding the node that the configuration means.

use super::ioctl::{self, Caps};
use crate::{config::Config, core::Kind};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use v4l::v4l_sys::{
    V4L2_CAP_STREAMING, V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE,
    V4L2_IN_CAP_DV_TIMINGS,
};
use v4l::Device;

/// Nodes that capture, but from memory: parts of the Pi's image processor.
const NOT_CAMERAS: [&str; 3] = ["bcm2835-isp", "pispbe", "rpi-hevc-dec"];
/// No machine has more video nodes that are worth a look.
const NODES_MAX: usize = 64;

pub(super) struct Found {
    pub device: Device,
    pub path: PathBuf,
    pub card: String,
    pub kind: Kind,
}

/// The configured node, or the first that captures.
pub(super) fn find(config: &Config) -> Result<Found, String> {
    let mut refusals = Vec::new();
    for path in candidates(config) {
        match open(&path, config) {
            Ok(found) => return Ok(found),
            Err(why) => refusals.push(format!("{}: {why}", path.display())),
        }
    }
    Err(nothing(config, &refusals))
}

fn nothing(config: &Config, refusals: &[String]) -> String {
    let wanted = match (named(config), &config.card) {
        (Some(node), _) => format!("no capture device at {}", node.display()),
        (None, Some(card)) => format!("no capture device whose name has {card:?} in it"),
        (None, None) => "no capture device".to_owned(),
    };
    let looked = if refusals.is_empty() {
        String::new()
    } else {
        format!(" ({})", refusals.join("; "))
    };
    format!("{wanted}{looked}: {}", config.backend.remedy())
}

/// The node that the configuration names, by its path or its number.
fn named(config: &Config) -> Option<PathBuf> {
    let device = config.device.as_ref()?;
    Some(match device.parse::<u32>() {
        Ok(number) => PathBuf::from(format!("/dev/video{number}")),
        Err(_) => PathBuf::from(device),
    })
}

fn candidates(config: &Config) -> Vec<PathBuf> {
    if let Some(node) = named(config) {
        // A node that is not there is the usual case, and needs no reason beside it.
        return Some(node)
            .filter(|path| path.exists())
            .into_iter()
            .collect();
    }
    let names = fs::read_dir("/dev")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut nodes: Vec<(u32, PathBuf)> = names
        .filter_map(|path| Some((number(&path)?, path)))
        .take(NODES_MAX)
        .collect();
    nodes.sort_unstable();
    nodes.into_iter().map(|(_, path)| path).collect()
}

/// The N of `/dev/videoN`.
pub(in crate::backend) fn number(path: &Path) -> Option<u32> {
    path.file_name()?
        .to_str()?
        .strip_prefix("video")?
        .parse()
        .ok()
}

fn open(path: &Path, config: &Config) -> Result<Found, String> {
    let device = Device::with_path(path).map_err(|error| open_error(&error))?;
    let caps = ioctl::caps(&device).map_err(|error| format!("is no video device ({error})"))?;
    fits(&caps, config)?;
    if let Some(input) = config.input {
        ioctl::set_input(&device, input)
            .map_err(|error| format!("has no input {input} ({error})"))?;
    }
    let kind = kind(&device);
    Ok(Found {
        device,
        path: path.to_owned(),
        card: caps.card,
        kind,
    })
}

fn open_error(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "may not be opened: give it to the group of the capture device, usually `video`"
                .to_owned()
        }
        _ => format!("cannot be opened ({error})"),
    }
}

fn fits(caps: &Caps, config: &Config) -> Result<(), String> {
    let has = |flag: u32| caps.flags & flag != 0;
    if !has(V4L2_CAP_VIDEO_CAPTURE) {
        let planes = has(V4L2_CAP_VIDEO_CAPTURE_MPLANE);
        return Err(if planes {
            "captures in several planes, which is not supported"
        } else {
            "does not capture"
        }
        .to_owned());
    }
    if !has(V4L2_CAP_STREAMING) {
        return Err("does not stream".to_owned());
    }
    if NOT_CAMERAS.iter().any(|name| caps.card.starts_with(name)) {
        return Err("is part of the image processor".to_owned());
    }
    match &config.card {
        Some(card) if !caps.card.contains(card.as_str()) => Err(format!("is {:?}", caps.card)),
        _ => Ok(()),
    }
}

fn kind(device: &Device) -> Kind {
    let timings =
        ioctl::input(device).is_ok_and(|input| input.capabilities & V4L2_IN_CAP_DV_TIMINGS != 0);
    if timings {
        Kind::Receiver
    } else {
        Kind::Camera
    }
}
