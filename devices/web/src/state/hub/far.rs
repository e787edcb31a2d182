//! The targets of other nodes.

use super::{Hub, World};
use crate::{
    clock::Moment,
    state::{
        access::{allows, Lacks},
        targets::{Change, Part, Untold},
        Key, Place,
    },
};
use dkvm_wire::{
    vocab::{audio::AudioState, input::InputAck, page::ToPage, peer::Grant},
    Generation, SourceName,
};

/// The device that has its usual name unless another has told.
const HID: &str = "hid";

impl Hub {
    /// A device of another node told its state.
    pub fn post_far(
        &self,
        source: (&SourceName, Generation),
        what: (Part, &str),
        body: &[u8],
    ) -> Result<(), Untold> {
        let now = Moment::now();
        let mut world = crate::lock(&self.world);
        world.targets.tell(source, what, body, now)?;
        world.tell_targets(now);
        Ok(())
    }

    /// A device of another node is gone, or the link to it. Returns what it told of.
    pub fn far_gone(&self, source: &SourceName, life: Generation) -> Vec<Part> {
        let mut world = crate::lock(&self.world);
        let parts = world.targets.gone(source, life);
        if let (true, Some(node)) = (parts.contains(&Part::Hid), source.node()) {
            world.holders.forget(&Place::At(node.to_owned()));
        }
        world.tell_targets(Moment::now());
        parts
    }

    /// Tells pages what had to wait.
    pub fn tell_targets(&self) {
        crate::lock(&self.world).tell_targets(Moment::now());
    }

    /// When that is due.
    pub fn targets_due(&self) -> Option<Moment> {
        crate::lock(&self.world).targets.deadline()
    }

    /// The device that tells a part of a node's target; by its usual name before it told anything.
    pub fn far_device(&self, node: &str, part: Part, usual: &str) -> String {
        let world = crate::lock(&self.world);
        let told = world.targets.teller(node, part);
        told.map_or_else(|| format!("{node}/{usual}"), str::to_owned)
    }

    /// How the sound of another node's target is, as far as it tells.
    pub fn far_audio(&self, node: &str) -> Option<AudioState> {
        let world = crate::lock(&self.world);
        world.targets.target(node)?.audio.clone()
    }

    /// The hid of another node acknowledged: told to the page that speaks for the holder there, and to no other.
    pub fn acknowledge_far(&self, source: &SourceName, ack: InputAck) {
        let Some(node) = source.node() else { return };
        let world = crate::lock(&self.world);
        if world.targets.teller(node, Part::Hid) != Some(source.as_str()) {
            return;
        }
        if let Some(page) = world.page_of(&Place::At(node.to_owned()), ack.holder) {
            let mut mail = crate::lock(&page.mail);
            mail.acks_from.insert(node.to_owned(), ack);
            page.bell.notify_one();
        }
    }

    /// Whether this node may do all that at another now.
    pub fn allows(&self, node: &str, grants: &[Grant]) -> Result<(), Lacks> {
        allows(self.peers.borrow().as_ref(), node, grants)
    }

    /// Completes when it may not any more.
    pub async fn denied(&self, node: &str, grants: &[Grant]) -> Lacks {
        let mut peers = self.peers.subscribe();
        loop {
            if let Err(lacks) = allows(peers.borrow_and_update().as_ref(), node, grants) {
                return lacks;
            }
            // Its sender lives in `self`.
            let _ = peers.changed().await;
        }
    }
}

impl World {
    /// The device that types at a target, if anything is known of it.
    pub(super) fn hid_of(&self, place: &Place) -> Option<&str> {
        match place {
            Place::Here => Some(self.device_of(&Key::Hid, HID)),
            Place::At(node) => self.targets.teller(node, Part::Hid),
        }
    }

    fn tell_targets(&mut self, now: Moment) {
        let mut is_news = false;
        for change in self.targets.due(now) {
            is_news |= match change {
                Change::Is(target) => {
                    let key = Key::Target(target.node.clone());
                    self.board.post(key, ToPage::Target(target))
                }
                Change::Gone(node) => self.board.post_target_gone(node),
            };
        }
        if is_news {
            self.ring_all();
        }
    }
}
