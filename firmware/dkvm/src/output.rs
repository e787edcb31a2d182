//! Printing. Every write can fail: the reader of a pipe may be gone.

use crate::error::CliError;
use serde::Serialize;
use std::io::Write;

/// In which form a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

impl From<bool> for Form {
    fn from(json: bool) -> Self {
        if json {
            Self::Json
        } else {
            Self::Text
        }
    }
}

/// One line.
pub fn line(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Many lines.
pub fn lines(lines: &[String]) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    for text in lines {
        writeln!(out, "{text}")?;
    }
    Ok(out.flush()?)
}

/// As it is, without a line end of ours.
pub fn plain(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// One value as one line of JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string(value).map_err(std::io::Error::other)?;
    line(&text)
}

/// What came from a device's output, without what would work the reader's terminal.
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn escape_sequences_of_devices_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\tc\u{9b}d"), "a\u{fffd}[2Jb\tc\u{fffd}d");
    }
}
