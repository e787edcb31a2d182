//! Reaching a kernel, this node's or another's, with its failures told as a person meets them.

use crate::error::CliError;
use crate::{names, output};
use dkvm_kernel::client::{Client, ClientError};
use dkvm_wire::vocab::peer::{methods, PeerState};
use dkvm_wire::{ErrorCode, WireError};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// Where the device `peer` has a socket for each paired node, beside the kernel's own.
const NODES: &str = "peer/nodes";

/// A link that is given up for another has been replaced by then.
const RETRIES: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(200);

/// The kernel that is talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// This node's control socket.
    socket: PathBuf,
    /// The node whose kernel it is, unless it is this one's.
    pub node: Option<String>,
}

impl Place {
    pub fn new(socket: PathBuf, node: Option<String>) -> Self {
        Self { socket, node }
    }

    /// The socket that leads there.
    pub fn path(&self) -> PathBuf {
        match &self.node {
            Some(node) => self.nodes().join(format!("{node}.sock")),
            None => self.socket.clone(),
        }
    }

    /// As in "deleted from this node".
    pub fn words(&self) -> String {
        match &self.node {
            Some(node) => format!("the node {}", output::harmless(node)),
            None => "this node".to_owned(),
        }
    }

    fn nodes(&self) -> PathBuf {
        self.socket.parent().unwrap_or(Path::new("/")).join(NODES)
    }
}

/// A connection to the kernel there.
pub fn connect(place: &Place) -> Result<Client, CliError> {
    let Some(node) = &place.node else {
        return Client::connect(&place.socket).map_err(|error| explain(&place.socket, error));
    };
    // What is no name must not lead out of the directory.
    if node.is_empty() || node.contains('/') {
        return Err(unknown_node(place, node));
    }
    connect_anew(&place.path()).map_err(|error| explain_node(place, node, error))
}

/// Two nodes that call each other at once give up one of their links: what was begun on it, and asked for nothing yet, is begun again.
fn connect_anew(path: &Path) -> Result<Client, ClientError> {
    let mut result = Client::connect(path);
    for _ in 0..RETRIES {
        if !matches!(result, Err(ClientError::Broken(_))) {
            break;
        }
        sleep(BETWEEN);
        result = Client::connect(path);
    }
    result
}

fn explain(socket: &Path, error: ClientError) -> CliError {
    let socket = socket.to_owned();
    match error {
        ClientError::Connect { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            CliError::NotAllowed { socket }
        }
        ClientError::Connect { source, .. } => CliError::NotRunning { socket, source },
        // In the handshake, both mean that it does not know us.
        ClientError::Protocol(said) => CliError::OtherVersion { socket, said },
        ClientError::Refused(error) => CliError::OtherVersion {
            socket,
            said: error.message,
        },
        ClientError::Broken(error) if error.kind() == ErrorKind::UnexpectedEof => {
            CliError::OtherVersion {
                socket,
                said: "it closed the connection in the handshake".to_owned(),
            }
        }
        other => CliError::Client(other),
    }
}

fn explain_node(place: &Place, node: &str, error: ClientError) -> CliError {
    let node = node.to_owned();
    match error {
        ClientError::Connect { source, .. } => match source.kind() {
            ErrorKind::PermissionDenied => CliError::NodeNotAllowed {
                socket: place.path(),
            },
            ErrorKind::NotFound => unknown_node(place, &node),
            _ => CliError::NoPeerDevice { source },
        },
        ClientError::Protocol(said) => CliError::OtherRelease { node, said },
        ClientError::Refused(error) if error.code == ErrorCode::BadRequest => {
            CliError::OtherRelease {
                node,
                said: error.message,
            }
        }
        // The link is down, or will not carry this: the answer to hello says why.
        ClientError::Refused(error) => CliError::NodeAway { error },
        ClientError::Broken(source) => CliError::NodeAway {
            error: WireError::new(
                ErrorCode::Unavailable,
                format!("the session with {node} ended before it was used: {source}"),
            ),
        },
        other => CliError::Client(other),
    }
}

