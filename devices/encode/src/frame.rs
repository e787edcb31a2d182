//! Frames as they come in: the newest is kept, to be compared with the next.

use crate::{
    core::Change,
    jpeg,
    picture::{BadFrame, Picture},
};
use dkvm_sdk::{FrameReader, FrameView, Lease};
use dkvm_wire::vocab::video::FrameInfo;

/// FourCC of frames that are JPEGs already.
pub const MJPG: &str = "MJPG";

/// Of frames that wait, the newest. Replacing one that waits gives its lease back.
#[derive(Default)]
pub struct Newest(Option<(FrameInfo, Lease)>);

impl Newest {
    /// Another frame came; one without a lease is none.
    pub fn offer(&mut self, info: FrameInfo, leases: Vec<Lease>) {
        if let Some(lease) = leases.into_iter().next() {
            self.0 = Some((info, lease));
        }
    }

    /// The one that waits.
    pub fn take(&mut self) -> Option<(FrameInfo, Lease)> {
        self.0.take()
    }
}

/// A frame in shared memory, checked.
pub struct Frame {
    /// What was said of it.
    pub info: FrameInfo,
    /// Its bytes.
    pub view: FrameView,
}

impl Frame {
    /// Looks at what a lease is for. The error is a sentence for people.
    pub fn view(reader: &FrameReader, info: FrameInfo, lease: &Lease) -> Result<Self, String> {
        let view = reader.view(lease).map_err(|error| error.to_string())?;
        Self::checked(info, view).map_err(|error| error.to_string())
    }

    /// Takes a frame over if it is whole.
    pub fn checked(mut info: FrameInfo, view: FrameView) -> Result<Self, BadFrame> {
        if info.format == MJPG {
            let jpeg = jpeg::check(&view)?;
            (info.width, info.height, info.stride) = (jpeg.width.into(), jpeg.height.into(), 0);
        } else {
            Picture::new(&info, &view)?;
        }
        Ok(Self { info, view })
    }

    /// As a raw picture.
    pub fn picture(&self) -> Result<Picture<'_>, BadFrame> {
        Picture::new(&self.info, &self.view)
    }

    /// Whether the source made a JPEG of it already.
    pub fn is_jpeg(&self) -> bool {
        self.info.format == MJPG
    }

    /// What changed since another frame.
    pub fn since(&self, before: Option<&Self>) -> Change {
        let same = before.is_some_and(|before| match (self.is_jpeg(), before.is_jpeg()) {
            (true, true) => self.view[..] == before.view[..],
            (false, false) => self
                .picture()
                .ok()
                .zip(before.picture().ok())
                .is_some_and(|(a, b)| a.shows_the_same(&b)),
            _ => false,
        });
        if same {
            Change::Same
        } else {
            Change::Changed
        }
    }
}
