use std::path::PathBuf;
use thiserror::Error;

/// Why a configuration is not another one now.
#[derive(Debug, Error)]
pub enum ConfigProblem {
    /// It is in force no more.
    #[error("configuration {number} was taken back: {why}. The one before is in force; `dkvm config get {number}` has the text")]
    TakenBack {
        /// Which.
        number: u32,
        /// Why.
        why: String,
    },
    /// The way to the node is gone.
    #[error("{node} was not heard of again: if nobody confirms configuration {number} there, it takes it back by itself. `dkvm config` shows how it ended")]
    Unheard {
        /// Which node.
        node: String,
        /// Which configuration.
        number: u32,
    },
    /// Its history is gone.
    #[error("{node} was restarted and does not know configuration {number}: it is not in force. `dkvm config` shows what is")]
    Forgotten {
        /// Which node.
        node: String,
        /// Which configuration.
        number: u32,
    },
    /// Nothing to confirm.
    #[error("no configuration is on trial")]
    NoTrial,
    /// No place for the text that is edited, or it is gone.
    #[error(
        "cannot use {path} for the text: {source}; set TMPDIR to a folder that can be written"
    )]
    Draft {
        /// Which file.
        path: PathBuf,
        /// What Linux said.
        source: std::io::Error,
    },
    /// No editor.
    #[error("the editor {editor:?} could not be run ({why}): set EDITOR to one that there is, or use `dkvm config get` and `dkvm config apply FILE`")]
    Editor {
        /// Its command.
        editor: String,
        /// What happened.
        why: String,
    },
    /// Nobody sits there.
    #[error("nobody can edit here: use `dkvm config get` and `dkvm config apply FILE`")]
    NoTerminal,
    /// It was refused, and is kept.
    #[error("{source}\nYour text is kept in {path}")]
    Kept {
        /// Why.
        source: Box<crate::error::CliError>,
        /// Where.
        path: PathBuf,
    },
}
