//! What both threads do alike: they take orders, look at their card, and begin anew after a fault.

use crate::{
    backend::SoundError,
    core::Rate,
    shared::{Lane, Orders, Shared, Wanted},
};
use std::time::Duration;

/// How often the card is asked whether the target plays, or records, while nobody here has use for it: it is for the state alone.
const LOOK: Duration = Duration::from_millis(250);
/// While somebody has: so much of the beginning is lost at most.
const LOOK_CLOSELY: Duration = Duration::from_millis(20);
/// After a fault.
const AGAIN: Duration = Duration::from_millis(250);
/// How long one wait for the card takes at most: in between it is asked for its rate, and orders are taken.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// One direction.
pub trait Worker {
    /// Does what is ordered. How long there is nothing to do, if there is nothing.
    fn step(&mut self, orders: &Orders) -> Result<Option<Duration>, SoundError>;

    /// Gives the card back.
    fn shut(&mut self);
}

/// Until the link to the kernel is gone.
pub fn run(shared: &Shared, lane: &Lane, worker: &mut impl Worker) {
    loop {
        shared.beat(lane);
        let orders = lane.orders();
        match worker.step(&orders) {
            Ok(Some(pause)) => lane.rest(&orders, pause),
            Ok(None) => {}
            Err(SoundError::Link(_)) => return,
            Err(error) => {
                worker.shut();
                let trouble = (!error.is_gone()).then(|| error.to_string());
                shared.tell(lane, |facts| {
                    facts.rate = Rate::NONE;
                    facts.trouble = trouble;
                });
                lane.rest(&orders, AGAIN);
            }
        }
    }
}

/// How long it is to the next look at a card whose target neither plays nor records.
pub fn pause(wanted: Wanted) -> Duration {
    match wanted {
        Wanted::Yes => LOOK_CLOSELY,
        Wanted::No => LOOK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_sdk::SendError;

    /// Fails as it is told, one turn after the other.
    struct Faulty {
        faults: Vec<SoundError>,
        shut: u32,
    }

    impl Worker for Faulty {
        fn step(&mut self, _orders: &Orders) -> Result<Option<Duration>, SoundError> {
            self.faults.pop().map_or(Ok(None), Err)
        }

        fn shut(&mut self) {
            self.shut += 1;
        }
    }

    #[test]
    fn a_fault_is_told_and_costs_the_card_and_without_a_kernel_it_ends() {
        let shared = Shared::default();
        let unfit = SoundError::Form {
            card: "hw:7".into(),
            rate: 48_000,
            channels: 1,
        };
        let mut worker = Faulty {
            faults: vec![SendError::Closed.into(), unfit],
            shut: 0,
        };
        shared.tell(&shared.ear, |facts| facts.rate = Rate(48_000));
        run(&shared, &shared.ear, &mut worker);
        let facts = shared.ear.facts();
        assert_eq!((worker.shut, facts.rate), (1, Rate::NONE));
        assert!(facts.trouble.is_some_and(|why| why.contains("hw:7")));
    }
}
