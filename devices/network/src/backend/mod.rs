//! Whose interfaces they are.

mod dummy;
mod linux;
mod message;

use crate::{
    config::{BackendKind, Config},
    core::{address::Cidr, seen::Seen},
    error::{ChangeError, Error},
};
use std::{fmt, net::IpAddr, sync::Arc};
use tokio::sync::Notify;

/// The interfaces.
pub enum Backend {
    /// Linux's.
    Linux(linux::Linux),
    /// None that is ours.
    Names,
    /// One that is none.
    Dummy(dummy::Dummy),
}

/// One change to an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Switch it on.
    Up,
    /// Switch it off.
    Down,
    /// Whether what comes in by it may go on to elsewhere, by IPv4.
    Forward(Forwarding),
    /// Put this address on it.
    Add(Cidr),
    /// Take it off.
    Remove(Cidr),
    /// Lead what has no other way there; the way with the lower metric is taken.
    Route(IpAddr, u32),
    /// No longer.
    Unroute(IpAddr),
}

/// Whether an interface forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarding {
    /// It does.
    On,
    /// It keeps to itself what it gets.
    Off,
}

/// The end of a sentence that begins with the interface's name.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("cannot be switched on"),
            Self::Down => f.write_str("cannot be switched off"),
            Self::Forward(Forwarding::On) => f.write_str("cannot be made to forward"),
            Self::Forward(Forwarding::Off) => f.write_str("cannot be kept from forwarding"),
            Self::Add(cidr) => write!(f, "cannot get the address {cidr}"),
            Self::Remove(cidr) => write!(f, "cannot be freed of the address {cidr}"),
            Self::Route(gateway, _) => write!(f, "cannot lead out by {gateway}"),
            Self::Unroute(gateway) => write!(f, "cannot be kept from leading out by {gateway}"),
        }
    }
}

impl Backend {
    /// As configured. `changed` is told when a look is worth it.
    pub fn open(config: &Config, changed: Arc<Notify>) -> Result<Self, Error> {
        Ok(match config.backend {
            BackendKind::Linux => Self::Linux(linux::Linux::open(changed)?),
            BackendKind::Names => Self::Names,
            BackendKind::Dummy => Self::Dummy(dummy::Dummy::new(changed)),
        })
    }

    /// How the interfaces are now.
    pub async fn look(&self) -> Result<Vec<Seen>, Error> {
        match self {
            Self::Linux(linux) => linux.look().await,
            Self::Names => Ok(Vec::new()),
            Self::Dummy(dummy) => Ok(dummy.look()),
        }
    }

    /// Changes one.
    pub async fn change(&mut self, index: u32, change: Change) -> Result<(), ChangeError> {
        match self {
            Self::Linux(linux) => linux.change(index, change).await,
            Self::Names => Ok(()),
            Self::Dummy(dummy) => {
                dummy.change(change);
                Ok(())
            }
        }
    }
}
