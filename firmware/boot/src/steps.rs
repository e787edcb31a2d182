//! The parts that touch the card, each a process of its own: `dkvm boot --step …`. What one has found it prints as
//! JSON; that it does not end is an answer too.

use crate::card::{self, Settled};
use crate::mounts::mount_device;
use crate::settings;
use dkvm_card::{DATA, SECTOR, SELECT};
use rustix::mount::{unmount, MountFlags, UnmountFlags};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where this boot leaves what it found.
pub const RUN_DIR: &str = "/run/dkvm/boot";
/// Where the data partition is until all is well with it.
pub const STAGE: &str = "/run/dkvm/boot/data";
const SELECT_DIR: &str = "/run/dkvm/boot/select";
/// The owner's settings as they stand on the card; gone when the boot is done, for they may hold a password.
pub const SETTINGS: &str = "/run/dkvm/boot/dkvm.txt";
/// An empty file on the first partition by which a person without a login asks for a factory reset; Windows likes to
/// add an ending that it does not show.
const RESET_FILES: [&str; 2] = ["factory-reset", "factory-reset.txt"];

/// Which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The first partition (settings, and a request for a factory reset), then what `Data` does: an answer each. Most
    /// boots need no other step, and a process costs milliseconds.
    Card,
    /// The table, and the data partition where it is in use.
    Data,
    /// The data partition has a file system: say so in the table, and mount it.
    Sign,
    /// Mount it, without a look at the table.
    Mount,
}

impl Step {
    /// As the command line says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Data => "data",
            Self::Sign => "sign",
            Self::Mount => "mount",
        }
    }

    /// And back.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Card, Self::Data, Self::Sign, Self::Mount]
            .into_iter()
            .find(|step| step.name() == name)
    }
}

/// What the first partition said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selected {
    /// `autoboot.txt`
    pub autoboot: Option<String>,
    /// Sentences.
    pub notices: Vec<String>,
    /// The data partition is to be made anew.
    pub reset: bool,
}

/// What became of the data partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataFound {
    /// It is mounted on [`STAGE`].
    Mounted,
    /// It is to be formatted.
    Empty {
        /// Its size.
        sectors: u64,
    },
    /// It is in use, and Linux does not mount it: the reason.
    Refused(String),
    /// The card cannot be used: the reason.
    Unusable(String),
}

/// Does one part and prints what came of it, a line each.
pub fn run(step: Step, card: &card::Card) {
    match step {
        Step::Card => {
            answer(&select(card));
            answer(&data(card));
        }
        Step::Data => answer(&data(card)),
        Step::Sign => answer(&sign(card)),
        Step::Mount => answer(&mount_data(card)),
    }
}

fn answer(found: &impl Serialize) {
    println!("{}", serde_json::to_string(found).unwrap_or_default());
}

fn data(card: &card::Card) -> DataFound {
    match card::settle(&card.disk) {
        Ok(Settled::InUse) => mount_data(card),
        Ok(Settled::Empty { sectors }) => DataFound::Empty { sectors },
        Err(error) => DataFound::Unusable(error.to_string()),
    }
}

fn sign(card: &card::Card) -> DataFound {
    match card::sign_formatted(&card.disk) {
        Ok(()) => mount_data(card),
        Err(error) => DataFound::Unusable(error.to_string()),
    }
}

fn mount_data(card: &card::Card) -> DataFound {
    let _ = fs::create_dir_all(STAGE);
    let device = card.partition(DATA);
    let mounted = mount_device(
        &device,
        Path::new(STAGE),
        "ext4",
        MountFlags::NOATIME,
        "data=ordered,errors=remount-ro",
    );
    match mounted {
        Ok(()) => DataFound::Mounted,
        Err(error) => DataFound::Refused(error.to_string()),
    }
}

fn select(card: &card::Card) -> Selected {
    let mut found = Selected::default();
    if let Err(error) = read_select(card, &mut found) {
        found.notices.push(format!("The card's first partition, DKVM, cannot be read ({error}), so dkvm.txt was ignored: repair or rewrite it in a computer."));
    }
    if found.reset {
        found.reset = false;
        match reset(card) {
            Ok(()) => found.reset = true,
            Err(error) => found.notices.push(format!(
                "The factory reset that the card's first partition asks for was not done: {error}."
            )),
        }
    }
    found
}

fn read_select(card: &card::Card, found: &mut Selected) -> Result<(), String> {
    let dir = mounted_select(card, MountFlags::RDONLY)?;
    found.autoboot = read_most(&dir.0.join("autoboot.txt"), SECTOR as u64)
        .ok()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    found.reset = reset_files(&dir.0).next().is_some();
    match read_most(&dir.0.join(settings::FILE), settings::MAX_BYTES) {
        Ok(bytes) => keep_settings(&bytes),
        // An owner may well delete it: then nothing is set, which is not the same as not known.
        Err(error) if error.kind() == io::ErrorKind::NotFound => keep_settings(&[]),
        Err(error) => Err(format!("{}: {error}", settings::FILE)),
    }
}

fn keep_settings(bytes: &[u8]) -> Result<(), String> {
    keep_private(Path::new(SETTINGS), bytes).map_err(|error| error.to_string())
}

fn reset_files(dir: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    RESET_FILES
        .iter()
        .map(|name| dir.join(name))
        .filter(|path| path.exists())
}

/// The request is on the card as the partition's type before the file goes. If the file cannot go, nothing is reset:
/// else every boot would.
fn reset(card: &card::Card) -> Result<(), String> {
    let was_in_use = card::request_reset(&card.disk).map_err(|error| error.to_string())?;
    let removed = remove_reset_files(card);
    if removed.is_err() && was_in_use {
        card::sign_formatted(&card.disk).map_err(|error| error.to_string())?;
    }
    removed.map_err(|error| format!("its file cannot be deleted ({error})"))
}

fn remove_reset_files(card: &card::Card) -> Result<(), String> {
    let dir = mounted_select(card, MountFlags::SYNCHRONOUS)?;
    let mut removed = reset_files(&dir.0).map(fs::remove_file);
    removed
        .try_for_each(|result| result)
        .map_err(|error| error.to_string())?;
    File::open(&dir.0)
        .and_then(|dir| rustix::fs::syncfs(&dir).map_err(Into::into))
        .map_err(|error| error.to_string())
}

/// Unmounts when it is dropped.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::empty());
        let _ = fs::remove_dir(&self.0);
    }
}

fn mounted_select(card: &card::Card, flags: MountFlags) -> Result<Mounted, String> {
    let _ = fs::create_dir_all(SELECT_DIR);
    mount_device(
        &card.partition(SELECT),
        Path::new(SELECT_DIR),
        "vfat",
        flags.union(MountFlags::NOEXEC),
        "",
    )
    .map_err(|error| error.to_string())?;
    Ok(Mounted(PathBuf::from(SELECT_DIR)))
}

fn read_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file that only root reads.
pub fn keep_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}
