//! What survives this device's own death, in the file `binding` of its run directory: how often it bound the gadget, and
//! whether a person unplugged it. One line: `3 plugged` or `3 unplugged`.

use dkvm_sdk::files::replace;
use std::{fs, path::PathBuf};

/// Whether the gadget should be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// It should.
    #[default]
    Plugged,
    /// A person unplugged it.
    Unplugged,
}

/// The journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journal {
    path: Option<PathBuf>,
    /// Binds so far.
    pub binding: u32,
    /// What was last asked for.
    pub wish: Wish,
}

impl Journal {
    /// Reads the file, if there is a run directory; anything that is not the line above is no file.
    pub fn open() -> Self {
        let path = dkvm_sdk::run_dir().map(|directory| directory.join("binding"));
        let text = path
            .as_ref()
            .and_then(|path| fs::read_to_string(path).ok())
            .unwrap_or_default();
        let (binding, wish) = parse(&text).unwrap_or_default();
        Self {
            path,
            binding,
            wish,
        }
    }

    /// Counts a bind. It is written before the bind, so that no binding is announced twice.
    pub fn bound(&mut self) {
        self.binding = self.binding.wrapping_add(1);
        self.write();
    }

    /// Keeps what was asked for.
    pub fn wish(&mut self, wish: Wish) {
        self.wish = wish;
        self.write();
    }

    fn write(&self) {
        let Some(path) = &self.path else { return };
        let line = line(self.binding, self.wish);
        if let Err(error) = replace(path, line.as_bytes()) {
            dkvm_sdk::warn!("cannot write {}: {error}; after a death of this device hid may open its files once too often", path.display());
        }
    }
}

fn line(binding: u32, wish: Wish) -> String {
    let word = if wish == Wish::Plugged {
        "plugged"
    } else {
        "unplugged"
    };
    format!("{binding} {word}\n")
}

fn parse(text: &str) -> Option<(u32, Wish)> {
    let (number, word) = text.trim_end().split_once(' ')?;
    let wish = match word {
        "plugged" => Wish::Plugged,
        "unplugged" => Wish::Unplugged,
        _ => return None,
    };
    Some((number.parse().ok()?, wish))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(binding: u32, plugged: bool) {
            let wish = if plugged { Wish::Plugged } else { Wish::Unplugged };
            prop_assert_eq!(parse(&line(binding, wish)), Some((binding, wish)));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let known = parse(&text).is_some();
            prop_assert!(!known || text.contains("plugged"));
        }
    }
}
