//! The table as it is delivered, through a first boot that is cut short anywhere, and damaged.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A card of which only the sectors that were written are kept.
#[derive(Debug, Clone, Default, PartialEq)]
struct Fake(BTreeMap<u64, Sector>);

impl Fake {
    fn read(&self) -> Result<Table, TableError> {
        Table::read(|lba| Ok(self.0.get(&lba).copied().unwrap_or([0; SECTOR])))
    }

    fn put(&mut self, write: &SectorWrite) {
        self.0.insert(write.lba, write.bytes);
    }
}

const MIB: u64 = 2048;
const P4: u64 = 145 * MIB;
/// p5 and p6 of 128 MiB, p7 of 1 MiB, each with its sector a MiB before it.
const CHAIN: [(u64, u64); 3] = [
    (P4, 128 * MIB),
    (P4 + 129 * MIB, 128 * MIB),
    (P4 + 258 * MIB, MIB),
];

fn entry(sector: &mut Sector, index: usize, kind: u8, start: u64, sectors: u64) {
    let at = 446 + 16 * index;
    sector[at + 4] = kind;
    sector[at + 8..at + 12].copy_from_slice(&(start as u32).to_le_bytes());
    sector[at + 12..at + 16].copy_from_slice(&(sectors as u32).to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
}

/// As it is delivered.
fn delivered() -> Fake {
    let mut card = Fake::default();
    let mut mbr = [0; SECTOR];
    mbr[440..444].copy_from_slice(&SIGNATURE.to_le_bytes());
    entry(&mut mbr, 0, 0x0e, MIB, 16 * MIB);
    entry(&mut mbr, 1, 0x0e, 17 * MIB, 64 * MIB);
    entry(&mut mbr, 2, 0x0e, 81 * MIB, 64 * MIB);
    entry(&mut mbr, 3, 0x05, P4, 260 * MIB);
    card.0.insert(0, mbr);
    for (index, (at, sectors)) in CHAIN.into_iter().enumerate() {
        let mut sector = [0; SECTOR];
        entry(
            &mut sector,
            0,
            if index == 2 { TYPE_FRESH } else { TYPE_LINUX },
            MIB,
            sectors,
        );
        if let Some((next, sectors)) = CHAIN.get(index + 1) {
            entry(&mut sector, 1, 0x05, next - P4, sectors + MIB);
        }
        card.0.insert(at, sector);
    }
    card
}

fn table(card: &Fake) -> Table {
    card.read().expect("the table is ours")
}

/// The writes of a first boot from here: those that grow it, then the signature.
fn first_boot(card: &Fake, sectors: u64) -> Vec<SectorWrite> {
    let Growth::Fresh { mut writes, .. } = grow(&table(card), sectors) else {
        return vec![];
    };
    let grown = writes
        .iter()
        .fold(table(card), |table, write| table.after(write));
    writes.push(grown.with_data_type(TYPE_LINUX));
    writes
}

fn done(card: &Fake, sectors: u64) -> Fake {
    let mut card = card.clone();
    first_boot(&card, sectors)
        .iter()
        .for_each(|write| card.put(write));
    card
}

#[test]
fn partitions_are_where_the_table_says() {
    let table = table(&delivered());
    let at = |number| {
        table
            .partition(number)
            .map(|at| (at.start / MIB, at.sectors / MIB))
    };
    assert_eq!(at(SELECT), Some((1, 16)));
    assert_eq!(at(3), Some((81, 64)));
    assert_eq!(at(5), Some((146, 128)));
    assert_eq!(at(6), Some((275, 128)));
    assert_eq!(at(DATA), Some((404, 1)));
    assert_eq!((at(0), at(8), at(u32::MAX)), (None, None, None));
    assert_eq!(table.partition(7), Some(table.data()));
    assert_eq!(table.partition(4), Some(table.extended()));
}

#[test]
fn an_empty_entry_is_no_partition() {
    let mut card = delivered();
    entry(card.0.get_mut(&0).expect("it is there"), 2, 0, 0, 0);
    assert_eq!(table(&card).partition(3), None);
}

#[test]
fn the_partition_reaches_the_end_of_the_card() {
    let sectors = 62_333_952;
    let card = done(&delivered(), sectors);
    let after = table(&card);
    assert_eq!(
        after.data(),
        Extent {
            start: CHAIN[2].0 + MIB,
            sectors: sectors / MIB * MIB - CHAIN[2].0 - MIB
        }
    );
    assert_eq!(after.extended().end(), after.data().end());
    assert_eq!(after.data_type(), TYPE_LINUX);
    assert_eq!(grow(&after, sectors), Growth::Settled(after.data()));
}

#[test]
fn a_cut_between_any_two_writes_changes_nothing_of_the_end() {
    let sectors = 62_333_952;
    let whole = done(&delivered(), sectors);
    let writes = first_boot(&delivered(), sectors);
    assert_eq!(writes.len(), 4);
    for cut in 0..=writes.len() {
        let mut card = delivered();
        writes[..cut].iter().for_each(|write| card.put(write));
        let half = table(&card);
        assert!(
            half.data().end() <= half.extended().end(),
            "after {cut} writes p7 reaches out of p4"
        );
        assert_eq!(
            half.data_type() == TYPE_LINUX,
            cut == writes.len(),
            "after {cut} writes"
        );
        assert_eq!(done(&card, sectors), whole, "cut after {cut} writes");
        // and cut again in the second attempt
        for again in first_boot(&card, sectors) {
            card.put(&again);
            assert_eq!(done(&card, sectors), whole);
        }
    }
}

#[test]
fn only_the_sizes_and_the_type_change() {
    let (before, after) = (delivered(), done(&delivered(), 62_333_952));
    let changed: Vec<(u64, usize)> = before
        .0
        .iter()
        .flat_map(|(lba, old)| {
            (0..SECTOR)
                .filter(|i| old[*i] != after.0[lba][*i])
                .map(|i| (*lba, i))
        })
        .collect();
    let allowed = |(lba, at): &(u64, usize)| match *lba {
        0 => (446 + 48 + 12..446 + 64).contains(at),
        lba if lba == CHAIN[1].0 => (462 + 12..478).contains(at),
        lba if lba == CHAIN[2].0 => *at == 450 || (446 + 12..462).contains(at),
        _ => false,
    };
    assert!(changed.iter().all(allowed), "{changed:?}");
}

#[test]
fn a_card_that_is_no_larger_only_gets_its_type() {
    for sectors in [0, 1, table(&delivered()).data().end()] {
        assert_eq!(first_boot(&delivered(), sectors).len(), 1, "the type alone");
        assert_eq!(
            table(&done(&delivered(), sectors)).data().start,
            table(&delivered()).data().start
        );
    }
}

#[test]
fn other_tables_are_refused() {
    let broken: [fn(&mut Fake); 6] = [
        |card| card.0.clear(),
        |card| card.0.entry(0).or_insert([0; SECTOR])[440] ^= 1,
        |card| card.0.entry(0).or_insert([0; SECTOR])[446 + 48 + 4] = 0x83,
        |card| {
            card.0.remove(&CHAIN[1].0);
        },
        |card| {
            card.0.remove(&CHAIN[2].0);
        },
        |card| {
            let first = card.0[&CHAIN[0].0];
            card.0.insert(CHAIN[2].0, first);
        },
    ];
    for (index, damage) in broken.into_iter().enumerate() {
        let mut card = delivered();
        damage(&mut card);
        assert!(card.read().is_err(), "damage {index}");
    }
}

proptest! {
    /// Any byte of the table's sectors damaged: never a panic, never a partition before its own start, and p7 never overlaps p6.
    #[test]
    fn damaged_tables(lba in 0usize..4, at in 0usize..SECTOR, value: u8, sectors in 0u64..1 << 40) {
        let mut card = delivered();
        let place = [0, CHAIN[0].0, CHAIN[1].0, CHAIN[2].0][lba];
        card.0.get_mut(&place).expect("it is there")[at] = value;
        if let Ok(table) = card.read() {
            if let Growth::Fresh { data, writes } = grow(&table, sectors) {
                prop_assert!(data.start == table.data().start && writes.len() <= 3);
                prop_assert!(data.sectors >= table.data().sectors.min(u64::from(u32::MAX)));
            }
        }
    }
}