/// With those that there are: as the device `peer` tells them, or where it may not be asked, by their sockets.
fn unknown_node(place: &Place, node: &str) -> CliError {
    let mut here = match Client::connect(&place.socket) {
        Ok(client) => client,
        Err(error) => return explain(&place.socket, error),
    };
    let known = match here.ask::<PeerState>(&format!("peer/{}", methods::GET)) {
        Ok(state) => state.peers.into_iter().map(|peer| peer.node).collect(),
        Err(ClientError::Refused(error)) if error.code == ErrorCode::NotFound => {
            return CliError::NoPeers
        }
        // It starts again, and makes the sockets then.
        Err(ClientError::Refused(error)) if error.retryable => return CliError::NodeAway { error },
        Err(_) => sockets(&place.nodes()),
    };
    if known.iter().any(|one| one == node) {
        return CliError::NodeAway {
            error: WireError::new(
                ErrorCode::Unavailable,
                format!("the socket of {node} is not there yet: try again in a moment, and see `dkvm peers`"),
            ),
        };
    }
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = names::hint(node, &names);
    CliError::UnknownNode {
        node: node.to_owned(),
        hint,
        known: names::listed(&names),
    }
}

fn sockets(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".sock").map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}

/// A failure on an open connection, while `doing` was under way.
pub fn broken(place: &Place, doing: &str, error: ClientError) -> CliError {
    match (error, &place.node) {
        (ClientError::Broken(source), Some(node)) => CliError::LinkBroke {
            node: node.clone(),
            doing: doing.to_owned(),
            source,
        },
        (ClientError::Broken(source), None) => CliError::Gone {
            socket: place.path(),
            source,
        },
        (other, _) => CliError::Client(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::io;

    fn refused(kind: ErrorKind) -> ClientError {
        ClientError::Connect {
            path: PathBuf::from("/s"),
            source: io::Error::from(kind),
        }
    }

    fn told(kind: ErrorKind) -> String {
        explain(Path::new("/s"), refused(kind)).to_string()
    }

    #[test]
    fn each_failure_says_what_to_do() {
        assert!(told(ErrorKind::NotFound).contains("start it with `dkvm kernel`"));
        assert!(told(ErrorKind::ConnectionRefused).contains("nothing answers on /s"));
        assert!(told(ErrorKind::PermissionDenied).contains("group dkvm"));
    }

    #[test]
    fn a_node_s_socket_is_beside_the_kernels() {
        let place = |node: Option<&str>| {
            Place::new("/run/dkvm/kernel.sock".into(), node.map(str::to_owned))
        };
        let office = place(Some("office"));
        assert_eq!(office.path(), Path::new("/run/dkvm/peer/nodes/office.sock"));
        assert_eq!(place(None).path(), Path::new("/run/dkvm/kernel.sock"));
        assert_eq!(
            (office.words(), place(None).words()),
            ("the node office".into(), "this node".into())
        );
    }

    #[test]
    fn the_way_to_a_node_fails_in_sentences() {
        let office = Place::new("/run/dkvm/kernel.sock".into(), Some("office".into()));
        let told = |error| explain_node(&office, "office", error).to_string();
        let down = WireError::new(ErrorCode::Unavailable, "it does not answer");
        assert_eq!(told(ClientError::Refused(down)), "it does not answer");
        let older = WireError::new(ErrorCode::BadRequest, "speaks version 1.0");
        let told_older = told(ClientError::Refused(older));
        assert!(
            told_older.contains("office") && told_older.contains("another release"),
            "{told_older}"
        );
        assert!(told(refused(ErrorKind::ConnectionRefused)).contains("device peer"));
        let doing = broken(
            &office,
            "power/power.press",
            io::Error::from(ErrorKind::UnexpectedEof).into(),
        );
        let text = doing.to_string();
        assert!(
            text.contains("power/power.press") && text.contains("whether"),
            "{text}"
        );
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_none() {
        for node in ["", "../../x", "a/b"] {
            let place = Place::new("/nonexistent/kernel.sock".into(), Some(node.to_owned()));
            let error = connect(&place).unwrap_err();
            assert!(matches!(error, CliError::NotRunning { .. }), "{error}");
        }
    }

    #[test]
    fn names_are_those_of_the_sockets() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["office.sock", "attic.sock", "readme"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(sockets(dir.path()), ["attic", "office"]);
        assert_eq!(sockets(Path::new("/nonexistent")), Vec::<String>::new());
    }
}
