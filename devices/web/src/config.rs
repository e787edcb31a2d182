use serde::Deserialize;
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

/// The device's part of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where HTTPS is served, `address:port`. `[::]` is every address, IPv4 included.
    pub listen: SocketAddr,
    /// Where plain HTTP is answered with a redirect to HTTPS; nowhere when it is left out.
    pub http_listen: Option<SocketAddr>,
    /// More names and addresses for the certificate that is made at the first start.
    pub names: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv6Addr::UNSPECIFIED, 443)),
            http_listen: None,
            names: Vec::new(),
        }
    }
}

/// The same port on every IPv4 address, where Linux has no IPv6 and `[::]` was asked for.
pub fn without_ipv6(listen: SocketAddr) -> Option<SocketAddr> {
    let any = listen.ip() == Ipv6Addr::UNSPECIFIED;
    any.then(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, listen.port())))
}

/// Where the state is when the kernel does not say it.
const DEFAULT_STATE: &str = "/var/lib/dkvm/web";

/// The folders that the kernel gives a device.
#[derive(Debug, Clone)]
pub struct Folders {
    /// What is kept: the password's hash, certificate and key.
    pub state: PathBuf,
    /// What outlives this process but not the machine's boot: sessions. Without it they end with the process.
    pub run: Option<PathBuf>,
}

impl Folders {
    /// From the environment that the kernel sets for each start.
    pub fn from_env() -> Self {
        Self {
            state: dkvm_sdk::state_dir().unwrap_or_else(|| PathBuf::from(DEFAULT_STATE)),
            run: dkvm_sdk::run_dir(),
        }
    }
}
