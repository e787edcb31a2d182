//! Death records: the evidence of ends that nobody asked for.

mod store;

pub(crate) use store::Store;

use dkvm_wire::service::DeathRecord;
use dkvm_wire::DeviceName;
use std::collections::{BTreeMap, VecDeque};

/// Lines of a device's log that are kept for its record.
pub(crate) const LINES: usize = 64;
/// Records kept per device.
pub(crate) const PER_DEVICE: usize = 64;
/// Records kept in memory, of all devices.
const KEPT: usize = 512;
/// A device that waits for its hardware, or for a file, ends every 3 s with the same words. Each record on a card would
/// be 200 MB of writing a day; one an hour says as much.
const SAME_AGAIN_MS: u64 = 3_600_000;

/// The records of all devices, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Deaths {
    records: VecDeque<DeathRecord>,
    /// By device, the newest of those that went to the disk.
    saved: BTreeMap<DeviceName, DeathRecord>,
}

impl Deaths {
    pub(crate) fn new(records: Vec<DeathRecord>) -> Self {
        let mut deaths = Self::default();
        for record in records {
            deaths.saved.insert(record.name.clone(), record.clone());
            deaths.push(record);
        }
        deaths
    }

    /// Does it tell more than what went to the disk already? Then it is to go there too.
    pub(crate) fn is_news(&mut self, record: &DeathRecord) -> bool {
        let said = self.saved.get(&record.name).is_some_and(|old| {
            let age = record.at_unix_ms.checked_sub(old.at_unix_ms);
            (&old.cause, &old.log) == (&record.cause, &record.log)
                && age.is_some_and(|age| age < SAME_AGAIN_MS)
        });
        if !said {
            self.saved.insert(record.name.clone(), record.clone());
        }
        !said
    }

    pub(crate) fn push(&mut self, record: DeathRecord) {
        let of_device = self
            .records
            .iter()
            .filter(|old| old.name == record.name)
            .count();
        if of_device >= PER_DEVICE {
            let oldest = self.records.iter().position(|old| old.name == record.name);
            oldest.and_then(|at| self.records.remove(at));
        }
        if self.records.len() == KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// The newest `limit`, of one device or all, oldest first.
    pub(crate) fn newest(&self, of: Option<&DeviceName>, limit: usize) -> Vec<DeathRecord> {
        let matching = self
            .records
            .iter()
            .rev()
            .filter(|record| of.is_none_or(|name| &record.name == name));
        let mut records: Vec<_> = matching.take(limit).cloned().collect();
        records.reverse();
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::Generation;

    fn record(name: &str, generation: u32) -> DeathRecord {
        DeathRecord {
            name: DeviceName::try_from(name).expect("a name"),
            generation: Generation(generation),
            at_unix_ms: 0,
            at_uptime_ms: 0,
            lived_ms: 0,
            cause: String::new(),
            log: Vec::new(),
        }
    }

    #[test]
    fn the_same_words_go_to_the_disk_once_an_hour() {
        let at = |at_unix_ms, cause: &str| DeathRecord {
            at_unix_ms,
            cause: cause.to_owned(),
            ..record("ssh", 1)
        };
        let mut deaths = Deaths::new(vec![at(1_000, "exit code 69")]);
        let news = [
            (4_000, "exit code 69", false),
            (7_000, "exit code 70", true),
            (10_000, "exit code 69", true),
            (10_000 + SAME_AGAIN_MS - 1, "exit code 69", false),
            (10_000 + SAME_AGAIN_MS, "exit code 69", true),
            // the clock was set back
            (5_000, "exit code 69", true),
        ];
        for (time, cause, wanted) in news {
            assert_eq!(deaths.is_news(&at(time, cause)), wanted, "{time} {cause}");
        }
        assert!(deaths.is_news(&record("gadget", 1)));
    }

    #[test]
    fn a_crashing_device_does_not_push_out_the_others() {
        let mut deaths = Deaths::default();
        deaths.push(record("quiet", 1));
        for n in 0..1000 {
            deaths.push(record("crashes", n));
        }
        assert_eq!(deaths.newest(None, 1000).len(), PER_DEVICE + 1);
        let quiet = DeviceName::try_from("quiet").expect("a name");
        assert_eq!(deaths.newest(Some(&quiet), 9).len(), 1);
        assert_eq!(deaths.newest(None, 1)[0].generation, Generation(999));
    }
}
