//! The data partition: mounted, or made first, or repaired first; else what is kept is kept in memory.

use crate::card::Card;
use crate::child::{self, ChildError};
use crate::mounts::mount_memory;
use crate::settings::short;
use crate::steps::{DataFound, Selected, Step, STAGE};
use dkvm_card::{DATA, SECTOR};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A card that takes longer for a mount or a sector is dying. Replaying a journal takes some hundred ms.
const STEP_DEADLINE: Duration = Duration::from_secs(10);
/// A slow card of 1 TB takes half of it.
const FORMAT_DEADLINE: Duration = Duration::from_secs(180);
/// For what a journal does not cover, which is rare: a person waits, but not for ever.
const CHECK_DEADLINE: Duration = Duration::from_secs(120);
/// One file per so much room: what is kept are a few settings and large images of drives.
const BYTES_PER_FILE: u64 = 256 * 1024;
const FEWEST_FILES: u64 = 4096;
/// A large card would get a journal of 256 MiB, which is that much to write at the first boot for nothing.
const JOURNAL_MIB: u64 = 16;
/// Below this mke2fs knows better.
const LARGE_MIB: u64 = 256;
/// e2fsck's exit codes up to here say that the file system is good now.
const REPAIRED: i32 = 1;
/// The first superblock, then its first copy in a file system of large and of small blocks: a card that dies while it
/// writes the first block leaves the others.
const SUPERBLOCKS: [&[&str]; 3] = [
    &[],
    &["-b", "32768", "-B", "4096"],
    &["-b", "8193", "-B", "1024"],
];

/// What is at the state directory now.
#[derive(Debug, Default)]
pub struct Data {
    /// It is the card's.
    pub persistent: bool,
    /// Sentences for the owner.
    pub notices: Vec<String>,
    /// A line for the log.
    pub story: String,
}

/// What one look at the whole card gave.
#[derive(Debug)]
pub struct Look {
    /// Of the first partition.
    pub selected: Result<Selected, String>,
    /// Of the data partition.
    pub data: DataFound,
}

/// Looks at the first partition and at the data partition. One that does not answer costs nothing of the other.
pub fn look(card: &Card) -> Look {
    let (output, fault) = run_step(Step::Card, card);
    let mut answers = output.lines();
    let selected = parse(answers.next(), fault.clone());
    let data = match (&selected, parse(answers.next(), fault)) {
        (_, Ok(found)) => found,
        (Ok(_), Err(reason)) => DataFound::Unusable(reason),
        (Err(_), Err(_)) => step(Step::Data, card),
    };
    Look { selected, data }
}

fn step(step: Step, card: &Card) -> DataFound {
    let (output, fault) = run_step(step, card);
    parse(output.lines().next(), fault).unwrap_or_else(DataFound::Unusable)
}

/// Runs one part of the work on the card in a process of its own. Returns what it answered, and what is said where an
/// answer is missing.
fn run_step(step: Step, card: &Card) -> (String, String) {
    let mut command = Command::new("/proc/self/exe");
    command
        .args(["boot", "--step", step.name(), "--disk"])
        .arg(&card.disk);
    command.arg("--root").arg(card.root.to_string());
    match child::run(&mut command, STEP_DEADLINE) {
        Ok(ended) => {
            let fault = format!(
                "step {} ended with {}: {}",
                step.name(),
                ended.status,
                short(ended.output.trim())
            );
            (ended.output, fault)
        }
        Err(ChildError::Late {
            output, deadline, ..
        }) => (
            output,
            format!("the card does not answer within {} s", deadline.as_secs()),
        ),
        Err(error) => (String::new(), error.to_string()),
    }
}

fn parse<T: DeserializeOwned>(answer: Option<&str>, fault: String) -> Result<T, String> {
    answer
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or(fault)
}

/// Brings it up and puts it on `state_dir`. `say` is told what takes long.
pub fn bring_up(
    card: &Card,
    found: DataFound,
    state_dir: &Path,
    say: &mut impl FnMut(&str),
) -> Data {
    let found = match make(card, found, say) {
        DataFound::Refused(reason) => repair(card, &reason, say),
        found => found,
    };
    match found {
        DataFound::Mounted => place(state_dir),
        DataFound::Refused(reason) => in_memory(state_dir, &format!("the card's data partition cannot be used ({reason}). It was left as it is; to start afresh, make a file named factory-reset on the partition DKVM")),
        DataFound::Unusable(reason) => in_memory(state_dir, &reason),
        DataFound::Empty { .. } => in_memory(state_dir, "the card's data partition was not formatted"),
    }
}

