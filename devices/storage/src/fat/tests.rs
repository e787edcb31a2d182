use super::*;
use crate::library::make_drive;
use proptest::prelude::*;
use std::{
    fs::{self, OpenOptions},
    path::PathBuf,
};

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new(mib: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_drive(&folder.path().join("drive"), mib).unwrap();
        Self { folder }
    }

    /// FAT32 as small as it can be.
    fn thirty_two() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true);
        let mut file = file.open(folder.path().join("drive")).unwrap();
        file.set_len(36 << 20).unwrap();
        let options = fatfs::FormatVolumeOptions::new().bytes_per_cluster(512);
        fatfs::format_volume(&mut file, options).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn list(&self, folder: &[&str]) -> Result<Vec<Entry>, FatError> {
        let file = File::open(self.path("drive")).unwrap();
        let tree = Tree::open(&file)?;
        let _ = tree.free();
        tree.list(folder)
    }

    fn names(&self) -> Vec<String> {
        let listed = self.list(&[]).unwrap();
        listed.into_iter().map(|entry| entry.name).collect()
    }

    fn free(&self) -> u64 {
        let file = File::open(self.path("drive")).unwrap();
        Tree::open(&file).unwrap().free()
    }

    fn change(&self, change: &Change) -> Result<(), FatError> {
        super::change(&self.path("drive"), &self.path("draft"), change)?;
        fs::rename(self.path("draft"), self.path("drive")).unwrap();
        Ok(())
    }

    fn put(&self, folder: &[&str], name: &str, bytes: &[u8]) -> Result<(), FatError> {
        let from = self.path("file");
        fs::write(&from, bytes).unwrap();
        self.change(&Change::Put {
            from,
            folder: folder.iter().map(|&part| part.to_owned()).collect(),
            name: name.to_owned(),
        })
    }

    fn remove(&self, folder: &[&str], name: &str) -> Result<(), FatError> {
        self.change(&Change::Remove {
            folder: folder.iter().map(|&part| part.to_owned()).collect(),
            name: name.to_owned(),
        })
    }

    /// As another reader sees it.
    fn read(&self, path: &str) -> Vec<u8> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(self.path("drive"));
        let system = fatfs::FileSystem::new(file.unwrap(), fatfs::FsOptions::new()).unwrap();
        let mut bytes = Vec::new();
        let mut file = system.root_dir().open_file(path).unwrap();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        bytes
    }

    fn make_folder(&self, name: &str) {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(self.path("drive"));
        let system = fatfs::FileSystem::new(file.unwrap(), fatfs::FsOptions::new()).unwrap();
        system.root_dir().create_dir(name).unwrap();
    }
}

/// FAT12, FAT16 and FAT32.
const SIZES: [u64; 3] = [1, 64, 600];

#[test]
fn files_come_are_listed_and_go_on_each_kind_of_fat() {
    for mib in SIZES {
        let shop = Shop::new(mib);
        assert!(is_fat(&shop.path("drive")));
        let (before, bytes) = (shop.free(), vec![7; 300_001]);
        shop.put(&[], "Ein langer Name, ümläut.tar.gz", &bytes)
            .unwrap();
        shop.put(&[], "B.TXT", b"b").unwrap();
        assert_eq!(shop.names(), ["Ein langer Name, ümläut.tar.gz", "B.TXT"]);
        assert_eq!(shop.list(&[]).unwrap()[0].size, 300_001);
        assert!(shop.read("Ein langer Name, ümläut.tar.gz") == bytes);
        assert!(shop.free() < before - 300_000);
        shop.remove(&[], "ein langer name, ÜMLÄUT.TAR.GZ").unwrap();
        shop.remove(&[], "b.txt").unwrap();
        assert!(shop.names().is_empty());
        assert_eq!(shop.free(), before, "{mib} MiB");
    }
}

#[test]
fn files_go_into_folders_that_are_there() {
    let shop = Shop::new(64);
    shop.make_folder("Docs");
    assert_eq!(shop.list(&[]).unwrap()[0].kind, Kind::Folder);
    shop.put(&["docs"], "a.txt", b"a").unwrap();
    assert_eq!(shop.list(&["DOCS"]).unwrap()[0].name, "a.txt");
    assert_eq!(shop.read("Docs/a.txt"), b"a");
    assert!(matches!(
        shop.put(&["none"], "a", b"a"),
        Err(FatError::NoFolder(_))
    ));
    assert!(matches!(
        shop.put(&[], "docs", b"a"),
        Err(FatError::Exists(_))
    ));
    assert!(matches!(shop.remove(&[], "Docs"), Err(FatError::Folder(_))));
    shop.remove(&["Docs"], "A.TXT").unwrap();
    assert!(shop.list(&["Docs"]).unwrap().is_empty());
}

#[test]
fn what_does_not_fit_leaves_the_drive_as_it_is() {
    let shop = Shop::new(1);
    shop.put(&[], "a", &vec![1; 600_000]).unwrap();
    let before = fs::read(shop.path("drive")).unwrap();
    let full = shop.put(&[], "b", &vec![1; 600_000]).unwrap_err();
    assert!(
        matches!(full, FatError::Full { size: 600_000, .. }),
        "{full}"
    );
    assert!(shop.put(&[], "A", b"again").is_err());
    assert!(shop.remove(&[], "none").is_err());
    assert!(fs::read(shop.path("drive")).unwrap() == before);
    // All that is said to be free can be had.
    shop.put(&[], "rest", &vec![2; usize::try_from(shop.free()).unwrap()])
        .unwrap();
    assert_eq!(shop.free(), 0);
}

