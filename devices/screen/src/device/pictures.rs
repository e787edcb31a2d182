//! Pictures on their way to the window.

use super::Device;
use crate::{core::Kind, error::Error, pane::Pane};
use dkvm_sdk::Lease;
use dkvm_wire::{
    topics,
    vocab::video::{FrameInfo, Thumb},
};
use std::time::Duration;

impl Device {
    /// A frame of another source was on its way when that was given up.
    pub(super) fn frame(&mut self, info: FrameInfo, leases: Vec<Lease>, from: (&str, &str)) {
        let now = self.now();
        let mut panes = self.panes.iter_mut();
        let is_its = |pane: &&mut Pane| (pane.source.topic(), pane.source.name()) == from;
        let Some(pane) = panes.find(is_its) else {
            return;
        };
        if let Err(why) = pane.frame(info, leases, &self.reader, now) {
            self.complain(&format!("{}: {why}", from.1));
        }
    }

    /// So is a small picture.
    pub(super) fn thumb(&mut self, source: &str, thumb: &Thumb) {
        let node = source.split_once('/').map(|(node, _)| node);
        let Some(node) = node.filter(|_| self.watch.has(topics::VIDEO_THUMB, source)) else {
            return;
        };
        if let Err(error) = self.thumbs.take(node, thumb) {
            self.complain(&format!("{source}: {error}"));
        }
    }

    /// How many access units wait for the decoder.
    pub(super) fn waiting(&self) -> usize {
        self.panes.iter().map(Pane::waiting).sum()
    }

    /// Decodes the next of these: where most of them wait.
    pub(super) fn decode_unit(&mut self) {
        let now = self.now();
        let most = self.panes.iter_mut().max_by_key(|pane| pane.waiting());
        let Some(pane) = most else { return };
        if let Err(why) = pane.decode_unit(now) {
            let why = format!("{}: {why}", pane.source.name());
            self.complain(&why);
        }
    }

    /// Frames that are each a picture are decoded when the window can take one, or when they have waited for that long enough: an X
    /// server may stand still.
    pub(super) fn decode(&mut self) {
        let now = self.now();
        let window = self.window.as_ref();
        let is_busy = |number| window.is_some_and(|window| window.is_busy(number));
        let is_due = |pane: &Pane| pane.due().is_some_and(|due| due <= now);
        let panes = self.panes.iter_mut().enumerate();
        let failed: Vec<String> = panes
            .filter(|(number, pane)| !is_busy(*number) || is_due(pane))
            .filter_map(|(_, pane)| {
                let made = pane.decode(&self.reader);
                made.err()
                    .map(|why| format!("{}: {why}", pane.source.name()))
            })
            .collect();
        failed.iter().for_each(|why| self.complain(why));
    }

    /// Whether a picture should come.
    pub(super) fn expects(&self, pane: &Pane) -> bool {
        pane.source.kind() == Kind::H264 && self.scene.obstacle(&pane.source).is_none()
    }

    /// For key frames, of whom one is needed.
    pub(super) fn ask(&mut self, now: Duration) -> Result<(), Error> {
        for number in 0..self.panes.len() {
            if !self.expects(&self.panes[number]) {
                continue;
            }
            let pane = &mut self.panes[number];
            if pane.asks(now) {
                self.watch.again(pane.source.topic(), pane.source.name())?;
            }
        }
        Ok(())
    }
}
