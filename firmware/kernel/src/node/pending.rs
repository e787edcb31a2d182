use crate::link::{DeviceId, Peer};
use crate::supervise::Millis;
use dkvm_wire::RequestId;
use std::collections::HashMap;

/// A forwarded request without an answer fails after this time.
const TIMEOUT_MS: u64 = 10_000;
/// Forwarded requests of one caller that may wait for their answers.
const PER_CALLER: usize = 256;

/// A forwarded request that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) caller: Peer,
    pub(super) id: RequestId,
    pub(super) method: String,
    due: Millis,
}

/// All that wait, by who is to answer and the number that the kernel gave.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<(DeviceId, RequestId), Waiting>,
}

impl Pending {
    pub(super) fn is_full_for(&self, caller: Peer) -> bool {
        self.waiting
            .values()
            .filter(|waiting| waiting.caller == caller)
            .count()
            >= PER_CALLER
    }

    pub(super) fn add(
        &mut self,
        callee: (DeviceId, RequestId),
        caller: (Peer, RequestId),
        method: &str,
        now: Millis,
    ) {
        let waiting = Waiting {
            caller: caller.0,
            id: caller.1,
            method: method.to_owned(),
            due: now + TIMEOUT_MS,
        };
        self.waiting.insert(callee, waiting);
    }

    pub(super) fn take(&mut self, callee: DeviceId, id: RequestId) -> Option<Waiting> {
        self.waiting.remove(&(callee, id))
    }

    /// Those that this device will never answer.
    pub(super) fn take_of(&mut self, callee: DeviceId) -> Vec<Waiting> {
        self.take_where(|(of, _), _| *of == callee)
    }

    /// Those whose time is up.
    pub(super) fn take_late(&mut self, now: Millis) -> Vec<Waiting> {
        self.take_where(|_, waiting| waiting.due <= now)
    }

    fn take_where(
        &mut self,
        which: impl Fn(&(DeviceId, RequestId), &Waiting) -> bool,
    ) -> Vec<Waiting> {
        self.waiting
            .extract_if(|key, waiting| which(key, waiting))
            .map(|(_, waiting)| waiting)
            .collect()
    }

    /// The caller is gone: nobody waits.
    pub(super) fn forget(&mut self, caller: Peer) {
        self.waiting.retain(|_, waiting| waiting.caller != caller);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::ClientId;

    const CALLER: Peer = Peer::Client(ClientId(1));

    #[test]
    fn answers_deaths_and_time_each_end_the_wait_once() {
        let mut pending = Pending::default();
        for n in 0..3 {
            pending.add(
                (DeviceId(n), RequestId(7)),
                (CALLER, RequestId(n as u32)),
                "x/y",
                Millis(n as u64),
            );
        }
        assert_eq!(
            pending.take(DeviceId(0), RequestId(7)).map(|w| w.id),
            Some(RequestId(0))
        );
        assert_eq!(pending.take(DeviceId(0), RequestId(7)), None);
        assert_eq!(pending.take_of(DeviceId(1)).len(), 1);
        assert!(pending.take_late(Millis(10_001)).is_empty());
        assert_eq!(pending.take_late(Millis(10_002)).len(), 1);
    }

    #[test]
    fn a_caller_has_its_bound_and_can_be_forgotten() {
        let mut pending = Pending::default();
        for n in 0..PER_CALLER as u32 {
            assert!(!pending.is_full_for(CALLER));
            pending.add(
                (DeviceId(0), RequestId(n)),
                (CALLER, RequestId(n)),
                "x/y",
                Millis(0),
            );
        }
        assert!(pending.is_full_for(CALLER) && !pending.is_full_for(Peer::Client(ClientId(2))));
        pending.forget(CALLER);
        assert!(!pending.is_full_for(CALLER));
    }
}