#[test]
fn a_root_folder_that_grows_shows_nothing_of_what_was_there() {
    let shop = Shop::new(600);
    shop.put(&[], "junk", &[b'x'; 1 << 20]).unwrap();
    shop.remove(&[], "junk").unwrap();
    let mut wanted = Vec::new();
    for n in 0..60 {
        let name = format!("a file with a name of several parts {n}");
        shop.put(&[], &name, b"1").unwrap();
        wanted.push(name);
    }
    assert_eq!(shop.names(), wanted);
}

#[test]
fn a_full_root_folder_is_told() {
    let shop = Shop::new(1);
    let name = |n: u32| format!("{n}{}", "x".repeat(200));
    let refused = (0..100).find_map(|n| shop.put(&[], &name(n), b"1").err());
    let refused = refused.expect("512 entries are full");
    assert!(refused.to_string().contains("folder is full"), "{refused}");
}

#[test]
fn what_is_no_fat_is_told() {
    let shop = Shop::new(1);
    for bytes in [&b""[..], &[0; 512], &[0xff; 4096]] {
        fs::write(shop.path("drive"), bytes).unwrap();
        assert!(matches!(shop.list(&[]), Err(FatError::NoFat)));
        assert!(!is_fat(&shop.path("drive")));
    }
}

#[test]
fn a_folder_that_is_a_ring_ends() {
    let shop = Shop::new(64);
    shop.make_folder("ring");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(shop.path("drive"))
        .unwrap();
    let tree = Tree::open(&file).unwrap();
    let (at, folder) = (tree.geometry.table_at, tree.list(&["ring"]).unwrap());
    assert!(folder.is_empty());
    // The only cluster that is used is followed by itself.
    file.write_all_at(&2u16.to_le_bytes(), at + 4).unwrap();
    let told = shop.list(&["ring"]).unwrap_err();
    assert!(matches!(told, FatError::Damaged(_)), "{told}");
    assert!(shop.put(&["ring"], "a", b"a").is_err());
}

fn damaged(shop: &Shop, damage: &[(u64, u8)], reach: u64) {
    let file = OpenOptions::new()
        .write(true)
        .open(shop.path("drive"))
        .unwrap();
    for (at, byte) in damage {
        file.write_all_at(&[*byte], at % reach).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the target wrote, there is an answer.
    #[test]
    fn any_damage_is_an_error_or_a_listing_and_never_an_end(
        mib in prop::sample::select(vec![1u64, 5]),
        damage in prop::collection::vec((any::<u64>(), any::<u8>()), 0..40),
        reach in prop::sample::select(vec![64u64, 2048, 40_000]),
    ) {
        let shop = Shop::new(mib);
        shop.make_folder("folder");
        shop.put(&[], "a file with a long name.txt", &[1; 9000]).unwrap();
        shop.put(&["folder"], "b.txt", &[2; 9000]).unwrap();
        damaged(&shop, &damage, reach);
        let _ = shop.list(&[]);
        let _ = shop.list(&["folder"]);
        let _ = shop.remove(&[], "a file with a long name.txt");
        let _ = shop.put(&["folder"], "c.txt", &[3; 9000]);
        let _ = shop.remove(&["folder"], "b.txt");
    }

    /// The boot sector, the sector that counts, the table's beginning, the root folder and files.
    #[test]
    fn the_same_of_fat32(
        damage in prop::collection::vec((any::<u64>(), any::<u8>()), 0..30),
        at in prop::sample::select(vec![Some(0u64), Some(512), Some(4096), None]),
    ) {
        let shop = Shop::thirty_two();
        shop.put(&[], "a file with a long name.txt", &[1; 3000]).unwrap();
        let file = File::open(shop.path("drive")).unwrap();
        let geometry = Tree::open(&file).unwrap().geometry;
        prop_assert!(geometry.info_at.is_some());
        let at = at.unwrap_or(geometry.data_at);
        let damage: Vec<_> = damage.into_iter().map(|(place, byte)| (at + place % 512, byte)).collect();
        damaged(&shop, &damage, u64::MAX);
        let _ = shop.list(&[]);
        let _ = shop.remove(&[], "a file with a long name.txt");
        let _ = shop.put(&[], "c.txt", &[3; 3000]);
    }

    #[test]
    fn any_bytes_are_an_error_or_a_listing(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let shop = Shop::new(1);
        let mut whole = fs::read(shop.path("drive")).unwrap();
        whole[..bytes.len()].copy_from_slice(&bytes);
        if bytes.len() >= 512 {
            whole[510..512].copy_from_slice(&[0x55, 0xaa]);
        }
        fs::write(shop.path("drive"), whole).unwrap();
        let _ = shop.list(&[]);
        let _ = shop.put(&[], "c.txt", &[3; 100]);
    }
}
