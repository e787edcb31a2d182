//! The device's part of the configuration.

use crate::reports::Function;
use serde::Deserialize;
use std::path::PathBuf;

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `hidg` (default) or `dummy`, which needs no USB.
    pub backend: BackendKind,
    /// Device file of the keyboard, instead of what the gadget device says.
    pub keyboard: Option<PathBuf>,
    /// Device file of the absolute mouse.
    pub absolute: Option<PathBuf>,
    /// Device file of the relative mouse.
    pub relative: Option<PathBuf>,
    /// File to which the dummy appends each report as a line `keyboard 0000040000000000`.
    pub record: Option<PathBuf>,
}

/// Where reports go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// `/dev/hidg*` of Linux.
    #[default]
    Hidg,
    /// Nowhere; lock keys light the LEDs as a target would.
    Dummy,
}

impl Config {
    /// The device file that a person named for a function.
    pub fn device(&self, function: Function) -> Option<&PathBuf> {
        match function {
            Function::Keyboard => self.keyboard.as_ref(),
            Function::Absolute => self.absolute.as_ref(),
            Function::Relative => self.relative.as_ref(),
        }
    }
}
