//! Short numbers for holders, so that a lease does not carry names, and what each of them holds.

use super::Holder;
use dkvm_wire::LeaseId;
use std::collections::{HashMap, HashSet};

/// A holder's place in the table; reused after it is removed, when nothing refers to it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct HolderIndex(usize);

#[derive(Debug)]
struct Entry {
    holder: Holder,
    leases: HashSet<LeaseId>,
}

/// All holders that hold something or have a pool.
#[derive(Debug, Default)]
pub(super) struct Holders {
    by_name: HashMap<Holder, HolderIndex>,
    entries: Vec<Option<Entry>>,
    unused: Vec<HolderIndex>,
}

impl Holders {
    pub fn find(&self, holder: &Holder) -> Option<HolderIndex> {
        self.by_name.get(holder).copied()
    }

    pub fn find_or_add(&mut self, holder: &Holder) -> HolderIndex {
        self.find(holder).unwrap_or_else(|| self.add(holder))
    }

    fn add(&mut self, holder: &Holder) -> HolderIndex {
        let entry = Some(Entry {
            holder: holder.clone(),
            leases: HashSet::new(),
        });
        let index = match self.unused.pop() {
            Some(index) => {
                self.entries[index.0] = entry;
                index
            }
            None => {
                self.entries.push(entry);
                HolderIndex(self.entries.len() - 1)
            }
        };
        self.by_name.insert(holder.clone(), index);
        index
    }

    /// Forgets a holder, whose leases the caller has ended.
    pub fn remove(&mut self, index: HolderIndex) {
        if let Some(entry) = self.entries[index.0].take() {
            self.by_name.remove(&entry.holder);
            self.unused.push(index);
        }
    }

    pub fn name(&self, index: HolderIndex) -> Option<&Holder> {
        self.entries[index.0].as_ref().map(|entry| &entry.holder)
    }

    pub fn note(&mut self, index: HolderIndex, lease: LeaseId) {
        if let Some(entry) = &mut self.entries[index.0] {
            entry.leases.insert(lease);
        }
    }

    pub fn forget(&mut self, index: HolderIndex, lease: LeaseId) {
        if let Some(entry) = &mut self.entries[index.0] {
            entry.leases.remove(&lease);
        }
    }

    pub fn leases(&self, index: HolderIndex) -> Vec<LeaseId> {
        self.entries[index.0]
            .iter()
            .flat_map(|entry| entry.leases.iter().copied())
            .collect()
    }

    pub fn count(&self, holder: &Holder) -> usize {
        let entry = self
            .find(holder)
            .and_then(|index| self.entries[index.0].as_ref());
        entry.map_or(0, |entry| entry.leases.len())
    }
}
