//! Reaching the kernel, with its failures told as a person meets them.

use crate::error::CliError;
use dkvm_kernel::client::{Client, ClientError};
use std::io::ErrorKind;
use std::path::Path;

/// A connection to the kernel of `socket`.
pub fn connect(socket: &Path) -> Result<Client, CliError> {
    Client::connect(socket).map_err(|error| explain(socket, error))
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

/// A failure on an open connection.
pub fn broken(socket: &Path, error: ClientError) -> CliError {
    match error {
        ClientError::Broken(source) => CliError::Gone {
            socket: socket.to_owned(),
            source,
        },
        other => CliError::Client(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::path::PathBuf;

    fn told(kind: ErrorKind) -> String {
        let source = io::Error::from(kind);
        explain(
            Path::new("/s"),
            ClientError::Connect {
                path: PathBuf::from("/s"),
                source,
            },
        )
        .to_string()
    }

    #[test]
    fn each_failure_says_what_to_do() {
        assert!(told(ErrorKind::NotFound).contains("start it with `dkvm kernel`"));
        assert!(told(ErrorKind::ConnectionRefused).contains("nothing answers on /s"));
        assert!(told(ErrorKind::PermissionDenied).contains("group dkvm"));
    }
}
