//! What a picture of another node is, and what it has to be: looked at by who sends it, and again by who gets it.

use super::{album::Key, intake::IntakeError};
use dkvm_wire::{
    decode_body, topics,
    vocab::video::{AccessUnit, FrameInfo},
    Generation,
};
use tokio::sync::OwnedSemaphorePermit;

/// No picture is larger: as h264 has it, and a dongle's JPEG of 4K.
pub const LONGEST: usize = 3 * 1024 * 1024;
/// Pixels of a side; more no encoder makes.
const SIDE_MOST: u32 = 16_384;
/// What an access unit begins with (Annex B), with and without a zero before it.
const STARTS: [&[u8]; 2] = [&[0, 0, 1], &[0, 0, 0, 1]];
/// What a JPEG begins with.
const JPEG_STARTS: [&[u8]; 1] = [&[0xff, 0xd8]];

/// A picture that came.
#[derive(Debug)]
pub struct Print {
    /// The device, by its name here.
    pub source: String,
    /// Which life of it.
    pub generation: Generation,
    /// The topic.
    pub topic: &'static str,
    /// The event's body.
    pub body: Vec<u8>,
    /// The picture itself.
    pub payload: Vec<u8>,
    /// Its share of what may be here at a time, also while it waits for one before it.
    pub room: Option<OwnedSemaphorePermit>,
}

impl Print {
    /// Whose chain it belongs to.
    pub fn key(&self) -> Key {
        (self.topic, self.source.clone())
    }

    /// Where it stands in its chain, if it is what it says.
    pub fn unit(&self) -> Result<AccessUnit, IntakeError> {
        let unit = self.announced()?;
        begins(self.topic, &self.payload).map_err(IntakeError::Picture)?;
        Ok(unit)
    }

    /// The same by its event alone.
    pub fn announced(&self) -> Result<AccessUnit, IntakeError> {
        let info = decode_body(self.topic, &self.body)
            .map_err(|error| IntakeError::Picture(error.to_string()))?;
        unit_of(self.topic, &info).map_err(IntakeError::Picture)
    }
}

/// Where a picture stands in its chain, if it is one that the other side takes.
pub fn sound(topic: &str, info: &FrameInfo, payload: &[u8]) -> Result<AccessUnit, String> {
    let unit = unit_of(topic, info)?;
    begins(topic, payload)?;
    match payload.len() <= LONGEST {
        true => Ok(unit),
        false => Err(format!("it has {} bytes", payload.len())),
    }
}

/// A JPEG needs none before it. Its number is when it was captured: capture may begin to count anew, time does not.
fn unit_of(topic: &str, info: &FrameInfo) -> Result<AccessUnit, String> {
    let (format, unit) = match topic {
        topics::VIDEO_JPEG => {
            let (number, key) = (info.captured_ns, true);
            ("MJPG", Some(AccessUnit { number, key }))
        }
        _ => ("H264", info.unit),
    };
    let unit = unit.ok_or("it has no number")?;
    if info.format != format {
        let format: String = info.format.chars().take(8).collect();
        return Err(format!("its format is {format:?}"));
    }
    let side = |pixels: u32| (1..=SIDE_MOST).contains(&pixels);
    if !side(info.width) || !side(info.height) {
        let (width, height) = (info.width, info.height);
        return Err(format!("it has {width} by {height} pixels"));
    }
    Ok(unit)
}

fn begins(topic: &str, payload: &[u8]) -> Result<(), String> {
    let (starts, what) = match topic {
        topics::VIDEO_JPEG => (&JPEG_STARTS[..], "JPEG"),
        _ => (&STARTS[..], "access unit"),
    };
    match starts.iter().any(|start| payload.starts_with(start)) {
        true => Ok(()),
        false => Err(format!("its bytes are no {what}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::encode_body;
    use proptest::prelude::*;

    fn info() -> FrameInfo {
        FrameInfo {
            captured_ns: 99,
            width: 640,
            height: 480,
            format: "H264".to_owned(),
            unit: Some(AccessUnit {
                number: 7,
                key: true,
            }),
            ..FrameInfo::default()
        }
    }

    fn print(info: &FrameInfo, payload: &[u8]) -> Print {
        Print {
            source: "office/h264".to_owned(),
            generation: Generation(1),
            topic: topics::VIDEO_H264,
            body: encode_body(info),
            payload: payload.to_vec(),
            room: None,
        }
    }

    fn wrong(info: FrameInfo, payload: &[u8]) -> String {
        print(&info, payload).unit().unwrap_err().to_string()
    }

    #[test]
    fn a_picture_is_what_it_says_or_a_sentence() {
        let start = [0, 0, 0, 1, 0x65];
        assert_eq!(print(&info(), &start).unit().unwrap().number, 7);
        let unit = None;
        assert!(wrong(FrameInfo { unit, ..info() }, &start).contains("no number"));
        let format = "MJPG\x1b[2J".to_owned();
        assert!(wrong(FrameInfo { format, ..info() }, &start).contains("MJPG"));
        let (width, height) = (0, u32::MAX);
        assert!(wrong(FrameInfo { width, ..info() }, &start).contains("0 by 480"));
        assert!(wrong(FrameInfo { height, ..info() }, &start).contains("pixels"));
        assert!(wrong(info(), b"GIF89a").contains("no access unit"));
        assert!(wrong(info(), b"").contains("no access unit"));
    }

    #[test]
    fn a_jpeg_needs_none_before_it_and_is_as_new_as_its_capture() {
        let format = "MJPG".to_owned();
        let unit = None;
        let info = FrameInfo {
            format,
            unit,
            ..info()
        };
        let of = |info, bytes: &[u8]| sound(topics::VIDEO_JPEG, info, bytes);
        let unit = of(&info, &[0xff, 0xd8, 0xff]).unwrap();
        assert!(unit.key && unit.number == 99);
        assert!(of(&info, &[0, 0, 0, 1]).unwrap_err().contains("no JPEG"));
        assert!(of(&info, &[]).unwrap_err().contains("no JPEG"));
        let mut long = vec![0xff, 0xd8];
        long.resize(LONGEST + 1, 0);
        assert!(of(&info, &long).unwrap_err().contains("bytes"));
        let told = sound(topics::VIDEO_H264, &info, &[0, 0, 1]).unwrap_err();
        assert!(told.contains("no number"), "{told}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_picture_or_an_error(
            body in proptest::collection::vec(any::<u8>(), 0..200), payload in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let _ = Print { body, payload, ..print(&info(), b"") }.unit();
        }
    }
}
