//! What is watched and heard, of this node's target and of other nodes'.

use crate::{
    actions,
    clock::Moment,
    state::{
        Encoder, Giver, Hub, Key, Part, Pictures, Place, Shelf, ShelfFull, Sounds, Thumbs, Units,
        Want, WantAll,
    },
};
use dkvm_wire::{
    topics,
    vocab::{peer::Pace, video::LinkLoad},
};
use std::sync::Arc;

const ENCODE: Giver = Giver {
    key: Key::Encode,
    part: Part::Encode,
    usual: "encode",
};
const H264: Giver = Giver {
    key: Key::H264,
    part: Part::H264,
    usual: "h264",
};
const AUDIO: Giver = Giver {
    key: Key::Audio,
    part: Part::Audio,
    usual: "audio",
};

/// This node's encoder of H.264, on the other side of the kernel. What it does not answer is asked again by who needs it.
struct OwnEncoder(Arc<Hub>);

impl Encoder for OwnEncoder {
    fn key_frame(&self) {
        let hub = self.0.clone();
        tokio::spawn(async move { actions::key_frame(&hub).await });
    }

    fn link(&self, load: LinkLoad) {
        let hub = self.0.clone();
        tokio::spawn(async move { actions::link_load(&hub, &load).await });
    }
}

/// Another node's: to call it would take a right there.
struct FarEncoder {
    hub: Arc<Hub>,
    want: Arc<Want>,
}

impl Encoder for FarEncoder {
    fn key_frame(&self) {
        self.want.anew();
    }

    /// That node sees the link between the nodes alone.
    fn link(&self, load: LinkLoad) {
        let Some(from) = self.want.asked() else {
            return;
        };
        let hub = self.hub.clone();
        tokio::spawn(async move { actions::far_link_load(&hub, &Pace { from, load }).await });
    }
}

/// All of them.
pub struct Streams {
    hub: Arc<Hub>,
    pictures: Arc<Pictures>,
    units: Arc<Units>,
    sounds: Arc<Sounds>,
    /// Small pictures of all targets.
    pub thumbs: Arc<Thumbs>,
    far_pictures: Shelf<Pictures>,
    far_units: Shelf<Units>,
    far_sounds: Shelf<Sounds>,
}

impl Streams {
    /// Nobody watches yet.
    pub fn new(hub: &Arc<Hub>) -> Self {
        let want = |topic, giver| Arc::new(Want::new(hub.clone(), topic, giver, Place::Here));
        let jpeg = Box::new(want(topics::VIDEO_JPEG, ENCODE));
        let h264 = Box::new(want(topics::VIDEO_H264, H264));
        let sound = Box::new(want(topics::AUDIO_SPEAKER, AUDIO));
        let thumbs = Box::new(WantAll(hub.clone(), topics::VIDEO_THUMB));
        Self {
            hub: hub.clone(),
            pictures: Arc::new(Pictures::new(jpeg)),
            units: Arc::new(Units::new(h264, Box::new(OwnEncoder(hub.clone())))),
            sounds: Arc::new(Sounds::new(sound)),
            thumbs: Arc::new(Thumbs::new(thumbs)),
            far_pictures: Shelf::default(),
            far_units: Shelf::default(),
            far_sounds: Shelf::default(),
        }
    }

    fn want(&self, topic: &'static str, giver: Giver, node: &str) -> Arc<Want> {
        let place = Place::At(node.to_owned());
        Arc::new(Want::new(self.hub.clone(), topic, giver, place))
    }

    /// A target's JPEGs, for one who begins to watch.
    pub fn pictures(&self, place: &Place) -> Result<Arc<Pictures>, ShelfFull> {
        let make = |node| Pictures::new(Box::new(self.want(topics::VIDEO_JPEG, ENCODE, node)));
        match place {
            Place::Here => Ok(self.pictures.clone()),
            Place::At(node) => self.far_pictures.open(node, || make(node)),
        }
    }

    /// A target's H.264, for one who begins to watch.
    pub fn units(&self, place: &Place) -> Result<Arc<Units>, ShelfFull> {
        let make = |node| {
            let want = self.want(topics::VIDEO_H264, H264, node);
            let hub = self.hub.clone();
            let encoder = FarEncoder {
                hub,
                want: want.clone(),
            };
            Units::new(Box::new(want), Box::new(encoder))
        };
        match place {
            Place::Here => Ok(self.units.clone()),
            Place::At(node) => self.far_units.open(node, || make(node)),
        }
    }

    /// What a target plays, for one who begins to listen.
    pub fn sounds(&self, place: &Place) -> Result<Arc<Sounds>, ShelfFull> {
        let make = |node| Sounds::new(Box::new(self.want(topics::AUDIO_SPEAKER, AUDIO, node)));
        match place {
            Place::Here => Ok(self.sounds.clone()),
            Place::At(node) => self.far_sounds.open(node, || make(node)),
        }
    }

    /// Those that are watched of a target.
    pub fn pictures_of(&self, place: &Place) -> Option<Arc<Pictures>> {
        match place {
            Place::Here => Some(self.pictures.clone()),
            Place::At(node) => self.far_pictures.of(node),
        }
    }

    /// Those that are watched of a target.
    pub fn units_of(&self, place: &Place) -> Option<Arc<Units>> {
        match place {
            Place::Here => Some(self.units.clone()),
            Place::At(node) => self.far_units.of(node),
        }
    }

    /// What is heard of a target.
    pub fn sounds_of(&self, place: &Place) -> Option<Arc<Sounds>> {
        match place {
            Place::Here => Some(self.sounds.clone()),
            Place::At(node) => self.far_sounds.of(node),
        }
    }

    /// Who told that is who is asked for it.
    pub fn follow(&self, place: &Place, part: Part) {
        match part {
            Part::Encode => each(self.pictures_of(place), |pictures| pictures.follow()),
            Part::H264 => each(self.units_of(place), |units| units.follow()),
            Part::Audio => each(self.sounds_of(place), |sounds| sounds.follow()),
            _ => {}
        }
    }

    /// What an encoder that is gone showed last is not the present any more.
    pub fn forget(&self, place: &Place, part: Part) {
        match part {
            Part::Encode => {
                each(self.pictures_of(place), |pictures| pictures.forget());
                self.thumbs.gone(place);
            }
            Part::H264 => each(self.units_of(place), |units| units.forget()),
            _ => {}
        }
    }

    /// Whether [`Streams::settle`] has something to do, now or later.
    pub fn holds_lease(&self) -> bool {
        self.pictures.holds_lease() || self.far_pictures.any(Pictures::holds_lease)
    }

    /// Gives back what is held for long enough.
    pub fn settle(&self, now: Moment) {
        self.pictures.settle(now);
        self.far_pictures.each(|pictures| pictures.settle(now));
    }

    /// Whether anybody watches H.264.
    pub fn is_watched(&self) -> bool {
        self.units.is_watched() || self.far_units.any(Units::is_watched)
    }

    /// What the links carry, and who lacks a key frame.
    pub fn look(&self, now: Moment) {
        self.units.look(now);
        self.far_units.each(|units| units.look(now));
    }
}

fn each<T>(one: Option<Arc<T>>, tell: impl FnOnce(&T)) {
    if let Some(one) = one {
        tell(&one);
    }
}
