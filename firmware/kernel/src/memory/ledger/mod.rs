//! The ledger: every lease of every pool, and who holds it. No I/O, no clock.
//!
//! Every operation of the hot path is O(1) in the number of leases and devices (O(readers) of one lease).

mod leases;
mod pools;
mod upkeep;

use super::holders::Holders;
use super::lease::Lease;
use super::overdue::{self, Overdue};
use super::pool::Pool;
use super::Holder;
use dkvm_wire::service::MemoryStats;
use dkvm_wire::{LeaseId, LeaseRef, PoolId};
use std::collections::HashMap;

/// Pools of one device at a time, old ones that still drain included: a mode that changes faster than
/// readers follow must not pile up files.
pub(super) const MAX_POOLS: usize = 8;

/// Who holds which slot.
#[derive(Debug)]
pub struct Ledger {
    budget: u64,
    bytes: u64,
    last_pool: u32,
    last_lease: u64,
    pools: HashMap<PoolId, Pool>,
    leases: HashMap<LeaseId, Lease>,
    holders: Holders,
    /// Granted by a top-up, not yet fetched by `take_grants`.
    topped_up: Vec<LeaseId>,
    ended: Vec<PoolId>,
}

impl Ledger {
    /// A ledger that lets all pools together have `budget` bytes.
    pub fn new(budget: u64) -> Self {
        Self {
            budget,
            bytes: 0,
            last_pool: 0,
            last_lease: 0,
            pools: HashMap::new(),
            leases: HashMap::new(),
            holders: Holders::default(),
            topped_up: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Leases that were granted since the last call, to be sent as `memory.grant`.
    pub fn take_grants(&mut self) -> Vec<(Holder, Vec<LeaseRef>)> {
        let mut grants: Vec<(Holder, Vec<LeaseRef>)> = Vec::new();
        for id in std::mem::take(&mut self.topped_up) {
            // A grant may have ended before it was sent, with its holder or its pool.
            let Some((lease, owner)) = self.leases.get(&id).and_then(|l| Some((l, l.grant?)))
            else {
                continue;
            };
            let Some(holder) = self.holders.name(owner) else {
                continue;
            };
            match grants.iter_mut().find(|(known, _)| known == holder) {
                Some((_, leases)) => leases.push(lease.as_ref(id)),
                None => grants.push((holder.clone(), vec![lease.as_ref(id)])),
            }
        }
        grants
    }

    /// Pools that ended since the last call: their files are to go.
    pub fn take_ended(&mut self) -> Vec<PoolId> {
        std::mem::take(&mut self.ended)
    }

    /// Leases that readers have held for long. To be called about twice a second.
    pub fn overdue(&mut self, now_ms: u64) -> Vec<Overdue> {
        let mut found = Vec::new();
        for (id, lease) in &mut self.leases {
            for hold in &mut lease.holds {
                found.extend(overdue::check(hold, *id, &self.holders, now_ms));
            }
        }
        found
    }

    /// Leases that a holder has, grants included.
    pub fn leases_of(&self, holder: &Holder) -> usize {
        self.holders.count(holder)
    }

    /// All in numbers.
    pub fn stats(&self) -> MemoryStats {
        MemoryStats {
            bytes: self.bytes,
            budget: self.budget,
            pools: count(self.pools.len()),
            leases: count(self.leases.len()),
            granted: self
                .pools
                .values()
                .map(Pool::granted)
                .fold(0, u32::saturating_add),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
