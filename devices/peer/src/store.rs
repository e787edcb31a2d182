//! The paired nodes, as they are kept.

mod lost;

use self::lost::Lost;
use crate::{core::name, files, fingerprint::Fingerprint};
use dkvm_wire::vocab::peer::Grant;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

const FILE: &str = "peers.json";
/// Where a file goes that cannot be read at all.
const DAMAGED: &str = "peers.damaged";
/// More than anybody has on a desk; each has a socket and is called.
pub const MOST: usize = 64;
/// Nodes of the card that were forgotten here.
const FORGOTTEN_MOST: usize = 64;
/// A host name and a port.
const ADDRESS_LONGEST: usize = 300;
/// A release's name.
const VERSION_LONGEST: usize = 64;

/// Why a change is not made.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file is not written.
    #[error("it is not kept ({0}), so nothing was changed: make room in the state directory of peer, then try again")]
    Write(#[source] io::Error),
    /// It holds, and the file is not written.
    #[error("it holds now, but what was before comes back when peer starts again: its card takes no writes ({0}). Make room in the state directory of peer; the next change writes all of it")]
    Unkept(#[source] io::Error),
    /// There are too many.
    #[error("this node is paired with {MOST} others already: forget one first")]
    Full,
    /// Its card does not keep up.
    #[error(
        "other changes wait to be written to the card of this node, which takes long: try again"
    )]
    Busy,
    /// No such node.
    #[error("this node is not paired with {0}: `dkvm peers` lists those that it is paired with")]
    Unknown(String),
    /// It may not be called that.
    #[error("{0:?} is no name for a node: lower-case letters, digits and hyphens, at most 63")]
    Name(String),
    /// Another node is called that.
    #[error("another node is called {0} here: choose another name, or forget that one first")]
    Taken(String),
    /// Too long.
    #[error("the address is too long")]
    Address,
    /// It was allowed something else, or forgotten, before this was written.
    #[error("something else was said of that node before this was written to the card, and that holds: `dkvm peers` shows it")]
    Overtaken,
    /// It holds once it is written.
    #[error("{0} is still being written to the card of this node, which takes long: say it again when `dkvm peers` shows it")]
    Coming(String),
}

/// Where a node comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Paired, or authorised by a call.
    #[default]
    Person,
    /// The card's `dkvm.txt` names its key.
    Card,
}

/// A paired node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its name here.
    pub node: String,
    /// Its key.
    pub fingerprint: Fingerprint,
    /// Where a person said that it is; may be empty.
    #[serde(default)]
    pub address: String,
    /// Where it was reached last; empty before the first link.
    #[serde(default)]
    pub reached: String,
    /// What it may do here.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Its release when it was seen last.
    #[serde(default)]
    pub version: String,
    /// Where it comes from.
    #[serde(default)]
    pub origin: Origin,
}

