//! What the start makes of what it finds. Pure.

use super::entry::{digest, Entry};
use dkvm_wire::service::{ConfigEnded, ConfigOutcome};

/// Whether there is a file with something on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    There,
    None,
}

const WHY: &str =
    "the kernel ended, or the power was cut, while it was on trial and not confirmed yet";

/// Corrects what the history says of a trial that nobody ended. Returns how that ended, and which entries are other ones now.
pub(super) fn recover(
    entries: &mut [Entry],
    file: Option<&str>,
    trial: Trial,
) -> (Option<ConfigEnded>, Vec<u32>) {
    let file = file.map(digest);
    let newest = entries.last().map(|entry| entry.told.number);
    let mut changed = Vec::new();
    let mut ended = None;
    for entry in entries.iter_mut().filter(|entry| entry.is_on_trial()) {
        // The rename that keeps it was done, and the history not written yet.
        let kept = trial == Trial::None && file.as_ref() == Some(&entry.told.digest);
        let (outcome, why) = if kept {
            (ConfigOutcome::Kept, None)
        } else {
            (ConfigOutcome::TakenBack, Some(WHY.to_owned()))
        };
        entry.told.outcome = outcome;
        entry.told.why.clone_from(&why);
        changed.push(entry.told.number);
        // What others came after is no news.
        if newest == Some(entry.told.number) {
            ended = Some(ConfigEnded {
                number: newest,
                outcome,
                why: why.into_iter().collect(),
            });
        }
    }
    if ended.is_none() && trial == Trial::There {
        ended = Some(ConfigEnded {
            number: None,
            outcome: ConfigOutcome::TakenBack,
            why: vec![WHY.to_owned()],
        });
    }
    (ended, changed)
}
