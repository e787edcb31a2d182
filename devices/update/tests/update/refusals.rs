//! What is refused, before a byte is written.

use super::{
    bundle::{head_length, image, workshop, Image, Workshop, ROOT_ROOM},
    disk,
    model::{Drive, Files, Shared, World},
};
use dkvm_update::{
    backend::card::Card,
    core::{
        engine::{Begin, Engine},
        error::UpdateError,
        health::Expected,
        record::{Machine, Record},
    },
};
use dkvm_wire::{
    service::Slot,
    vocab::update::{Downgrade, Stage},
};

type Unit = Engine<Card<Drive>, Files>;

fn machine() -> Machine {
    Machine {
        board: "lab".into(),
        version: "1.0.0".into(),
        running: Slot::A,
        committed: Slot::A,
        boot: "1".into(),
    }
}

fn start(machine: Machine) -> (Shared, Unit) {
    let world = World::new(disk::card(&image("1.0.0")), u64::MAX, 0);
    let parts = (Card(Drive(world.clone())), Files(world.clone()));
    let unit = Engine::start(
        parts,
        machine,
        workshop().keys.clone(),
        (Record::default(), None),
    );
    (world, unit.unwrap())
}

fn begin(
    unit: &mut Unit,
    head: &[u8],
    size: usize,
    now: u64,
) -> Result<(String, usize), UpdateError> {
    let begin = Begin {
        head,
        size: size as u64,
        downgrade: Downgrade::Refused,
        now,
    };
    let upload = unit.begin(begin)?;
    Ok((upload.id.clone(), upload.offset() as usize))
}

fn send(unit: &mut Unit, bundle: &[u8]) -> Result<(), UpdateError> {
    let (id, offset) = begin(unit, &bundle[..head_length(bundle)], bundle.len(), 0)?;
    unit.write(&id, offset as u64, &bundle[offset..], 0)?;
    unit.finish(&id)
}

/// Refused with these words, and the card is as it was.
fn refused(bundle: &[u8], size: usize, why: &str) {
    let (world, mut unit) = start(machine());
    let before = world.borrow().disk();
    let said = begin(&mut unit, &bundle[..bundle.len().min(600)], size, 0)
        .unwrap_err()
        .to_string();
    assert!(said.contains(why), "{said}");
    assert_eq!(world.borrow().disk(), before);
    assert_eq!(unit.state().stage, Stage::Idle);
}

#[test]
fn what_is_not_for_this_node_is_refused_before_a_byte_is_written() {
    let good = workshop().bundle(&image("2.0.0"));
    refused(&good, good.len() - 1, "truncated");
    refused(&good, good.len() + 1, "truncated or damaged");
    refused(b"PK\x03\x04", 4, "no dKVM bundle");
    let other_board = workshop().bundle_for("rpi4", &image("2.0.0"));
    refused(&other_board, other_board.len(), "for the board rpi4");
    let foreign = Workshop::new().bundle(&image("2.0.0"));
    refused(&foreign, foreign.len(), "signature is not by the key");
    let older = workshop().bundle(&image("0.9.0"));
    refused(&older, older.len(), "older than the running 1.0.0");
    let root = vec![1; ROOT_ROOM + 1];
    let large = workshop().bundle(&Image {
        root,
        ..image("2.0.0")
    });
    refused(&large, large.len(), "does not fit");
}

#[test]
fn any_changed_byte_of_the_head_is_refused() {
    let good = workshop().bundle(&image("2.0.0"));
    let length = head_length(&good);
    let (_, mut unit) = start(machine());
    for at in 0..length {
        let mut head = good[..length].to_vec();
        head[at] ^= 0x40;
        assert!(begin(&mut unit, &head, good.len(), 0).is_err(), "byte {at}");
    }
    assert!(begin(&mut unit, &good[..length], good.len(), 0).is_ok());
}

