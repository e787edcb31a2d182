//! What is kept over restarts: `slots.json` in the state directory.

use super::health::Expected;
use dkvm_wire::{
    service::Slot,
    vocab::update::{Outcome, SlotState},
};
use serde::{Deserialize, Serialize};

/// All that is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// What slot A holds; `None` when nothing whole.
    pub a: Option<Held>,
    /// What slot B holds.
    pub b: Option<Held>,
    /// The other slot holds a new image that waits for its trial.
    pub staged: bool,
    /// The trial that was begun and is not settled.
    pub trial: Option<Trial>,
    /// How the last one ended.
    pub last: Option<Outcome>,
}

/// A whole image in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its release.
    pub version: String,
    /// Of the bundle that brought it; empty for what the card was made with.
    #[serde(default)]
    pub id: String,
    /// It once passed its health check.
    pub healthy: bool,
}

/// A trial, as the image that began it wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Which slot is tried.
    pub slot: Slot,
    /// The image in it.
    pub version: String,
    /// What ran before; `None` when the kernel began the trial because the other image did not work.
    pub expected: Option<Expected>,
    /// The start of Linux (`boot_id`) in which it was prepared: while that one runs it has not begun.
    #[serde(default)]
    pub prepared_in: String,
    /// What the tried image found wrong before it went back.
    #[serde(default)]
    pub failed: Option<String>,
    /// The tried image came up as far as this device.
    #[serde(default)]
    pub seen: bool,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Which board this is.
    pub board: String,
    /// The running release.
    pub version: String,
    /// The slot that runs.
    pub running: Slot,
    /// The slot that the next power-on starts, as `autoboot.txt` says.
    pub committed: Slot,
    /// Linux's name for this start of it.
    pub boot: String,
}

impl Machine {
    /// A boot is a trial when the running slot is not the committed one.
    pub fn is_trial(&self) -> bool {
        self.running != self.committed
    }
}

impl Record {
    /// What a slot holds.
    pub fn held(&self, slot: Slot) -> Option<&Held> {
        match slot {
            Slot::A => self.a.as_ref(),
            Slot::B => self.b.as_ref(),
        }
    }

    /// Where that stands.
    pub fn held_mut(&mut self, slot: Slot) -> &mut Option<Held> {
        match slot {
            Slot::A => &mut self.a,
            Slot::B => &mut self.b,
        }
    }

    /// Both, for people.
    pub fn slots(&self) -> Vec<SlotState> {
        let told = |slot| SlotState {
            slot,
            version: self.held(slot).map(|held| held.version.clone()),
            healthy: self.held(slot).is_some_and(|held| held.healthy),
        };
        vec![told(Slot::A), told(Slot::B)]
    }

    /// What this start of the machine says about what was going on before it.
    pub fn at_start(mut self, machine: &Machine) -> Self {
        self.notice_running(machine);
        if machine.is_trial() {
            self.notice_trial(machine);
        } else if let Some(trial) = self.trial.take() {
            self.settle(trial, machine);
        }
        self
    }

    /// What starts at power-on is whole, whatever the record says: the card may have been written anew. What is only tried is
    /// whole when it was read back, or it must not be committed.
    fn notice_running(&mut self, machine: &Machine) {
        if machine.is_trial() {
            return;
        }
        let held = self.held_mut(machine.running);
        if held
            .as_ref()
            .is_none_or(|held| held.version != machine.version)
        {
            *held = Some(Held {
                version: machine.version.clone(),
                id: String::new(),
                healthy: false,
            });
        }
    }

    fn notice_trial(&mut self, machine: &Machine) {
        let known = self
            .trial
            .take()
            .filter(|trial| trial.slot == machine.running);
        let trial = known.unwrap_or_else(|| Trial {
            slot: machine.running,
            version: machine.version.clone(),
            expected: None,
            prepared_in: String::new(),
            failed: None,
            seen: true,
        });
        self.trial = Some(Trial {
            seen: true,
            ..trial
        });
        self.staged = false;
    }

    /// The trial is over: the slot that runs tells how.
    fn settle(&mut self, trial: Trial, machine: &Machine) {
        self.staged = !machine.boot.is_empty()
            && !trial.seen
            && trial.prepared_in == machine.boot
            && trial.slot != machine.running;
        if self.staged {
            // This device died between the preparation and the restart.
        } else if trial.slot == machine.running {
            // Power was lost between the commit and this record of it.
            self.committed(&trial, "the image was committed; power was lost just after");
        } else {
            self.last = Some(Outcome {
                version: trial.version,
                committed: false,
                reason: trial
                    .failed
                    .unwrap_or_else(|| silent(trial.seen).to_owned()),
            });
        }
    }

