//! The nodes that the card's `dkvm.txt` names: `dkvm boot` leaves them in a file, one fingerprint per line.

use crate::{files, fingerprint::Fingerprint, store::MOST};
use std::path::Path;

/// Where `dkvm boot` leaves it.
pub const FILE: &str = "/run/dkvm/boot/peers";

/// The keys of that file; `None` where nobody knows whom the card names: it could not be read, or there is none. A line that is none was told by `dkvm boot`, and is left out.
pub fn read(path: &Path) -> Option<Vec<Fingerprint>> {
    match files::read(path) {
        Ok(text) => text.as_deref().map(keys),
        Err(error) => {
            dkvm_sdk::warn!("the nodes that the card names are not known: {error}");
            None
        }
    }
}

fn keys(text: &str) -> Vec<Fingerprint> {
    let lines = text.lines().map(str::trim);
    lines
        .filter_map(|line| line.parse().ok())
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_key_a_line() {
        let key = Fingerprint::of(7);
        assert_eq!(keys(&format!("{key}\n\nnonsense\n  {key}  \n")), [key, key]);
        assert_eq!(read(Path::new("/nowhere/peers")), None, "nobody knows");
        assert_eq!(read(Path::new("/")), None, "it cannot be read");
    }

    proptest! {
        #[test]
        fn any_text_gives_keys_or_none(text in "(.|\n){0,300}") {
            prop_assert!(keys(&text).len() <= MOST);
        }
    }
}
