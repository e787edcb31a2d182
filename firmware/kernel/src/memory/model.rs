//! A naive model of the ledger: lists, searched from end to end. It takes the ledger's word for *which* slot is granted,
//! and for nothing else.

use super::Holder;
use dkvm_wire::{LeaseId, LeaseRef, PoolId};
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct ModelPool {
    pub id: PoolId,
    pub owner: Option<Holder>,
    pub slots: u32,
    pub window: u32,
}

#[derive(Debug)]
pub struct ModelLease {
    pub at: LeaseRef,
    pub grant: Option<Holder>,
    pub counts: BTreeMap<Holder, u32>,
}

#[derive(Debug, Default)]
pub struct Model {
    pub pools: Vec<ModelPool>,
    pub leases: Vec<ModelLease>,
    seen: Vec<LeaseId>,
}

impl ModelLease {
    fn held_by(&self, holder: &Holder) -> bool {
        self.grant.as_ref() == Some(holder) || self.counts.contains_key(holder)
    }
}

impl Model {
    pub fn granted(&mut self, holder: &Holder, leases: &[LeaseRef]) {
        for at in leases {
            let twice = self
                .leases
                .iter()
                .any(|l| l.at.pool == at.pool && l.at.slot == at.slot);
            assert!(!twice, "slot {at:?} was granted while in use");
            assert!(
                !self.seen.contains(&at.lease),
                "lease id {at:?} was used twice"
            );
            let pool = self.pools.iter().find(|p| p.id == at.pool).unwrap();
            assert_eq!(
                pool.owner.as_ref(),
                Some(holder),
                "granted to another than the owner"
            );
            assert!(at.slot.0 < pool.slots);
            self.seen.push(at.lease);
            let (grant, counts) = (Some(holder.clone()), BTreeMap::new());
            self.leases.push(ModelLease {
                at: *at,
                grant,
                counts,
            });
        }
    }

    fn held(&mut self, holder: &Holder, lease: LeaseId) -> Option<&mut ModelLease> {
        self.leases
            .iter_mut()
            .find(|l| l.at.lease == lease && l.held_by(holder))
    }

    pub fn publish(&mut self, holder: &Holder, at: &LeaseRef, readers: &[Holder]) -> bool {
        let Some(lease) = self.held(holder, at.lease) else {
            return false;
        };
        if lease.grant.as_ref() == Some(holder) {
            lease.grant = None;
            lease.at.length = at.length;
        } else if lease.at.length != at.length {
            return false;
        }
        for reader in readers {
            *lease.counts.entry(reader.clone()).or_default() += 1;
        }
        self.sweep();
        true
    }

    pub fn retain(&mut self, holder: &Holder, lease: LeaseId) -> bool {
        let Some(lease) = self.held(holder, lease) else {
            return false;
        };
        *lease.counts.entry(holder.clone()).or_default() += 1;
        true
    }

    pub fn release(&mut self, holder: &Holder, lease: LeaseId) -> bool {
        let Some(lease) = self.held(holder, lease) else {
            return false;
        };
        match lease.counts.get_mut(holder) {
            Some(count) => *count -= 1,
            None => lease.grant = None,
        }
        lease.counts.retain(|_, count| *count > 0);
        self.sweep();
        true
    }

    pub fn close(&mut self, holder: &Holder, pool: PoolId) -> bool {
        let owner = Some(holder);
        let Some(open) = self
            .pools
            .iter_mut()
            .find(|p| p.id == pool && p.owner.as_ref() == owner)
        else {
            return false;
        };
        open.owner = None;
        for lease in self.leases.iter_mut().filter(|l| l.at.pool == pool) {
            lease.grant = None;
        }
        self.sweep();
        true
    }

    pub fn reclaim(&mut self, holder: &Holder) {
        let owned: Vec<PoolId> = self
            .pools
            .iter()
            .filter(|p| p.owner.as_ref() == Some(holder))
            .map(|p| p.id)
            .collect();
        for pool in owned {
            self.close(holder, pool);
        }
        for lease in &mut self.leases {
            lease.counts.remove(holder);
        }
        self.sweep();
    }

    fn sweep(&mut self) {
        self.leases
            .retain(|l| l.grant.is_some() || !l.counts.is_empty());
        let leases = &self.leases;
        self.pools
            .retain(|p| p.owner.is_some() || leases.iter().any(|l| l.at.pool == p.id));
    }

    pub fn free(&self, pool: &ModelPool) -> u32 {
        pool.slots - self.leases.iter().filter(|l| l.at.pool == pool.id).count() as u32
    }

    pub fn granted_of(&self, pool: PoolId) -> u32 {
        self.leases
            .iter()
            .filter(|l| l.at.pool == pool && l.grant.is_some())
            .count() as u32
    }

    pub fn leases_of(&self, holder: &Holder) -> usize {
        self.leases.iter().filter(|l| l.held_by(holder)).count()
    }
}
