use crate::config::ConfigError;
use crate::memory::DirError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why the kernel does not run.
#[derive(Debug, Error)]
pub enum Error {
    /// The configuration is wrong: all that is wrong with it.
    #[error("the configuration is wrong:\n{}", Lines(.0))]
    Config(Vec<ConfigError>),
    /// Another kernel runs.
    #[error("another dKVM kernel (pid {pid}) runs on {run_dir} already: end it first, or set another run_dir in [kernel]")]
    AlreadyRunning {
        /// Its process id, as far as it told.
        pid: String,
        /// The contested directory.
        run_dir: PathBuf,
    },
    /// A directory of the kernel's own cannot be made.
    #[error("cannot make the directory {path}: {source}; set {key} in [kernel] to one that the kernel may write to")]
    MakeDir {
        /// Which.
        path: PathBuf,
        /// The key that sets it.
        key: &'static str,
        /// What Linux said.
        source: io::Error,
    },
    /// Shared memory.
    #[error(transparent)]
    Shm(#[from] DirError),
    /// The control socket.
    #[error("cannot listen on {path}: {source}")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// What Linux said.
        source: io::Error,
    },
    /// The machine was to be restarted.
    #[error("the machine does not restart: {0}; the kernel ends, to be started again by init")]
    Restart(io::Error),
    /// Something that only a broken machine refuses.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What Linux said.
        source: io::Error,
    },
}

struct Lines<'a>(&'a [ConfigError]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
