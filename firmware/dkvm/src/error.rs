//! What can go wrong, in sentences.

use crate::commands::ConfigProblem;
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
    /// A command that works on this machine alone.
    #[error("`dkvm {command}` works on this machine alone: leave out --node, or run it at {node} itself")]
    NotThere {
        /// Which.
        command: &'static str,
        /// The node that was named.
        node: String,
    },
    /// A node that is not paired.
    #[error("there is no paired node {node:?}{hint}; paired are: {known}. `dkvm nodes` shows who is on the network, `dkvm pair NODE` pairs")]
    UnknownNode {
        /// What was asked for.
        node: String,
        /// ` (did you mean …?)` or nothing.
        hint: String,
        /// All names.
        known: String,
    },
    /// The sockets of other nodes are root's.
    #[error("only root may use other nodes from here ({socket} is not yours): try sudo")]
    NodeNotAllowed {
        /// Which socket.
        socket: PathBuf,
    },
    /// A node without the device.
    #[error("this node has no device peer, which talks to other nodes: its configuration has to name it")]
    NoPeers,
    /// It does not listen.
    #[error("the device peer, which talks to other nodes, does not answer ({source}): see `dkvm ps` and `dkvm deaths peer`")]
    NoPeerDevice {
        /// What Linux said.
        source: std::io::Error,
    },
    /// The link to a paired node does not carry.
    #[error("{error}")]
    NodeAway {
        /// Why.
        error: dkvm_wire::WireError,
    },
    /// A paired node that speaks otherwise.
    #[error("{node} runs another release, which does not speak as this one does: {said}; update the older of the two at the node itself, or by its page")]
    OtherRelease {
        /// Which.
        node: String,
        /// What was wrong with it.
        said: String,
    },
    /// The link ended while we waited.
    #[error("{source}. The session with {node} ended over {doing}, and whether that was done is not known here: `dkvm peers` says how the link is; look before you repeat what must not happen twice")]
    LinkBroke {
        /// Which.
        node: String,
        /// What was asked for.
        doing: String,
        /// What Linux, or the device peer, said.
        source: std::io::Error,
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
    /// A new configuration that is in force, with devices that do not come up by it.
    #[error("the configuration is in force, but {devices}; `dkvm ps` says how it goes on, `dkvm logs DEVICE` why")]
    NotReady {
        /// Which, and where each is.
        devices: String,
    },
    /// A person said no.
    #[error(
        "{node} is refused: somebody in between, or another node answered; nothing was paired"
    )]
    NotTheSame {
        /// Which.
        node: String,
    },
    /// It ended otherwise.
    #[error("{node} is not paired: {why}")]
    NotPaired {
        /// Which.
        node: String,
        /// Why.
        why: String,
    },
    /// The device does not know of it any more.
    #[error("there is no pairing {id} any more: `dkvm pair` lists those under way, `dkvm peers` who is paired")]
    PairingGone {
        /// Which.
        id: u32,
    },
    /// A change of the configuration.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
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
    /// A macro that there is not.
    #[error("there is no macro {name:?}: `dkvm macro ls` lists them")]
    NoMacro {
        /// As it was asked for.
        name: String,
    },
    /// A file of macros that does not begin with a name.
    #[error("line {line} belongs to no macro: a line with its name in brackets, as [login], comes before it")]
    NoMacroName {
        /// From 1.
        line: usize,
    },
    /// An import that ended before the last macro.
    #[error("{name:?} is not kept: {source}\n{kept} of {all} macros are kept")]
    NotAllKept {
        /// The first that was refused.
        name: String,
        /// Why.
        source: Box<CliError>,
        /// Those before it.
        kept: usize,
        /// All of the file.
        all: usize,
    },
    /// An image that did not come.
    #[error("{message}")]
    NotFetched {
        /// Why.
        message: String,
    },
    /// Nobody knows how it ended.
    #[error("the fetch device was restarted and does not know any more how it ended: look at `dkvm storage`")]
    FetchGone,
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
    /// What was written differs from what was sent, or cannot be read.
    #[error("the new image could not be read back from the card, and is not staged: `dkvm logs update` says why; send it again, or try another card")]
    NotStaged,
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

impl CliError {
    /// The request reached nobody, because the device it was for is not there.
    pub fn is_unheard(&self) -> bool {
        matches!(self, Self::Client(ClientError::Refused(error)) if error.unheard)
    }

    /// The way there is gone, and may come back.
    pub fn is_lost_way(&self) -> bool {
        match self {
            Self::Gone { .. } | Self::NotRunning { .. } | Self::LinkBroke { .. } => true,
            Self::NoPeerDevice { .. } => true,
            Self::NodeAway { error, .. } => error.retryable,
            _ => false,
        }
    }

    /// Told by a node, in words that do not name it.
    pub fn is_of_the_other_side(&self) -> bool {
        matches!(self, Self::Client(_))
    }
}