impl Peer {
    /// Nothing but its key is known.
    pub const fn new(fingerprint: Fingerprint) -> Self {
        Self {
            node: String::new(),
            fingerprint,
            address: String::new(),
            reached: String::new(),
            grants: Vec::new(),
            version: String::new(),
            origin: Origin::Person,
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        if !name::is_valid(&self.node) {
            return Err(StoreError::Name(self.node.chars().take(80).collect()));
        }
        if self.address.len() > ADDRESS_LONGEST
            || self.reached.len() > ADDRESS_LONGEST
            || self.version.len() > VERSION_LONGEST
        {
            return Err(StoreError::Address);
        }
        Ok(())
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Store {
    path: Option<PathBuf>,
    peers: Vec<Peer>,
    /// Keys of the card that a person forgot: the card must not bring them back.
    forgotten: Vec<Fingerprint>,
    /// What could not be read is kept as it is, for whoever can mend it.
    unread: Vec<Value>,
    lost: Lost,
    /// All that the card names.
    of_card: Vec<Fingerprint>,
}

impl Store {
    /// Those in `folder`, and what is to be told of it. What is damaged costs only itself.
    pub fn load(folder: Option<&Path>) -> (Self, Vec<String>) {
        let mut store = Self {
            path: folder.map(|folder| folder.join(FILE)),
            ..Self::default()
        };
        let mut told = Vec::new();
        let text = store.path.as_deref().map_or(Ok(None), files::read);
        match text {
            // One that was put aside, and nothing has been written since.
            Ok(None) => {
                let aside = folder.map(|folder| folder.join(DAMAGED).try_exists());
                store.lost.all = aside.is_some_and(|aside| aside.unwrap_or(true));
            }
            Ok(Some(text)) => store.take(&text, &mut told),
            Err(error) => {
                told.push(format!("the paired nodes cannot be read ({error}): make {FILE} in the state directory of peer readable for it"));
                // Whoever cannot read must not write over it either.
                store.path = None;
                store.lost.all = true;
            }
        }
        (store, told)
    }

    fn take(&mut self, text: &str, told: &mut Vec<String>) {
        match lost::understood(text) {
            Ok((entries, forgotten)) => {
                for entry in entries {
                    self.take_entry(entry, told);
                }
                let keys = forgotten.into_iter().take(FORGOTTEN_MOST);
                for key in keys {
                    match serde_json::from_value(key) {
                        Ok(key) => self.forgotten.push(key),
                        Err(_) => self.lost.all = true,
                    }
                }
            }
            Err(error) => {
                self.lost.all = true;
                let put_aside = self
                    .path
                    .as_ref()
                    .map(|path| fs::rename(path, path.with_file_name(DAMAGED)));
                if let Some(Err(error)) = put_aside {
                    dkvm_sdk::warn!("{FILE} was not put aside: {error}");
                }
                told.push(format!("the file of the paired nodes is damaged ({error}) and was put aside as {DAMAGED}: pair them anew, or mend it and put it back as {FILE}"));
            }
        }
    }

    fn take_entry(&mut self, entry: Value, told: &mut Vec<String>) {
        let read = serde_json::from_value::<Peer>(entry.clone());
        let checked = read.map_err(|error| error.to_string()).and_then(|peer| {
            let free = self
                .peers
                .iter()
                .all(|other| other.node != peer.node && other.fingerprint != peer.fingerprint);
            match peer.check() {
                Err(error) => Err(error.to_string()),
                Ok(()) if !free => Err(format!("{} is there twice", peer.node)),
                Ok(()) if self.peers.len() >= MOST => Err(StoreError::Full.to_string()),
                Ok(()) => Ok(peer),
            }
        });
        match checked {
            Ok(peer) => self.peers.push(peer),
            Err(error) => {
                let name = entry
                    .get("node")
                    .and_then(Value::as_str)
                    .unwrap_or("without a name");
                let name: String = name.chars().take(80).collect();
                told.push(format!("of the paired nodes in {FILE} one ({name}) is damaged and is a stranger now ({error}): pair it anew"));
                self.lost.take(&entry);
                if self.unread.len() < MOST {
                    self.unread.push(entry);
                }
            }
        }
    }

    /// All, by name.
    pub fn list(&self) -> &[Peer] {
        &self.peers
    }

    /// The one with that key.
    pub fn of(&self, key: &Fingerprint) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.fingerprint == *key)
    }

    /// The one of that name.
    pub fn named(&self, node: &str) -> Result<&Peer, StoreError> {
        let found = self.peers.iter().find(|peer| peer.node == node);
        found.ok_or_else(|| StoreError::Unknown(node.chars().take(80).collect()))
    }

    /// A name like `wished` that no other node has.
    pub fn free_name(&self, wished: String, key: &Fingerprint) -> String {
        name::unique(wished, |name| {
            self.peers
                .iter()
                .any(|peer| peer.node == name && peer.fingerprint != *key)
        })
    }

    /// Adds it, or changes the one with its key, at once; [`Self::page`] is to be written down. What takes rights must not
    /// wait for a card.
    pub fn hold(&mut self, peer: Peer) -> Result<(), StoreError> {
        (self.peers, self.forgotten) = self.with(peer)?;
        Ok(())
    }

    /// All, with this one, and what is forgotten then.
    fn with(&self, peer: Peer) -> Result<(Vec<Peer>, Vec<Fingerprint>), StoreError> {
        peer.check()?;
        let mut peers = self.peers.clone();
        peers.retain(|other| other.fingerprint != peer.fingerprint);
        if peers.iter().any(|other| other.node == peer.node) {
            return Err(StoreError::Taken(peer.node));
        }
        if peers.len() >= MOST {
            return Err(StoreError::Full);
        }
        let mut forgotten = self.forgotten.clone();
        forgotten.retain(|key| *key != peer.fingerprint);
        peers.push(peer);
        peers.sort_by(|one, other| one.node.cmp(&other.node));
        Ok((peers, forgotten))
    }

    /// Removes it at once; [`Self::page`] is to be written down.
    pub fn forget(&mut self, node: &str) -> Result<Peer, StoreError> {
        let gone = self.named(node)?.clone();
        // Also one of which a person has said something since: the card names it still.
        if gone.origin == Origin::Card || self.of_card.contains(&gone.fingerprint) {
            self.never_by_card(gone.fingerprint);
        }
        self.peers.retain(|peer| peer.node != node);
        Ok(gone)
    }

    fn never_by_card(&mut self, key: Fingerprint) {
        self.forgotten.push(key);
        let over = self.forgotten.len().saturating_sub(FORGOTTEN_MOST);
        self.forgotten.drain(..over);
    }

    /// Whom the card names, and of whom what a person has said is lost: it may have been forgotten, or held to less, so the card
    /// must not bring it back with everything. Gives what is to be told of it.
    pub fn hold_back(&mut self, card: &[Fingerprint]) -> Option<String> {
        let is_held = |key: &&Fingerprint| {
            self.lost.has(key) && self.of(key).is_none() && !self.forgotten.contains(key)
        };
        let held: Vec<Fingerprint> = card.iter().filter(is_held).copied().collect();
        if held.is_empty() {
            return None;
        }
        let names: Vec<String> = held.iter().map(Fingerprint::short).collect();
        held.into_iter().for_each(|key| self.never_by_card(key));
        if let Err(error) = self.page().write() {
            dkvm_sdk::warn!("that nodes of the card are held back is not kept: {error}");
        }
        Some(format!("dkvm.txt names a node ({}) of which it is not known any more what it may do here, so it is a stranger: pair it anew", names.join(", ")))
    }

    /// What holds, to be written down.
    pub fn page(&self) -> Page {
        self.page_of(&self.peers, &self.forgotten)
    }

    /// The same with this one, which holds once it is written down.
    pub fn page_with(&self, peer: Peer) -> Result<Page, StoreError> {
        let (peers, forgotten) = self.with(peer)?;
        Ok(self.page_of(&peers, &forgotten))
    }

    /// What the card names holds, but for what was forgotten here; what it names no more is forgotten.
    pub fn follow_card(&mut self, keys: &[Fingerprint]) -> Result<(), StoreError> {
        self.of_card = keys.to_vec();
        let mut peers = self.peers.clone();
        peers.retain(|peer| peer.origin == Origin::Person || keys.contains(&peer.fingerprint));
        for key in keys {
            let known = peers.iter().any(|peer| peer.fingerprint == *key);
            if known || self.forgotten.contains(key) || peers.len() >= MOST {
                continue;
            }
            let name = name::unique(name::of("", key), |name| {
                peers.iter().any(|peer| peer.node == name)
            });
            peers.push(Peer {
                node: name,
                grants: Grant::ALL.to_vec(),
                origin: Origin::Card,
                ..Peer::new(*key)
            });
        }
        if peers == self.peers {
            return Ok(());
        }
        peers.sort_by(|one, other| one.node.cmp(&other.node));
        // The card says so, whether or not it can be written down.
        self.peers = peers;
        self.page().write().map_err(StoreError::Unkept)
    }

    fn page_of(&self, peers: &[Peer], forgotten: &[Fingerprint]) -> Page {
        let mut entries: Vec<Value> = peers.iter().map(|peer| json!(peer)).collect();
        entries.extend(self.unread.iter().cloned());
        let file = json!({ "peers": entries, "forgotten": forgotten });
        Page {
            path: self.path.clone(),
            text: file.to_string(),
        }
    }
}

/// What is to be in the file. To write it takes as long as the card does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    path: Option<PathBuf>,
    text: String,
}

impl Page {
    /// Writes it down; where there is no state directory nothing is kept.
    pub fn write(&self) -> io::Result<()> {
        match &self.path {
            Some(path) => files::replace(path, self.text.as_bytes()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
