//! Pairing: conversations with nodes that are not known yet, and what becomes of them.

use super::{keeper::Job, Desk};
use crate::{
    core::{
        address::plain,
        lead::Lead,
        link::Opener,
        name,
        pairing::{Action, Known, Said},
    },
    dial,
    fingerprint::Fingerprint,
    listen,
    news::{News, Step},
    pair,
    store::{Origin, Peer, StoreError},
    task::Task,
    tls::PAIR,
};
use dkvm_wire::vocab::peer::{Answer, Grant, PairWith, PairingId, SeenNode};
use dkvm_wire::{ErrorCode, WireError};
use quinn::Connection;
use tokio::sync::mpsc;

/// One conversation.
pub struct Talk {
    says: mpsc::Sender<Said>,
    /// The call, and after it the conversation.
    _task: Task,
    connection: Option<Connection>,
}

impl Desk {
    /// The person here wants to pair.
    pub(super) fn pair(&mut self, with: PairWith) -> Result<PairingId, WireError> {
        let leads = self.places_of(&with.node)?;
        let leads: Vec<_> = leads.into_iter().map(Lead::known).collect();
        let now = self.now();
        let id = self
            .pairings
            .call(&with.node, with.grants, now)
            .map_err(|error| WireError::new(ErrorCode::Conflict, error.to_string()))?;
        let (says, said) = mpsc::channel(pair::SAYS);
        let (node, teller, name) = (self.node.clone(), self.teller.clone(), self.name.clone());
        let task = Task::spawn(async move {
            let broken = match dial::call(&node, None, PAIR, &leads).await {
                Ok(connection) => match listen::key(&connection) {
                    Some(there) => {
                        let here = node.identity.fingerprint;
                        let opener = Opener::Here;
                        let talk = pair::Talk {
                            id,
                            here,
                            there,
                            name,
                            connection,
                            opener,
                            teller,
                        };
                        return pair::talk(talk, said).await;
                    }
                    None => "it shows no key".to_owned(),
                },
                Err(fault) => fault.told,
            };
            // A device that ends has nobody to tell.
            let _ = teller.send(News::Pairing(id, Step::Broken(broken))).await;
        });
        let talk = Talk {
            says,
            _task: task,
            connection: None,
        };
        self.talks.insert(id, talk);
        Ok(PairingId { id })
    }

    fn seen_as(&self, node: &str) -> Option<&SeenNode> {
        let seen = |one: &&SeenNode| one.node == node && !one.addresses.is_empty();
        self.seen.iter().find(seen)
    }

    /// By the name that the network tells, else as a host or address.
    fn places_of(&self, node: &str) -> Result<Vec<String>, WireError> {
        let bad = |told: String| WireError::new(ErrorCode::BadRequest, told);
        match self.seen_as(node) {
            Some(seen) => Ok(seen.addresses.clone()),
            None => {
                crate::core::address::parse(node).map_err(|error| bad(error.to_string()))?;
                Ok(vec![node.to_owned()])
            }
        }
    }

    /// Another node wants to.
    pub(super) fn wants_to_pair(&mut self, there: Fingerprint, connection: Connection) {
        let from = plain(connection.remote_address());
        let here = self.node.identity.fingerprint;
        let now = self.now();
        let admitted = match there == here {
            true => Err("this is the node itself".to_owned()),
            false => self
                .pairings
                .called(from, now)
                .map_err(|error| error.to_string()),
        };
        let id = match admitted {
            Ok(id) => id,
            Err(why) => return pair::refuse(&connection, &why),
        };
        dkvm_sdk::info!("{from} wants to pair (key {there})");
        let (says, said) = mpsc::channel(pair::SAYS);
        let talk = pair::Talk {
            id,
            here,
            there,
            name: self.name.clone(),
            connection: connection.clone(),
            opener: Opener::There,
            teller: self.teller.clone(),
        };
        let task = Task::spawn(pair::talk(talk, said));
        let connection = Some(connection);
        self.talks.insert(
            id,
            Talk {
                says,
                _task: task,
                connection,
            },
        );
    }

    /// What a conversation tells.
    pub(super) fn pairing(&mut self, id: u32, step: Step) {
        let now = self.now();
        let actions = match step {
            Step::Met(mut known, code) => {
                known.name = name::of(&known.name, &known.key);
                self.pairings.met(id, known, code);
                Vec::new()
            }
            Step::Said(said) => self.pairings.said(id, said, now),
            Step::Broken(why) => {
                let actions = self.pairings.fail(id, &why, now);
                self.talks.remove(&id);
                actions
            }
        };
        self.act_on_pairings(actions);
    }

    /// The person here answers.
    pub(super) fn answer_pairing(&mut self, answer: Answer) -> Result<(), WireError> {
        let now = self.now();
        let answered = self.pairings.answer(answer.id, answer.verdict, now);
        let actions =
            answered.map_err(|error| WireError::new(ErrorCode::Conflict, error.to_string()))?;
        self.act_on_pairings(actions);
        Ok(())
    }

    pub(super) fn tick_pairings(&mut self) {
        let actions = self.pairings.tick(self.now());
        self.act_on_pairings(actions);
    }

    fn act_on_pairings(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Tell(id, said) => {
                    if let Some(talk) = self.talks.get(&id) {
                        // There is room for all that can be said.
                        let _ = talk.says.try_send(said);
                    }
                }
                Action::Keep {
                    id,
                    node,
                    grants,
                    called,
                } => self.keep_paired(id, node, grants, &called),
                Action::End(id, why) => self.end_talk(id, &why),
            }
        }
    }

    /// The conversation goes on for as long as the other side reads its end.
    fn end_talk(&mut self, id: u32, why: &str) {
        dkvm_sdk::info!("pairing {id} is over: {why}");
        let Some(talk) = self.talks.remove(&id) else {
            return;
        };
        let why = why.to_owned();
        tokio::spawn(async move {
            // What was said last is on its way.
            tokio::time::sleep(LINGER).await;
            if let Some(connection) = &talk.connection {
                pair::refuse(connection, &why);
            }
            drop(talk);
        });
    }

    fn keep_paired(&mut self, id: u32, node: Known, grants: Vec<Grant>, called: &str) {
        let known = self.store.of(&node.key).cloned();
        let wished = known.as_ref().map_or(node.name, |peer| peer.node.clone());
        let known = known.unwrap_or(Peer::new(node.key));
        // The name of a node on the network is no address.
        let typed = match self.seen_as(called) {
            None if !called.is_empty() => called.to_owned(),
            _ => known.address.clone(),
        };
        let peer = Peer {
            node: self.store.free_name(wished, &node.key),
            address: typed,
            reached: node.address,
            grants,
            origin: Origin::Person,
            ..known
        };
        self.pairings.name(id, &peer.node);
        self.keep(Job::Pair(peer, id));
    }

    /// It is written down and holds, or is not.
    pub(super) fn paired(&mut self, id: u32, told: &str, done: Result<(), StoreError>) {
        if let Err(error) = done {
            dkvm_sdk::error!("the pairing is not kept: {error}");
            self.pairings.spoil(id, &error.to_string());
            return self.end_talk(id, "it could not be kept there");
        }
        dkvm_sdk::info!("{told}");
        self.end_talk(id, "both have said yes");
    }
}

/// The last word of a conversation has so long to arrive before it is cut.
const LINGER: std::time::Duration = std::time::Duration::from_secs(2);
