//! The `config` table of a screen device.

use crate::core::{Begin, Source};
use serde::Deserialize;

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The node that keyboard and mouse go to; while they are here, the one before.
    Follow,
    /// This one.
    Fixed(Source),
}

/// Where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// A window of an X server.
    #[default]
    X11,
    /// Nowhere; everything else is as ever.
    Dummy,
}

/// How the window comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Over the whole screen.
    FullScreen,
    /// As large as the picture, or as the screen allows.
    Window,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Config {
    /// What is shown.
    pub choice: Choice,
    /// What the window begins with.
    pub begin: Begin,
    /// Where.
    pub backend: Backend,
    /// How.
    pub shape: Shape,
    /// The X server; without it the environment's `DISPLAY`.
    pub display: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    overview: Option<bool>,
    #[serde(default)]
    backend: Backend,
    #[serde(default)]
    full_screen: bool,
    #[serde(default)]
    display: Option<String>,
}

impl TryFrom<Table> for Config {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let choice = match table.source.as_deref() {
            None | Some("follow") => Choice::Follow,
            Some(name) => Choice::Fixed(Source::named(name)?),
        };
        // Who names a source wants to see that.
        let begin = if table.overview.unwrap_or(choice == Choice::Follow) {
            Begin::Overview
        } else {
            Begin::Picture
        };
        let shape = if table.full_screen {
            Shape::FullScreen
        } else {
            Shape::Window
        };
        Ok(Self {
            choice,
            begin,
            backend: table.backend,
            shape,
            display: table.display,
        })
    }
}
