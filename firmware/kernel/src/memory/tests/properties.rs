//! The ledger against the naive model, in every order of operations that proptest finds.

use super::super::model::{Model, ModelPool};
use super::super::{Holder, Ledger};
use super::{holder, request, MIB};
use dkvm_wire::{LeaseId, LeaseRef, PoolId, SlotIndex};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Op {
    Open {
        who: usize,
        slots: u32,
        window: u32,
    },
    Close {
        who: usize,
        pool: usize,
    },
    Allocate {
        who: usize,
        pool: usize,
    },
    Publish {
        who: usize,
        lease: usize,
        length: u32,
        readers: Vec<usize>,
    },
    Retain {
        who: usize,
        lease: usize,
    },
    Lock {
        who: usize,
        lease: usize,
    },
    Release {
        who: usize,
        lease: usize,
    },
    Reclaim {
        who: usize,
    },
    Tick {
        ms: u64,
    },
}

const DEVICES: usize = 4;

fn op() -> impl Strategy<Value = Op> {
    let who = 0..DEVICES;
    let lease = 0..40usize;
    prop_oneof![
        2 => (who.clone(), 2..6u32, 1..4u32).prop_map(|(who, slots, window)| Op::Open { who, slots, window }),
        1 => (who.clone(), 0..6usize).prop_map(|(who, pool)| Op::Close { who, pool }),
        2 => (who.clone(), 0..6usize).prop_map(|(who, pool)| Op::Allocate { who, pool }),
        9 => (who.clone(), lease.clone(), 0..3u32, prop::collection::vec(0..DEVICES, 0..4))
            .prop_map(|(who, lease, length, readers)| Op::Publish { who, lease, length, readers }),
        3 => (who.clone(), lease.clone()).prop_map(|(who, lease)| Op::Retain { who, lease }),
        1 => (who.clone(), lease.clone()).prop_map(|(who, lease)| Op::Lock { who, lease }),
        9 => (who.clone(), lease).prop_map(|(who, lease)| Op::Release { who, lease }),
        1 => who.prop_map(|who| Op::Reclaim { who }),
        1 => (0..6000u64).prop_map(|ms| Op::Tick { ms }),
    ]
}

struct Both {
    ledger: Ledger,
    model: Model,
    now_ms: u64,
}

impl Both {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Open { who, slots, window } => self.open(&name(*who), *slots, *window),
            Op::Close { who, pool } => self.close(&name(*who), *pool),
            Op::Allocate { who, pool } => self.allocate(&name(*who), *pool),
            Op::Publish {
                who,
                lease,
                length,
                readers,
            } => {
                let readers: Vec<Holder> = readers.iter().map(|r| name(*r)).collect();
                let at = LeaseRef {
                    length: *length,
                    ..self.pick(*lease)
                };
                let took = self.ledger.publish(&name(*who), &at, &readers).is_ok();
                assert_eq!(took, self.model.publish(&name(*who), &at, &readers));
            }
            Op::Retain { who, lease } => {
                let lease = self.pick(*lease).lease;
                let took = self.ledger.retain(&name(*who), lease).is_ok();
                assert_eq!(took, self.model.retain(&name(*who), lease));
            }
            Op::Lock { who, lease } => {
                drop(self.ledger.lock(&name(*who), self.pick(*lease).lease, 1))
            }
            Op::Release { who, lease } => {
                let lease = self.pick(*lease).lease;
                let took = self.ledger.release(&name(*who), lease).is_ok();
                assert_eq!(took, self.model.release(&name(*who), lease));
            }
            Op::Reclaim { who } => {
                self.ledger.reclaim(&name(*who));
                self.model.reclaim(&name(*who));
            }
            Op::Tick { ms } => {
                self.now_ms += ms;
                self.ledger.overdue(self.now_ms);
            }
        }
        self.compare();
    }

    fn open(&mut self, who: &Holder, slots: u32, window: u32) {
        let Ok(admitted) = self.ledger.admit(who, &request(slots, window), 64 * MIB) else {
            return;
        };
        let leases = self.ledger.open_pool(who, &admitted);
        self.model.pools.push(ModelPool {
            id: admitted.pool,
            owner: Some(who.clone()),
            slots,
            window,
        });
        self.model.granted(who, &leases);
    }

    fn close(&mut self, who: &Holder, pool: usize) {
        let id = self.pick_pool(pool);
        assert_eq!(
            self.ledger.close_pool(who, id).is_ok(),
            self.model.close(who, id)
        );
    }

    fn allocate(&mut self, who: &Holder, pool: usize) {
        let id = self.pick_pool(pool);
        let open = self
            .model
            .pools
            .iter()
            .find(|p| p.id == id && p.owner.as_ref() == Some(who));
        let expected = open.is_some_and(|pool| self.model.free(pool) > 0);
        let got = self.ledger.allocate(who, id);
        assert_eq!(got.is_ok(), expected);
        if let Ok(lease) = got {
            self.model.granted(who, &[lease]);
        }
    }

    fn pick(&self, at: usize) -> LeaseRef {
        let none = LeaseRef {
            lease: LeaseId(0),
            pool: PoolId(0),
            slot: SlotIndex(0),
            length: 0,
        };
        self.model.leases.get(at).map_or(none, |lease| lease.at)
    }

    fn pick_pool(&self, at: usize) -> PoolId {
        self.model.pools.get(at).map_or(PoolId(0), |pool| pool.id)
    }

    fn compare(&mut self) {
        for (who, leases) in self.ledger.take_grants() {
            self.model.granted(&who, &leases);
        }
        let stats = self.ledger.stats();
        assert_eq!(stats.leases as usize, self.model.leases.len());
        assert_eq!(stats.pools as usize, self.model.pools.len());
        let granted: u32 = self
            .model
            .pools
            .iter()
            .map(|p| self.model.granted_of(p.id))
            .sum();
        assert_eq!(stats.granted, granted);
        for who in (0..DEVICES).map(name) {
            assert_eq!(self.ledger.leases_of(&who), self.model.leases_of(&who));
        }
        for pool in self.model.pools.iter().filter(|p| p.owner.is_some()) {
            let full = self.model.granted_of(pool.id) >= pool.window;
            assert!(
                full || self.model.free(pool) == 0,
                "the window of {pool:?} is not kept full"
            );
        }
    }
}

fn name(at: usize) -> Holder {
    holder(["capture", "encode", "web", "screen"][at], 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_agrees_with_the_model(ops in prop::collection::vec(op(), 1..120)) {
        let mut both = Both { ledger: Ledger::new(64 * MIB), model: Model::default(), now_ms: 0 };
        let mut opened = 0;
        let mut ended = Vec::new();
        for op in &ops {
            let pools = both.model.pools.len();
            both.apply(op);
            opened += usize::from(matches!(op, Op::Open { .. }) && both.model.pools.len() > pools);
            ended.extend(both.ledger.take_ended());
        }
        for who in (0..DEVICES).map(name) {
            both.ledger.reclaim(&who);
        }
        ended.extend(both.ledger.take_ended());
        let stats = both.ledger.stats();
        prop_assert_eq!((stats.bytes, stats.pools, stats.leases, stats.granted), (0, 0, 0, 0));
        prop_assert!(both.ledger.take_grants().is_empty());
        prop_assert_eq!(ended.len(), opened, "each pool ends exactly once");
    }
}
