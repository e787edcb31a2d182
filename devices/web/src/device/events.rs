//! What the kernel and the devices say.

use super::Web;
use crate::{
    clock::Moment,
    error::Error,
    state::{Key, Part, Picture, Place, Unit, Untold, MAX_PICTURE},
};
use bytes::Bytes;
use dkvm_sdk::{Body, FrameView, Incoming, Lease, Source};
use dkvm_wire::{
    service::DeviceInfo,
    topics,
    vocab::{
        audio::Speaker,
        page::ToPage,
        update::UpdateState,
        video::{AccessUnit, FrameInfo},
    },
    DecodeError, Generation, SourceName,
};
use std::sync::Arc;

impl Web {
    pub(super) fn take(&self, incoming: Incoming) -> Result<(), Error> {
        match incoming {
            Incoming::Event {
                topic,
                body,
                leases,
                source,
                ..
            } => {
                let place = place_of(&source.name);
                let name = source.name.clone();
                if let Err(error) = self.event((&place, source), &topic, &body, &leases) {
                    self.complain(&place, &name, &error);
                }
                Ok(())
            }
            Incoming::SourceGone { source, generation } => {
                self.gone(&source, generation);
                Ok(())
            }
            Incoming::Request(request) => Ok(request.unknown()?),
            _ => Ok(()),
        }
    }

    fn event(
        &self,
        (place, source): (&Place, Source),
        topic: &str,
        body: &Body,
        leases: &[Lease],
    ) -> Result<(), Untold> {
        match topic {
            topics::VIDEO_JPEG => self.show(place, body, leases)?,
            topics::VIDEO_H264 => self.show_unit(place, body, leases)?,
            topics::VIDEO_THUMB => {
                let (thumb, now) = (body.decode(topic)?, Moment::now());
                self.app.streams.thumbs.show(place.clone(), thumb, now);
            }
            topics::AUDIO_SPEAKER => {
                if let Some(sounds) = self.app.streams.sounds_of(place) {
                    let mut piece: Speaker = body.decode(topic)?;
                    piece.captured_ns = on_our_clock(place, piece.captured_ns);
                    sounds.play(piece);
                }
            }
            _ if *place == Place::Here => self.own_event(topic, body, source)?,
            _ => self.far_event(place, topic, body, &source)?,
        }
        Ok(())
    }

    /// A node that talks nonsense does not fill the log of this one.
    fn complain(&self, place: &Place, source: &str, error: &Untold) {
        match place {
            Place::Here => dkvm_sdk::warn!("{error}"),
            Place::At(node) => {
                if crate::lock(&self.complaints).note(node, Moment::now()) {
                    dkvm_sdk::warn!("{source}: {error}; more of the kind is told once a minute");
                }
            }
        }
    }

    fn own_event(&self, topic: &str, body: &Body, source: Source) -> Result<(), DecodeError> {
        let hub = &self.app.hub;
        match topic {
            topics::SERIAL_OUTPUT => self.app.serial.heard(body.decode(topic)?),
            topics::INPUT_ACK => hub.acknowledge(body.decode(topic)?),
            topics::DEVICE_STATE => self.device(body.decode(topic)?),
            topics::DEVICE_DEATH => hub.post_death(body.decode(topic)?),
            topics::CONFIG_STATE => hub.post_config(body.decode(topic)?),
            _ => {
                if topic == topics::UPDATE_STATE {
                    self.update(body.decode(topic)?);
                }
                if let Some((key, news)) = state_of(topic, body)? {
                    hub.post(key, (source.name, source.generation), news);
                }
                if let Some(part) = Part::of(topic) {
                    self.app.streams.follow(&Place::Here, part);
                }
            }
        }
        Ok(())
    }

    fn far_event(
        &self,
        place: &Place,
        topic: &str,
        body: &Body,
        source: &Source,
    ) -> Result<(), Untold> {
        // The kernel lets no other through.
        let Ok(name) = SourceName::try_from(source.name.as_str()) else {
            return Ok(());
        };
        if topic == topics::INPUT_ACK {
            self.app.hub.acknowledge_far(&name, body.decode(topic)?);
        }
        let Some(part) = Part::of(topic) else {
            return Ok(());
        };
        let told = (&name, source.generation);
        self.app.hub.post_far(told, (part, topic), body)?;
        self.app.streams.follow(place, part);
        Ok(())
    }

    /// A device of another node is gone, or the link to it. The kernel's own `device.state` tells it of those of this node.
    fn gone(&self, source: &SourceName, generation: Generation) {
        let place = place_of(source.as_str());
        if place == Place::Here {
            return;
        }
        for part in self.app.hub.far_gone(source, generation) {
            self.app.streams.forget(&place, part);
        }
    }

    /// An upload that was cancelled, here or by the command line, is not gone on with.
    fn update(&self, state: UpdateState) {
        crate::lock(&self.app.desk).told(&state.stage);
    }

    fn device(&self, info: DeviceInfo) {
        for gone in self.app.hub.post_device(info) {
            match gone {
                Key::Encode => self.app.streams.forget(&Place::Here, Part::Encode),
                Key::H264 => self.app.streams.forget(&Place::Here, Part::H264),
                _ => {}
            }
        }
    }

