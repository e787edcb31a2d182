//! The device's part of the configuration.

use dkvm_wire::vocab::peer::PORT;
use serde::Deserialize;
use std::{
    net::{Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

const KERNEL: &str = "/run/dkvm/kernel.sock";

/// All keys have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens, UDP. `[::]` is IPv6 and IPv4.
    pub listen: SocketAddr,
    /// What this node calls itself to others; its host name where nothing is said.
    pub name: Option<String>,
    /// This node's own control socket; beside the device's run directory where nothing is said.
    pub kernel: Option<PathBuf>,
    /// What `dkvm boot` found in the card's `dkvm.txt`.
    pub card: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), PORT),
            name: None,
            kernel: None,
            card: crate::card::FILE.into(),
        }
    }
}

impl Config {
    /// This node's own control socket.
    pub fn kernel(&self, run_dir: Option<&Path>) -> PathBuf {
        let beside = run_dir.and_then(Path::parent);
        let found = beside.map(|folder| folder.join("kernel.sock"));
        self.kernel
            .clone()
            .or(found)
            .unwrap_or_else(|| KERNEL.into())
    }

    /// What this node calls itself.
    pub fn name(&self) -> String {
        let host = rustix::system::uname();
        let host = || host.nodename().to_string_lossy().into_owned();
        self.name.clone().unwrap_or_else(host)
    }
}
