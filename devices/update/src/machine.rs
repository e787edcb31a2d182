//! What `dkvm boot` found, and the card that it found it on.

use crate::{
    backend::{
        card::{Card, Medium, Volume},
        dummy::Dummy,
        files::Files,
        Board,
    },
    config::{BackendKind, Config},
    core::{
        error::{BoardError, UpdateError},
        record::Machine,
    },
};
use dkvm_bundle::PublicKeys;
use dkvm_wire::service::BootInfo;
use std::{io, path::Path};

/// Most bytes of `info.json`: it has a sentence per notice.
const MAX_INFO: usize = 256 * 1024;

/// A card of either kind.
pub type AnyCard = Card<Box<dyn Medium + Send>>;

impl Medium for Box<dyn Medium + Send> {
    fn size(&self, volume: Volume) -> io::Result<u64> {
        (**self).size(volume)
    }

    fn read(&self, volume: Volume, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read(volume, at, buffer)
    }

    fn write(&mut self, volume: Volume, at: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).write(volume, at, bytes)
    }

    fn flush(&mut self, volume: Volume) -> io::Result<()> {
        (**self).flush(volume)
    }
}

/// All that an engine is made of.
pub struct Found {
    /// The card.
    pub card: AnyCard,
    /// What runs.
    pub machine: Machine,
    /// Whose bundles are taken.
    pub keys: PublicKeys,
    /// What is kept is on the card.
    pub persistent: Persistent,
}

/// Whether what is kept survives a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Persistent {
    Yes,
    No,
}

/// Looks for the card. `Ok(None)`: this machine does not run from one.
pub fn find(config: &Config) -> Result<Option<Found>, UpdateError> {
    let Some(info) = read_info(&config.info)? else {
        return Ok(None);
    };
    let (Some(image), Some(medium)) = (info.image, medium(config, info.card.as_deref())?) else {
        return Ok(None);
    };
    let card = Card(medium);
    let machine = Machine {
        board: image.board,
        version: image.version,
        running: image.slot,
        // What `dkvm boot` read is old once this device has committed.
        committed: card.committed()?,
        boot: boot_id(),
    };
    Ok(Some(Found {
        card,
        machine,
        keys: PublicKeys::read(&config.keys)?,
        persistent: if image.persistent {
            Persistent::Yes
        } else {
            Persistent::No
        },
    }))
}

/// Empty where Linux does not say it: then a death of this device in one narrow moment counts as a failed trial.
fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    text.unwrap_or_default().trim().to_owned()
}

fn medium(
    config: &Config,
    card: Option<&str>,
) -> Result<Option<Box<dyn Medium + Send>>, UpdateError> {
    Ok(match (config.backend, &config.card) {
        (BackendKind::Dummy, Some(path)) => {
            let dummy = Dummy::open(path);
            let dummy = dummy.map_err(BoardError::io(format!("opening {}", path.display())))?;
            Some(Box::new(dummy))
        }
        (BackendKind::Dummy, None) => None,
        (BackendKind::Card, _) => {
            card.map(|card| Box::new(Files::new(Path::new(card))) as Box<dyn Medium + Send>)
        }
    })
}

fn read_info(path: &Path) -> Result<Option<BootInfo>, BoardError> {
    let act = || format!("reading {}", path.display());
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BoardError::io(act())(error)),
        Ok(bytes) if bytes.len() > MAX_INFO => {
            Err(BoardError::io(act())(io::Error::other("it is too long")))
        }
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(io::Error::other)
            .map_err(BoardError::io(act())),
    }
}
