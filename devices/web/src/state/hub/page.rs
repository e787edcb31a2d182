//! One open page.

use super::{Hub, Letterbox, MAX_ANSWERS};
use crate::state::{board::Mark, holders::PageId, Place};
use dkvm_sdk::SendError;
use dkvm_wire::{
    topics,
    vocab::{input::InputState, page::ToPage, peer::Grant},
};
use std::{collections::VecDeque, sync::Arc};
use thiserror::Error;

/// An open page, until it is dropped.
pub struct Page {
    pub(super) hub: Arc<Hub>,
    pub(super) id: PageId,
    pub(super) letterbox: Arc<Letterbox>,
    pub(super) mark: Mark,
}

/// What a page's other half needs: input goes in while news goes out.
pub struct PageIn {
    hub: Arc<Hub>,
    id: PageId,
    letterbox: Arc<Letterbox>,
}

impl Page {
    /// The half that takes what the page sends.
    pub fn inbound(&self) -> PageIn {
        PageIn {
            hub: self.hub.clone(),
            id: self.id,
            letterbox: self.letterbox.clone(),
        }
    }

    /// Waits until there is news.
    pub async fn rung(&self) {
        self.letterbox.bell.notified().await;
    }

    /// Pings to be answered.
    pub fn pongs(&self) -> VecDeque<Vec<u8>> {
        std::mem::take(&mut crate::lock(&self.letterbox.mail).pongs)
    }

    /// All that is new for this page, as JSON, in the order in which it is to be sent.
    pub fn news(&mut self) -> Vec<Arc<str>> {
        let (answers, ack, acks_from) = {
            let mut mail = crate::lock(&self.letterbox.mail);
            let acks_from = std::mem::take(&mut mail.acks_from);
            let answers = std::mem::take(&mut mail.answers);
            (answers, mail.ack.take(), acks_from)
        };
        let far = acks_from.into_iter();
        let far = far.map(|(node, ack)| ToPage::AckFrom { node, ack });
        let own = answers.into_iter().chain(ack.map(ToPage::Ack)).chain(far);
        let mut news: Vec<Arc<str>> = own
            .filter_map(|message| serde_json::to_string(&message).ok())
            .map(Arc::from)
            .collect();
        let (changed, mark) = crate::lock(&self.hub.world).board.since(self.mark);
        self.mark = mark;
        news.extend(changed);
        news
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.hub.close(self.id);
    }
}

/// A page that asks much and reads nothing.
#[derive(Debug, Error)]
#[error("{MAX_ANSWERS} answers wait for this page to read them")]
pub struct ReadsNothing;

impl PageIn {
    /// Sends what the page holds on to the hid of that target alone: without its name it would be typed at all of them. `false`: it
    /// speaks for more holders than a page has.
    pub fn input(&self, place: &Place, state: &InputState) -> Result<bool, SendError> {
        if let Place::At(node) = place {
            // It is sent again while it is not acknowledged, and shows by itself when it may be.
            if self.hub.allows(node, &[Grant::Type]).is_err() {
                return Ok(true);
            }
        }
        let mut world = crate::lock(&self.hub.world);
        let Some(hid) = world.hid_of(place).map(str::to_owned) else {
            return Ok(true);
        };
        if !world.holders.note(self.id, place, state) {
            return Ok(false);
        }
        drop(world);
        let sent = self.hub.sender.emit_to(topics::INPUT, state, &[&hid]);
        sent.map(|()| true)
    }

    /// An answer to this page alone.
    pub fn answer(&self, message: ToPage) -> Result<(), ReadsNothing> {
        let mut mail = crate::lock(&self.letterbox.mail);
        if mail.answers.len() >= MAX_ANSWERS {
            return Err(ReadsNothing);
        }
        mail.answers.push_back(message);
        self.letterbox.bell.notify_one();
        Ok(())
    }

    /// The answer to the WebSocket's own ping.
    pub fn pong(&self, payload: Vec<u8>) -> Result<(), ReadsNothing> {
        let mut mail = crate::lock(&self.letterbox.mail);
        if mail.pongs.len() >= MAX_ANSWERS {
            return Err(ReadsNothing);
        }
        mail.pongs.push_back(payload);
        self.letterbox.bell.notify_one();
        Ok(())
    }
}
