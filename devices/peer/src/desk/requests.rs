//! What people ask of this device.

use super::{keeper::Job, Desk};
use crate::{
    close::Close,
    core::{address, link::Event},
    fingerprint::Fingerprint,
    store::{Origin, Peer, StoreError},
};
use dkvm_sdk::{Request, SendError};
use dkvm_wire::{
    service::Nothing,
    vocab::peer::{methods, Allow, Authorise, Grant, Node},
    ErrorCode, WireError,
};

impl Desk {
    /// Answers one.
    pub fn answer(&mut self, request: Request) -> Result<(), SendError> {
        match request.method() {
            methods::GET => request.reply(&self.state()),
            methods::PAIR => {
                let paired = request.decode().and_then(|with| self.pair(with));
                request.answer_with(paired)
            }
            methods::ANSWER => {
                let answered = request
                    .decode()
                    .and_then(|answer| self.answer_pairing(answer));
                request.answer_with(answered.map(|()| Nothing {}))
            }
            methods::AUTHORISE => {
                let peer = request.decode().and_then(|node| self.authorised(node));
                match peer {
                    Ok(peer) => self.keep(Job::Authorise(peer, request)),
                    Err(error) => request.fail(error)?,
                }
                Ok(())
            }
            methods::ALLOW => {
                let done = request.decode().and_then(|allow| self.allow(allow));
                self.keep_or_fail(request, done)
            }
            methods::FORGET => {
                let done = request.decode();
                let done = done.and_then(|node: Node| self.forget(&node.node));
                self.keep_or_fail(request, done)
            }
            methods::PACE => {
                let passed = request.decode().and_then(|pace| self.pass_pace(pace));
                request.answer_with(passed.map(|()| Nothing {}))
            }
            _ => request.unknown(),
        }
    }

    fn keep_or_fail(
        &mut self,
        request: Request,
        done: Result<(), WireError>,
    ) -> Result<(), SendError> {
        match done {
            Ok(()) => {
                self.keep(Job::Answer(request));
                Ok(())
            }
            Err(error) => request.fail(error),
        }
    }

    fn authorised(&self, node: Authorise) -> Result<Peer, WireError> {
        let bad = |told: String| WireError::new(ErrorCode::BadRequest, told);
        let key: Fingerprint = node
            .fingerprint
            .trim()
            .parse()
            .map_err(|error| bad(format!("{error}")))?;
        if key == self.node.identity.fingerprint {
            return Err(bad(
                "this is the fingerprint of this node itself: use that of the other one".to_owned(),
            ));
        }
        if !node.address.is_empty() {
            address::parse(&node.address).map_err(|error| bad(error.to_string()))?;
        }
        let known = self.store.of(&key).cloned().unwrap_or(Peer::new(key));
        let said = Some(node.address).filter(|address| !address.is_empty());
        // Another address is another place than where it was reached.
        let moved = said.as_ref().is_some_and(|said| *said != known.address);
        Ok(Peer {
            node: node.node,
            address: said.unwrap_or_else(|| known.address.clone()),
            reached: match moved {
                true => String::new(),
                false => known.reached.clone(),
            },
            grants: tidy(&node.grants),
            origin: Origin::Person,
            ..known
        })
    }

    fn allow(&mut self, allow: Allow) -> Result<(), WireError> {
        let known = match self.store.named(&allow.node) {
            Ok(known) => known.clone(),
            Err(_) if self.keeper.is_coming(&allow.node) => {
                let node = allow.node.chars().take(80).collect();
                return Err(refused(StoreError::Coming(node)));
            }
            Err(error) => return Err(refused(error)),
        };
        let key = known.fingerprint;
        let changed = Peer {
            grants: tidy(&allow.grants),
            // What a person has said is not the card's word any more.
            origin: Origin::Person,
            ..known
        };
        // A card that takes no writes must not keep anybody from being cut off.
        self.store.hold(changed).map_err(refused)?;
        // Nor may what was said before, and is still being written, come after it.
        self.keeper.overtake(|peer| peer.fingerprint == key);
        self.renew(key);
        Ok(())
    }

    /// What holds has changed: the link is cut, with all of its sessions, and made again by whoever knows an address.
    pub(super) fn renew(&mut self, key: Fingerprint) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.end_lanes();
            peer.cut(Close::Changed, "what this node may do there has changed");
        }
        self.happens(key, Event::Changed);
        self.look_for_all();
    }

    fn forget(&mut self, node: &str) -> Result<(), WireError> {
        let known = self.store.named(node).map(|peer| peer.fingerprint);
        // One that is still being written down under that name is meant too; here it may have another.
        let coming = self.keeper.overtake(|peer| peer.node == node);
        let key = known
            .or_else(|error| coming.ok_or(error))
            .map_err(refused)?;
        self.keeper.overtake(|peer| peer.fingerprint == key);
        let name = self.store.of(&key).map(|peer| peer.node.clone());
        if let Some(name) = name {
            self.store.forget(&name).map_err(refused)?;
            dkvm_sdk::info!("{name} is forgotten (key {key})");
        }
        self.follow_store();
        Ok(())
    }
}

/// Each once, in order.
fn tidy(grants: &[Grant]) -> Vec<Grant> {
    let given = |grant: &Grant| grants.contains(grant);
    Grant::ALL.into_iter().filter(given).collect()
}

pub(super) fn refused(error: StoreError) -> WireError {
    let code = match error {
        StoreError::Write(_) | StoreError::Unkept(_) => ErrorCode::Hardware,
        StoreError::Full | StoreError::Busy => ErrorCode::Exhausted,
        StoreError::Unknown(_) => ErrorCode::NotFound,
        StoreError::Name(_) | StoreError::Address => ErrorCode::BadRequest,
        StoreError::Taken(_) | StoreError::Overtaken | StoreError::Coming(_) => ErrorCode::Conflict,
    };
    WireError::new(code, error.to_string())
}
