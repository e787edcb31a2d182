//! Who watches another node's pictures here may have a slow link of its own, as a page has. That node sees the link between the
//! nodes alone, so it is told.

use super::{peer::Peer, requests::refused, Desk};
use crate::{core::bucket::Bucket, message::Control};
use dkvm_wire::{
    topics,
    vocab::{peer::Pace, video::LinkLoad},
    ErrorCode, SourceName, WireError,
};

/// Over one link so much is told: several times what pages give cause for, and far less than the other side ends the link for.
const AT_ONCE: u32 = 32;
const A_SECOND: u32 = 16;

/// How much may still be told over a link.
pub fn room() -> Bucket {
    Bucket::new(AT_ONCE, A_SECOND)
}

impl Desk {
    /// Passes it on to the node whose pictures they are.
    pub(super) fn pass_pace(&mut self, pace: Pace) -> Result<(), WireError> {
        let Pace { from, load } = pace;
        let source = SourceName::try_from(from).map_err(|error| bad(error.to_string()))?;
        let Some(node) = source.node() else {
            let told = format!("{source} is a device of this node: tell it by `h264.link`");
            return Err(bad(told));
        };
        let key = self.store.named(node).map_err(refused)?.fingerprint;
        let from = source.device().to_owned();
        let readers = self.own.demands.readers(topics::VIDEO_H264, node, &from);
        let LinkLoad { slowest, fastest } = load;
        let note = Control::Pace {
            from,
            slowest,
            // Who else reads here, of whom nothing is told, takes all that comes.
            fastest: fastest.filter(|_| readers <= 1),
        };
        let now = self.now();
        let wire = self.peers.get_mut(&key).and_then(Peer::wire);
        let wire = wire.ok_or_else(|| {
            let told = format!("{node}: there is no link to it now: try again");
            WireError::new(ErrorCode::Unavailable, told)
        })?;
        match wire.paces.take(now) && wire.mouth.notes.try_send(note).is_ok() {
            true => Ok(()),
            false => {
                let told = format!("{node} is told a pace {A_SECOND} times a second at most: tell it twice a second");
                Err(WireError::new(ErrorCode::Exhausted, told))
            }
        }
    }
}

fn bad(told: String) -> WireError {
    WireError::new(ErrorCode::BadRequest, told)
}
