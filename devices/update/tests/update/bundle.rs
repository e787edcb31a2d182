//! Small images, and bundles of them.

use dkvm_bundle::{create, Head, Images, PublicKeys, Release, SecretKey};
use std::{fs, path::Path, sync::OnceLock};

/// Bytes of each partition of a slot.
pub const BOOT_ROOM: usize = 24 * 512;
pub const ROOT_ROOM: usize = 30 * 512;

/// An image of a version: what its two partitions hold from their first byte on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub version: &'static str,
    pub boot: Vec<u8>,
    pub root: Vec<u8>,
}

/// Each version's bytes are its own; the boot image ends in zeros, which a bundle leaves out.
pub fn image(version: &'static str) -> Image {
    let seed = version
        .bytes()
        .fold(1u8, |a, b| a.wrapping_mul(31).wrapping_add(b));
    let bytes = |length: usize, salt: u8| -> Vec<u8> {
        (0..length)
            .map(|n| (n as u8).wrapping_mul(7).wrapping_add(seed ^ salt) | 1)
            .collect()
    };
    let mut boot = bytes(9000, 1);
    boot.resize(BOOT_ROOM - 512, 0);
    Image {
        version,
        boot,
        root: bytes(13_000, 2),
    }
}

/// What makes bundles.
pub struct Workshop {
    folder: tempfile::TempDir,
    key: SecretKey,
    pub keys: PublicKeys,
}

/// One for all tests: a key takes time.
pub fn workshop() -> &'static Workshop {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    WORKSHOP.get_or_init(Workshop::new)
}

impl Workshop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SecretKey::obtain(&folder.path().join("update.key")).unwrap();
        let keys = PublicKeys::parse(Path::new("update.pub"), &key.public_text()).unwrap();
        Self { folder, key, keys }
    }

    pub fn public_text(&self) -> String {
        self.key.public_text()
    }

    pub fn bundle(&self, image: &Image) -> Vec<u8> {
        self.bundle_for("lab", image)
    }

    pub fn bundle_for(&self, board: &str, image: &Image) -> Vec<u8> {
        let own = tempfile::tempdir_in(self.folder.path()).unwrap();
        let path = |name: &str| own.path().join(name);
        fs::write(path("boot"), &image.boot).unwrap();
        fs::write(path("root"), &image.root).unwrap();
        let images = Images {
            boot: path("boot"),
            root: path("root"),
        };
        let release = Release {
            board: board.into(),
            version: image.version.parse().unwrap(),
            build: String::new(),
            min_version: None,
        };
        create(&images, release, &self.key, &path("out")).unwrap();
        fs::read(path("out")).unwrap()
    }
}

/// Where a bundle's parts begin.
pub fn head_length(bundle: &[u8]) -> usize {
    Head::parse(bundle).unwrap().length
}
