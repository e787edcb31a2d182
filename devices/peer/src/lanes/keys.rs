//! Asking devices of this node for key frames: seldom, however many nodes ask, and each as often as it likes.

use crate::core::Moment;
use dkvm_sdk::Sender;
use dkvm_wire::{service::Nothing, vocab::video::methods};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// A key frame is large, for every reader: of one device so often at most.
const PAUSE: Duration = Duration::from_millis(500);
/// Devices that are asked at a time: more than a node has.
const DEVICES_MOST: usize = 32;

/// Clones ask together.
#[derive(Debug, Clone)]
pub struct Keys {
    sender: Sender,
    begun: Instant,
    calls: Arc<Mutex<Calls>>,
}

impl Keys {
    /// Nobody was asked.
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            begun: Instant::now(),
            calls: Arc::default(),
        }
    }

    /// Asks a device for one, now or soon. Whether it gives one is seen by what comes.
    pub fn ask(&self, from: &str) {
        let now = self.begun.elapsed();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = calls.book(from, now);
        drop(calls);
        match wait {
            Some(Duration::ZERO) => call(&self.sender, from),
            Some(wait) => {
                let (sender, from) = (self.sender.clone(), from.to_owned());
                tokio::spawn(async move {
                    sleep(wait).await;
                    call(&sender, &from);
                });
            }
            None => {}
        }
    }
}

fn call(sender: &Sender, from: &str) {
    let method = format!("{from}/{}", methods::KEY_FRAME);
    drop(sender.call::<_, Nothing>(&method, &Nothing {}));
}

/// When each device may be asked again.
#[derive(Debug, Default)]
struct Calls(BTreeMap<String, Moment>);

impl Calls {
    /// How long to wait with a call; nothing where one that waits already serves as well.
    fn book(&mut self, from: &str, now: Moment) -> Option<Duration> {
        let is_one_more = !self.0.contains_key(from);
        if is_one_more && self.0.len() >= DEVICES_MOST {
            self.0.retain(|_, free| *free > now);
        }
        let at = self.0.get(from).map_or(now, |free| now.max(*free));
        if at > now + PAUSE || (is_one_more && self.0.len() >= DEVICES_MOST) {
            return None;
        }
        self.0.insert(from.to_owned(), at + PAUSE);
        Some(at - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Duration::from_millis(ms)
    }

    #[test]
    fn whoever_asks_while_one_waits_gets_that_one() {
        let mut calls = Calls::default();
        assert_eq!(calls.book("h264", at(1000)), Some(at(0)));
        assert_eq!(calls.book("h264", at(1100)), Some(at(400)));
        assert_eq!(calls.book("other", at(1100)), Some(at(0)));
        assert_eq!(calls.book("h264", at(1200)), None);
        assert_eq!(calls.book("h264", at(1499)), None);
        assert_eq!(calls.book("h264", at(1600)), Some(at(400)));
        assert_eq!(calls.book("h264", at(9000)), Some(at(0)));
    }

    #[test]
    fn in_a_minute_of_asking_there_are_two_calls_a_second_and_of_devices_not_too_many() {
        let mut calls = Calls::default();
        let booked = (0..60_000).filter(|ms| calls.book("h264", at(*ms)).is_some());
        assert!((120..=122).contains(&booked.count()));
        let of_many = (0..10_000).filter(|n| calls.book(&n.to_string(), at(60_000)).is_some());
        assert!(of_many.count() <= DEVICES_MOST);
        assert!(calls.0.len() <= DEVICES_MOST);
    }
}