    fn show_unit(&self, place: &Place, body: &Body, leases: &[Lease]) -> Result<(), DecodeError> {
        let mut info: FrameInfo = body.decode(topics::VIDEO_H264)?;
        info.captured_ns = on_our_clock(place, info.captured_ns);
        let units = self.app.streams.units_of(place);
        if let (Some(units), Some(view)) = (units, self.view(leases)) {
            let (number, unit) = unit_of(info, &view);
            units.show(number, &Arc::new(unit), Moment::now());
        }
        Ok(())
    }

    fn show(&self, place: &Place, body: &Body, leases: &[Lease]) -> Result<(), DecodeError> {
        let mut info: FrameInfo = body.decode(topics::VIDEO_JPEG)?;
        info.captured_ns = on_our_clock(place, info.captured_ns);
        let pictures = self.app.streams.pictures_of(place);
        if let (Some(pictures), Some(view)) = (pictures, self.view(leases)) {
            pictures.show(Picture::new(info, Arc::new(view), Moment::now()));
        }
        Ok(())
    }

    /// Of H.264 the next does not follow on one that is left out, and nobody is shown it.
    fn view(&self, leases: &[Lease]) -> Option<FrameView> {
        match self.frames.view(leases.first()?) {
            Ok(view) if view.len() <= MAX_PICTURE => Some(view),
            // Those of other nodes are no larger: peer has taken them.
            Ok(view) => {
                dkvm_sdk::warn!(
                    "a picture of {} bytes is over the limit of {MAX_PICTURE}",
                    view.len()
                );
                None
            }
            // The encoder died or was too fast; the next picture is there soon.
            Err(error) => {
                dkvm_sdk::debug!("{error}");
                None
            }
        }
    }
}

/// Another node's clock says nothing here: 0 is unknown.
const fn on_our_clock(place: &Place, captured_ns: u64) -> u64 {
    match place {
        Place::Here => captured_ns,
        Place::At(_) => 0,
    }
}

/// Whose target a device is of.
fn place_of(source: &str) -> Place {
    match source.split_once('/') {
        Some((node, _)) => Place::At(node.to_owned()),
        None => Place::Here,
    }
}

/// Copied once for all: it is small, and then no slow page holds up the encoder.
fn unit_of(info: FrameInfo, view: &[u8]) -> (u64, Unit) {
    let AccessUnit { number, key } = info.unit.unwrap_or(AccessUnit {
        number: 0,
        key: false,
    });
    let bytes = Bytes::copy_from_slice(view);
    (number, Unit { info, key, bytes })
}

/// A device's state as a page is told it; `None` for a topic that is none.
fn state_of(topic: &str, body: &Body) -> Result<Option<(Key, ToPage)>, DecodeError> {
    let news = match topic {
        topics::GADGET_STATE => (Key::Gadget, ToPage::Gadget(body.decode(topic)?)),
        topics::HID_STATE => {
            let state = body.decode(topic)?;
            (Key::Hid, ToPage::Hid { state })
        }
        topics::VIDEO_STATE => {
            let state = body.decode(topic)?;
            (Key::Video, ToPage::Video { state })
        }
        topics::ENCODE_STATE => {
            let state = body.decode(topic)?;
            (Key::Encode, ToPage::Encode { state })
        }
        topics::H264_STATE => {
            let state = body.decode(topic)?;
            (Key::H264, ToPage::H264 { state })
        }
        topics::AUDIO_STATE => {
            let state = body.decode(topic)?;
            (Key::Audio, ToPage::Audio { state })
        }
        _ => return state_of_more(topic, body),
    };
    Ok(Some(news))
}

/// What is neither picture, sound nor hands.
fn state_of_more(topic: &str, body: &Body) -> Result<Option<(Key, ToPage)>, DecodeError> {
    let news = match topic {
        topics::UPDATE_STATE => {
            let state = body.decode(topic)?;
            (Key::Update, ToPage::Update { state })
        }
        topics::POWER_STATE => {
            let state = body.decode(topic)?;
            (Key::Power, ToPage::Power { state })
        }
        topics::NETWORK_STATE => {
            let state = body.decode(topic)?;
            (Key::Network, ToPage::Network { state })
        }
        topics::STORAGE_STATE => {
            let state = body.decode(topic)?;
            (Key::Storage, ToPage::Storage { state })
        }
        topics::USBNET_STATE => {
            let state = body.decode(topic)?;
            (Key::Usbnet, ToPage::Usbnet { state })
        }
        topics::PEER_STATE => {
            let state = body.decode(topic)?;
            (Key::Peers, ToPage::Peers { state })
        }
        topics::TYPIST_STATE => {
            let state = body.decode(topic)?;
            (Key::Typist, ToPage::Typist { state })
        }
        topics::FETCH_STATE => {
            let state = body.decode(topic)?;
            (Key::Fetch, ToPage::Fetch { state })
        }
        topics::MACRO_STATE => {
            let state = body.decode(topic)?;
            (Key::Macros, ToPage::Macros { state })
        }
        topics::SERIAL_STATE => {
            let state = body.decode(topic)?;
            (Key::Serial, ToPage::Serial { state })
        }
        _ => return Ok(None),
    };
    Ok(Some(news))
}
