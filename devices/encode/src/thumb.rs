//! Thumbnails: the picture, small, for those who watch many targets. With an encoder of their own: the full-size path sends its last
//! JPEG again, and nothing that goes wrong here may cost it a frame.

use crate::{
    backend::{Backend, Decoder, EncodeError, Quality},
    config::BackendKind,
    frame::Frame,
    reduce::Small,
};
use dkvm_wire::vocab::video::{Thumb, THUMB_LONGEST};

/// Small pictures show every artefact; at this quality a desktop is 10 KiB.
const QUALITY: Quality = Quality(75);

/// Makes thumbnails, and knows the last.
#[derive(Default)]
pub struct Thumbnailer {
    kind: BackendKind,
    encoder: Option<Backend>,
    decoder: Option<Decoder>,
    shown: Option<Small>,
    last: Thumb,
}

/// What a frame is as a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Not what was sent last.
    Changed,
    /// What was sent last.
    Same,
}

impl Thumbnailer {
    /// With this kind of encoder.
    pub fn new(kind: BackendKind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// The last one made.
    pub fn last(&self) -> &Thumb {
        &self.last
    }

    /// There is no picture any more: this is what tells so, and whatever comes next is new.
    pub fn empty(&mut self) -> &Thumb {
        self.shown = None;
        self.last = Thumb {
            sequence: self.last.sequence,
            ..Thumb::default()
        };
        &self.last
    }

    /// Nobody wants any: what they take is given back.
    pub fn close(&mut self) {
        (self.encoder, self.decoder) = (None, None);
        self.empty();
    }

    /// Makes one of a frame, unless it shows what the last one shows. The error is a sentence for people.
    pub fn make(&mut self, frame: &Frame) -> Result<News, String> {
        let failed = |why: String| format!("no thumbnail: {why}");
        let small = self.small(frame).map_err(failed)?;
        if !frame.view.is_current() {
            return Err(failed(
                "a frame was overwritten while it was read".to_owned(),
            ));
        }
        if self.shown.as_ref() == Some(&small) {
            return Ok(News::Same);
        }
        let picture = small.picture().map_err(|error| failed(error.to_string()))?;
        let encoder = ready(&mut self.encoder, || Backend::open(self.kind)).map_err(failed)?;
        encoder
            .encode_to_fit(&picture, QUALITY, THUMB_LONGEST)
            .map_err(failed)?;
        self.last = Thumb {
            sequence: frame.info.sequence,
            // `Small` is smaller than what was u32.
            width: picture.width as u32,
            height: picture.height as u32,
            jpeg: encoder.last().to_vec(),
        };
        self.shown = Some(small);
        Ok(News::Changed)
    }

    fn small(&mut self, frame: &Frame) -> Result<Small, String> {
        if !frame.is_jpeg() {
            let picture = frame.picture().map_err(|error| error.to_string())?;
            return Ok(Small::of(&frame.info, &picture));
        }
        if self.kind == BackendKind::Dummy {
            return Err("`backend = \"dummy\"` reads no JPEGs".to_owned());
        }
        let decoder = ready(&mut self.decoder, Decoder::new)?;
        let decoded = decoder.decode(&frame.info, &frame.view);
        let decoded =
            decoded.map_err(|EncodeError(why)| format!("the source's JPEG is damaged: {why}"))?;
        let picture = decoded.picture().map_err(|error| error.to_string())?;
        Ok(Small::of(&decoded.info, &picture))
    }
}

/// What is there already, or else is made now.
fn ready<T>(
    slot: &mut Option<T>,
    make: impl FnOnce() -> Result<T, EncodeError>,
) -> Result<&mut T, String> {
    let ready = match slot.take() {
        Some(ready) => ready,
        None => make().map_err(|error| error.to_string())?,
    };
    Ok(slot.insert(ready))
}