#[test]
fn a_damaged_part_is_found_when_all_is_there_and_the_slot_is_empty() {
    let (_, mut unit) = start(machine());
    let good = workshop().bundle(&image("2.0.0"));
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let said = send(&mut unit, &damaged).unwrap_err().to_string();
    assert!(said.contains("the root image reads back"), "{said}");
    assert_eq!(
        (unit.state().stage, unit.state().slots[1].version.clone()),
        (Stage::Idle, None)
    );
    assert!(unit.begin_trial(Expected::default()).is_err());
    send(&mut unit, &good).unwrap();
    assert_eq!(
        unit.state().stage,
        Stage::Staged {
            version: "2.0.0".into()
        }
    );
}

#[test]
fn zeros_behind_the_end_are_written_too() {
    let (world, mut unit) = start(machine());
    send(&mut unit, &workshop().bundle(&image("2.0.0"))).unwrap();
    let disk = world.borrow().disk();
    assert!(
        disk::holds(&disk, Slot::B, &[image("2.0.0")]).is_some(),
        "slot B held other bytes before"
    );
}

#[test]
fn nothing_is_finished_or_tried_before_its_time() {
    let (_, mut unit) = start(machine());
    let good = workshop().bundle(&image("2.0.0"));
    assert!(unit.begin_trial(Expected::default()).is_err());
    assert!(unit.begin_rollback(Expected::default()).is_err());
    assert!(unit.commit("").is_err());
    let (id, offset) = begin(&mut unit, &good[..head_length(&good)], good.len(), 0).unwrap();
    assert!(
        matches!(unit.finish(&id), Err(UpdateError::Offset { wanted }) if wanted as usize == offset)
    );
    assert!(unit.write("other", offset as u64, b"x", 0).is_err());
    assert!(unit.write(&id, offset as u64 + 1, b"x", 0).is_err());
}

#[test]
fn an_upload_that_moves_is_not_disturbed_and_one_that_stands_is_replaced() {
    let (_, mut unit) = start(machine());
    let [first, second] = ["2.0.0", "3.0.0"].map(|version| workshop().bundle(&image(version)));
    begin(&mut unit, &first[..head_length(&first)], first.len(), 1000).unwrap();
    let other =
        |unit: &mut Unit, now| begin(unit, &second[..head_length(&second)], second.len(), now);
    assert!(other(&mut unit, 2000)
        .unwrap_err()
        .to_string()
        .contains("another update"));
    assert!(other(&mut unit, 20_000).is_ok());
}

#[test]
fn the_same_bundle_again_is_there_already() {
    let (_, mut unit) = start(machine());
    let good = workshop().bundle(&image("2.0.0"));
    send(&mut unit, &good).unwrap();
    let (id, offset) = begin(&mut unit, &good[..head_length(&good)], good.len(), 0).unwrap();
    assert_eq!(offset, good.len());
    unit.finish(&id).unwrap();
    unit.abort().unwrap();
    assert_eq!(
        (unit.state().stage, unit.state().slots[1].version.clone()),
        (Stage::Idle, None)
    );
}

#[test]
fn a_trial_takes_no_update_and_no_reset() {
    let (world, mut unit) = start(Machine {
        running: Slot::B,
        version: "2.0.0".into(),
        ..machine()
    });
    let good = workshop().bundle(&image("3.0.0"));
    let before = world.borrow().disk();
    assert!(send(&mut unit, &good)
        .unwrap_err()
        .to_string()
        .contains("is a trial"));
    assert!(unit.factory_reset().is_err());
    assert_eq!(world.borrow().disk(), before);
}

#[test]
fn a_factory_reset_sets_one_byte() {
    let (world, mut unit) = start(machine());
    let before = world.borrow().disk();
    assert_eq!(disk::data_type(&before), 0x83);
    unit.factory_reset().unwrap();
    let after = world.borrow().disk();
    assert_eq!(disk::data_type(&after), 0xda);
    assert_eq!(before.iter().zip(&after).filter(|(a, b)| a != b).count(), 1);
}
