//! A card as the design lays it out, small.

use super::bundle::{Image, BOOT_ROOM, ROOT_ROOM};
use dkvm_bundle::PartName;
use dkvm_card::{autoboot, SIGNATURE};
use dkvm_update::backend::card::Volume;
use dkvm_wire::service::Slot;

pub const SECTOR: usize = 512;
const BOOT_SECTORS: usize = BOOT_ROOM / SECTOR;
const ROOT_SECTORS: usize = ROOT_ROOM / SECTOR;

/// First sectors.
const SELECT: usize = 8;
const SELECT_SECTORS: usize = 24;
const BOOT_A: usize = SELECT + SELECT_SECTORS;
const BOOT_B: usize = BOOT_A + BOOT_SECTORS;
const EXTENDED: usize = BOOT_B + BOOT_SECTORS;
const ROOT_A: usize = EXTENDED + 1;
const TABLE_B: usize = ROOT_A + ROOT_SECTORS;
const ROOT_B: usize = TABLE_B + 1;
const TABLE_DATA: usize = ROOT_B + ROOT_SECTORS;
const DATA: usize = TABLE_DATA + 1;
const DATA_SECTORS: usize = 8;
pub const SECTORS: usize = DATA + DATA_SECTORS;

/// In the select partition: one reserved sector, a table, a root directory of one sector, clusters of one sector.
const FAT_ROOT: usize = SELECT + 2;
/// `autoboot.txt` is not the first file.
const AUTOBOOT: usize = FAT_ROOT + 1 + 3;

/// First byte and length of a volume.
pub fn place(volume: Volume) -> (usize, usize) {
    let (start, count) = match volume {
        Volume::Whole => (0, SECTORS),
        Volume::Select => (SELECT, SELECT_SECTORS),
        Volume::Part(Slot::A, PartName::Boot) => (BOOT_A, BOOT_SECTORS),
        Volume::Part(Slot::B, PartName::Boot) => (BOOT_B, BOOT_SECTORS),
        Volume::Part(Slot::A, PartName::Root) => (ROOT_A, ROOT_SECTORS),
        Volume::Part(Slot::B, PartName::Root) => (ROOT_B, ROOT_SECTORS),
    };
    (start * SECTOR, count * SECTOR)
}

/// A card with an image in slot A, and what an earlier one left in slot B.
pub fn card(image: &Image) -> Vec<u8> {
    let mut disk = vec![0xee; SECTORS * SECTOR];
    let mut sector =
        |at: usize, bytes: &[u8]| disk[at * SECTOR..][..bytes.len()].copy_from_slice(bytes);
    sector(
        0,
        &table(
            SIGNATURE,
            &[
                (0x0e, SELECT, SELECT_SECTORS),
                (0x0e, BOOT_A, BOOT_SECTORS),
                (0x0e, BOOT_B, BOOT_SECTORS),
                (0x0f, EXTENDED, SECTORS - EXTENDED),
            ],
        ),
    );
    let after = |table: usize| (0x05, table - EXTENDED, SECTORS - table);
    sector(
        EXTENDED,
        &table(
            0,
            &[(0x83, ROOT_A - EXTENDED, ROOT_SECTORS), after(TABLE_B)],
        ),
    );
    sector(
        TABLE_B,
        &table(
            0,
            &[(0x83, ROOT_B - TABLE_B, ROOT_SECTORS), after(TABLE_DATA)],
        ),
    );
    sector(
        TABLE_DATA,
        &table(0, &[(0x83, DATA - TABLE_DATA, DATA_SECTORS)]),
    );
    sector(SELECT, &fat_head());
    sector(FAT_ROOT, &fat_root());
    sector(AUTOBOOT, &autoboot::render(Slot::A));
    sector(BOOT_A, &image.boot);
    sector(ROOT_A, &image.root);
    disk
}

/// The byte that says whether the data partition is to be made anew.
pub fn data_type(disk: &[u8]) -> u8 {
    disk[TABLE_DATA * SECTOR + 450]
}

/// What the boot ROM reads, by its own eyes: the number behind the first `boot_partition=` is for all.
pub fn committed(disk: &[u8]) -> Slot {
    let text = String::from_utf8(disk[AUTOBOOT * SECTOR..][..SECTOR].to_vec())
        .expect("a whole autoboot.txt");
    match text
        .split("boot_partition=")
        .nth(1)
        .and_then(|rest| rest.chars().next())
    {
        Some('2') => Slot::A,
        Some('3') => Slot::B,
        other => panic!("autoboot.txt names partition {other:?}"),
    }
}

/// Which of the images a slot holds, wholly.
pub fn holds<'a>(disk: &[u8], slot: Slot, images: &'a [Image]) -> Option<&'a Image> {
    let begins = |part, bytes: &[u8]| disk[place(Volume::Part(slot, part)).0..].starts_with(bytes);
    images
        .iter()
        .find(|image| begins(PartName::Boot, &image.boot) && begins(PartName::Root, &image.root))
}

fn table(signature: u32, entries: &[(u8, usize, usize)]) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    sector[440..444].copy_from_slice(&signature.to_le_bytes());
    for (index, (kind, start, count)) in entries.iter().enumerate() {
        let entry = &mut sector[446 + index * 16..][..16];
        entry[4] = *kind;
        entry[8..12].copy_from_slice(&(*start as u32).to_le_bytes());
        entry[12..].copy_from_slice(&(*count as u32).to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

fn fat_head() -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    sector[11..19].copy_from_slice(&[0, 2, 1, 1, 0, 1, 16, 0]);
    sector[22] = 1;
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

fn fat_root() -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    for (index, (name, cluster)) in [(b"README  TXT", 2u8), (b"AUTOBOOTTXT", 5)]
        .iter()
        .enumerate()
    {
        let entry = &mut sector[index * 32..][..32];
        entry[..11].copy_from_slice(*name);
        entry[26] = *cluster;
        entry[29] = 2;
    }
    sector
}
