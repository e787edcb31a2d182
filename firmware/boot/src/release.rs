//! `/etc/dkvm/release`: which image this is.

use std::fs;

const FILE: &str = "/etc/dkvm/release";

/// What the build wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `rpi4`, `zero2w`, `qemu`, `lab`.
    pub board: String,
    /// Its version.
    pub version: String,
}

/// Reads it; what is missing is `unknown`, or this program's own version.
pub fn read() -> Release {
    parse(&fs::read_to_string(FILE).unwrap_or_default())
}

fn parse(text: &str) -> Release {
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let found = pairs.find(|(name, _)| name.trim() == key)?;
        Some(found.1.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
    };
    Release {
        board: value("board").unwrap_or_else(|| "unknown".to_owned()),
        version: value("version").unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        for text in [
            "board=rpi4\nversion=1.2.3\nbuild=x\n",
            "board = \"rpi4\"\nversion = \"1.2.3\"\n",
        ] {
            let release = parse(text);
            assert_eq!(
                (release.board.as_str(), release.version.as_str()),
                ("rpi4", "1.2.3")
            );
        }
        assert_eq!(parse("").board, "unknown");
    }
}
