//! The device's part of the configuration.

use rustix::process::Signal;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Only `program` is required.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The program and its arguments. It must stay in the foreground.
    pub program: Vec<String>,
    /// A file without which it is of no use; as long as that is missing, it is not started.
    pub requires: Option<PathBuf>,
    /// When it counts as ready: `started`, or a file that it makes.
    pub ready: ReadyWhen,
    /// What tells it to end.
    pub stop_signal: StopSignal,
    /// Variables of its environment, beyond those of the device.
    pub environment: BTreeMap<String, String>,
}

/// When the program counts as ready.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ReadyWhen {
    /// As soon as it runs.
    #[default]
    Started,
    /// When it has made this file (a pid file, a socket).
    File(PathBuf),
}

impl TryFrom<String> for ReadyWhen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "started" => Ok(Self::Started),
            path if path.starts_with('/') => Ok(Self::File(path.into())),
            _ => Err(format!(
                "{text:?} is neither \"started\" nor an absolute path"
            )),
        }
    }
}

/// Signals on which programs end in good order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum StopSignal {
    #[default]
    Term,
    Int,
    Quit,
    Hup,
    Usr1,
    Usr2,
}

impl StopSignal {
    /// As Linux knows it.
    pub fn number(self) -> Signal {
        match self {
            Self::Term => Signal::TERM,
            Self::Int => Signal::INT,
            Self::Quit => Signal::QUIT,
            Self::Hup => Signal::HUP,
            Self::Usr1 => Signal::USR1,
            Self::Usr2 => Signal::USR2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_a_word_or_a_path() {
        let read = |text: &str| ReadyWhen::try_from(text.to_owned());
        assert_eq!(read("started"), Ok(ReadyWhen::Started));
        assert_eq!(read("/run/x.pid"), Ok(ReadyWhen::File("/run/x.pid".into())));
        assert!(read("run/x.pid").is_err_and(|why| why.contains("absolute path")));
    }
}