/// A fresh one is formatted first.
fn make(card: &Card, found: DataFound, say: &mut impl FnMut(&str)) -> DataFound {
    let DataFound::Empty { sectors } = found else {
        return found;
    };
    say(&format!(
        "first boot: makes the data partition, {} MiB",
        sectors / 2048
    ));
    format(card, sectors).map_or_else(DataFound::Unusable, |()| step(Step::Sign, card))
}

fn format(card: &Card, sectors: u64) -> Result<(), String> {
    let mut command = Command::new("mke2fs");
    command
        .args(format_options(sectors))
        .arg(card.partition(DATA));
    let ended = child::run(&mut command, FORMAT_DEADLINE).map_err(|error| error.to_string())?;
    match ended.status.success() {
        true => Ok(()),
        false => Err(format!(
            "formatting the card's data partition failed: {}",
            short(ended.output.trim())
        )),
    }
}

/// A quick format: Linux writes the rest of the tables in its idle time. Never asks, whatever is there.
fn format_options(sectors: u64) -> Vec<String> {
    let bytes = sectors * SECTOR as u64;
    let files = (bytes / BYTES_PER_FILE).max(FEWEST_FILES);
    let mut options: Vec<String> = [
        "-F",
        "-q",
        "-t",
        "ext4",
        "-L",
        "DKVM-DATA",
        "-m",
        "1",
        "-e",
        "remount-ro",
        "-E",
        "lazy_itable_init=1",
    ]
    .map(str::to_owned)
    .into();
    options.extend(["-N".to_owned(), files.to_string()]);
    if bytes >> 20 >= LARGE_MIB {
        options.extend(["-J".to_owned(), format!("size={JOURNAL_MIB}")]);
    }
    options
}

fn repair(card: &Card, reason: &str, say: &mut impl FnMut(&str)) -> DataFound {
    say(&format!("{reason}; checks it"));
    for superblock in SUPERBLOCKS {
        match check(card, superblock) {
            Ok(true) => return step(Step::Mount, card),
            Ok(false) => {}
            Err(error) => return DataFound::Refused(format!("{reason}; {error}")),
        }
    }
    DataFound::Refused(reason.to_owned())
}

/// Repairs what can be repaired without a person. Is it good now?
fn check(card: &Card, superblock: &[&str]) -> Result<bool, ChildError> {
    let mut command = Command::new("e2fsck");
    command.arg("-p").args(superblock).arg(card.partition(DATA));
    let ended = child::run(&mut command, CHECK_DEADLINE)?;
    Ok(ended.status.code().is_some_and(|code| code <= REPAIRED))
}

fn place(state_dir: &Path) -> Data {
    let moved = rustix::mount::mount_move(STAGE, state_dir);
    let _ = std::fs::remove_dir(STAGE);
    match moved {
        Ok(()) => Data {
            persistent: true,
            notices: vec![],
            story: "data partition mounted".to_owned(),
        },
        Err(error) => in_memory(
            state_dir,
            &format!(
                "moving the card's data partition to {} failed: {error}",
                state_dir.display()
            ),
        ),
    }
}

/// The node works, and forgets.
fn in_memory(state_dir: &Path, reason: &str) -> Data {
    let mut notices = vec![format!("What is kept (password, certificate, images) is in memory only and lost at the next restart: {reason}.")];
    if let Err(error) = mount_memory(state_dir) {
        notices.push(format!("{error}; nothing can be kept."));
    }
    Data {
        persistent: false,
        notices,
        story: "no data partition".to_owned(),
    }
}

/// A machine without a card of ours keeps things where its root lets it.
pub fn without_card(state_dir: &Path) -> Data {
    let probe = state_dir.join(".probe");
    let writable = std::fs::write(&probe, b"").is_ok();
    let _ = std::fs::remove_file(&probe);
    match writable {
        true => Data {
            story: "no card".to_owned(),
            ..Data::default()
        },
        false => in_memory(state_dir, "the root is not on a card of ours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_missing_or_cut_is_the_fault() {
        let fault = || "late".to_owned();
        let whole = serde_json::to_string(&DataFound::Mounted).expect("it is written");
        assert_eq!(parse(Some(&whole), fault()), Ok(DataFound::Mounted));
        for bad in [None, Some(""), Some("{\"Mou"), Some("thread panicked")] {
            assert_eq!(parse::<DataFound>(bad, fault()), Err(fault()));
        }
    }

    #[test]
    fn a_small_one_has_room_for_files_and_a_large_one_no_large_journal() {
        let small = format_options(64 * 2048).join(" ");
        assert!(
            small.contains("-N 4096") && !small.contains("-J"),
            "{small}"
        );
        let large = format_options(32 * 1024 * 2048).join(" ");
        assert!(
            large.contains("-N 131072") && large.contains("-J size=16"),
            "{large}"
        );
    }
}
