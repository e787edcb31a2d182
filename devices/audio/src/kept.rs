//! Which source was chosen: the file `source` of the state directory, one name on one line. It survives the Pi's restart.

use dkvm_sdk::{files::replace, Request};
use dkvm_wire::service::Nothing;
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::mpsc::Receiver,
};

const NAME: &str = "source";
/// Longest file that is looked at; Linux gives a card 15 characters.
const MAX_FILE: u64 = 64;

/// The file; nothing is kept where there is no directory for it.
#[derive(Debug)]
pub struct Kept(Option<PathBuf>);

impl Kept {
    /// In that directory; and what was chosen last, if anything was.
    pub fn open(folder: Option<&Path>) -> (Self, Option<String>) {
        let path = folder.map(|folder| folder.join(NAME));
        let chosen = path.as_deref().and_then(read);
        (Self(path), chosen)
    }

    /// Keeps choices in their order, for ever, and answers each when it is on the card: in a thread of its own, since a card that has much
    /// to do takes longer than the device may be silent.
    pub fn run(&self, choices: &Receiver<(String, Request)>) {
        for (source, request) in choices {
            if let Err(error) = self.keep(&source) {
                dkvm_sdk::warn!("cannot keep the choice of {source}: {error}; it lasts until the device starts again");
            }
            // An end of the link is met in the shell.
            let _ = request.reply(&Nothing {});
        }
    }

    /// Keeps a choice, so that a power cut leaves the old or the new one.
    pub fn keep(&self, source: &str) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        replace(path, format!("{source}\n").as_bytes())
    }
}

/// What was chosen; a file in which nothing stands is no choice.
fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(MAX_FILE)
        .read_to_string(&mut text)
        .ok()?;
    let source = text.trim();
    (!source.is_empty()).then(|| source.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_choice_is_kept_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Kept::open(Some(folder.path()));
        assert_eq!(open().1, None);
        for source in ["MS2109", "gadget"] {
            open().0.keep(source).unwrap();
            assert_eq!(open().1.as_deref(), Some(source));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_power_cut_left_empty_is_no_choice() {
        let folder = tempfile::tempdir().unwrap();
        for nothing in [&b""[..], b" \n", b"\xff\xfe"] {
            fs::write(folder.path().join(NAME), nothing).unwrap();
            assert_eq!(Kept::open(Some(folder.path())).1, None);
        }
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let (kept, chosen) = Kept::open(None);
        kept.keep("gadget").unwrap();
        assert_eq!(chosen, None);
    }
}