    /// The trial passed.
    pub fn committed(&mut self, trial: &Trial, reason: &str) {
        if let Some(held) = self.held_mut(trial.slot) {
            held.healthy = true;
        }
        self.trial = None;
        self.last = Some(Outcome {
            version: trial.version.clone(),
            committed: true,
            reason: reason.to_owned(),
        });
    }
}

fn silent(seen: bool) -> &'static str {
    if seen {
        "the new image came up and ended before its health check did: it crashed or hung, or power was lost"
    } else {
        "the new image never came up: it did not start, or power was lost"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(running: Slot, committed: Slot) -> Machine {
        Machine {
            board: "lab".into(),
            version: if running == Slot::A { "1.0.0" } else { "2.0.0" }.into(),
            running,
            committed,
            boot: "second".into(),
        }
    }

    fn tried() -> Record {
        let held = |version: &str, healthy| {
            Some(Held {
                version: version.into(),
                id: String::new(),
                healthy,
            })
        };
        Record {
            a: held("1.0.0", true),
            b: held("2.0.0", false),
            staged: false,
            trial: Some(Trial {
                slot: Slot::B,
                version: "2.0.0".into(),
                expected: None,
                prepared_in: "first".into(),
                failed: None,
                seen: false,
            }),
            last: None,
        }
    }

    fn reason(record: &Record) -> (bool, &str) {
        let last = record.last.as_ref().unwrap();
        (last.committed, &last.reason)
    }

    #[test]
    fn the_first_start_knows_the_running_slot_alone() {
        let record = Record::default().at_start(&machine(Slot::A, Slot::A));
        assert_eq!(record.slots()[0].version.as_deref(), Some("1.0.0"));
        assert_eq!(record.slots()[1].version, None);
        assert!(!record.slots()[0].healthy);
    }

    #[test]
    fn an_image_that_never_came_up_is_told() {
        let record = tried().at_start(&machine(Slot::A, Slot::A));
        assert!(matches!(reason(&record), (false, text) if text.contains("never came up")));
        assert_eq!(record.trial, None);
    }

    #[test]
    fn a_trial_that_has_not_begun_is_staged_still() {
        let machine = Machine {
            boot: "first".into(),
            ..machine(Slot::A, Slot::A)
        };
        let record = tried().at_start(&machine);
        assert!(record.staged && record.trial.is_none() && record.last.is_none());
    }

    #[test]
    fn an_image_that_came_up_and_crashed_is_told() {
        let seen = tried().at_start(&machine(Slot::B, Slot::A));
        assert!(seen.trial.as_ref().unwrap().seen);
        let back = seen.at_start(&machine(Slot::A, Slot::A));
        assert!(matches!(reason(&back), (false, text) if text.contains("came up and ended")));
    }

    #[test]
    fn what_the_tried_image_wrote_is_told() {
        let mut record = tried();
        record.trial.as_mut().unwrap().failed = Some("hid is absent".into());
        let back = record.at_start(&machine(Slot::A, Slot::A));
        assert_eq!(reason(&back), (false, "hid is absent"));
    }

    #[test]
    fn a_cut_just_after_the_commit_counts_as_committed() {
        let record = tried().at_start(&machine(Slot::B, Slot::B));
        assert!(reason(&record).0 && record.b.unwrap().healthy);
    }

    #[test]
    fn a_trial_that_the_kernel_began_is_one() {
        let record = Record {
            trial: None,
            ..tried()
        }
        .at_start(&machine(Slot::B, Slot::A));
        let trial = record.trial.unwrap();
        assert_eq!((trial.slot, trial.expected), (Slot::B, None));
    }

    #[test]
    fn a_trial_of_a_slot_that_was_never_whole_does_not_make_it_so() {
        let record = Record::default().at_start(&machine(Slot::B, Slot::A));
        assert_eq!(record.held(Slot::B), None);
    }

    #[test]
    fn a_card_that_was_written_anew_is_believed_more_than_the_record() {
        let mut record = tried();
        record.a.as_mut().unwrap().version = "0.9.0".into();
        let record = record.at_start(&machine(Slot::A, Slot::A));
        assert_eq!(
            record.a.unwrap(),
            Held {
                version: "1.0.0".into(),
                id: String::new(),
                healthy: false
            }
        );
    }
}
