//! What can go wrong, in sentences.

use dkvm_kernel::client::ClientError;
use std::path::PathBuf;
use thiserror::Error;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum CliError {
    /// Nothing listens on the socket.
    #[error("no kernel is running: nothing answers on {socket} ({source}); start it with `dkvm kernel`, or name its socket with --socket")]
    NotRunning {
        /// Which socket.
        socket: PathBuf,
        /// What Linux said.
        source: std::io::Error,
    },
    /// The socket is another's.
    #[error("you may not talk to the kernel on {socket}: be root, or be added to the group dkvm (usermod -aG dkvm YOU, then log in again)")]
    NotAllowed {
        /// Which socket.
        socket: PathBuf,
    },
    /// Something answers, and not in our protocol.
    #[error("what answers on {socket} is no kernel of this version: {said}; use the `dkvm` that came with that kernel, or name another socket with --socket")]
    OtherVersion {
        /// Which socket.
        socket: PathBuf,
        /// What was wrong with it.
        said: String,
    },
    /// A name that no device has.
    #[error("there is no device {name:?}{hint}; devices are: {known}")]
    UnknownDevice {
        /// What was asked for.
        name: String,
        /// ` (did you mean …?)` or nothing.
        hint: String,
        /// All names.
        known: String,
    },
    /// The kernel ended while we listened.
    #[error("the kernel on {socket} has ended, or restarts: {source}")]
    Gone {
        /// Which socket.
        socket: PathBuf,
        /// What Linux said.
        source: std::io::Error,
    },
    /// Any other failure on the way.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nobody is there to be asked.
    #[error(
        "{harm}\nNothing was done, since nobody can be asked here: say --yes if that is meant"
    )]
    Unconfirmed {
        /// What would happen.
        harm: String,
    },
    /// A person said no.
    #[error("nothing was done")]
    Declined,
    /// A file that is no bundle, or not a whole one.
    #[error("{path}: {source}")]
    Bundle {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: dkvm_bundle::BundleError,
    },
    /// A file of a person's.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What Linux said.
        source: std::io::Error,
    },
    /// A folder, a pipe, or a disk.
    #[error("{path} is no file: name the image itself")]
    NoFile {
        /// Which path.
        path: PathBuf,
    },
    /// No drive to put an image into.
    #[error("all drives are full: eject one, or name one with --lun")]
    DrivesFull,
    /// A text that was not typed to its end.
    #[error("{message} ({far} were typed)")]
    NotTyped {
        /// Why.
        message: String,
        /// How far it came.
        far: String,
    },
    /// The device died over it.
    #[error("the typist was restarted, and typing ended: look at the target, and at `dkvm deaths typist`")]
    TypistGone,
    /// The node runs what it ran before.
    #[error("version {version} was not kept: {reason}")]
    NotKept {
        /// Which.
        version: String,
        /// Why.
        reason: String,
    },
    /// The node was not seen again.
    #[error("the node has not come back within {minutes} minutes: look at it, and at `dkvm update` when it is there; the next power-on starts the image that ran before")]
    NotBack {
        /// How long it was waited for.
        minutes: u64,
    },
    /// Our own output.
    #[error("cannot print: {0}")]
    Output(#[from] std::io::Error),
    /// The terminal.
    #[error("cannot use this terminal: {0}; try `dkvm top --once`")]
    Terminal(rustix::io::Errno),
    /// The kernel that was run here.
    #[error(transparent)]
    Kernel(#[from] dkvm_kernel::Error),
}
