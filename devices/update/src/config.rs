//! The device's part of the configuration.

use crate::core::trial::Patience;
use serde::Deserialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `card` (default) or `dummy`, a card in a file.
    pub backend: BackendKind,
    /// The dummy's file.
    pub card: Option<PathBuf>,
    /// What `dkvm boot` found.
    pub info: PathBuf,
    /// The keys that may sign an image.
    pub keys: PathBuf,
    /// Where the page is asked for in a health check.
    pub page: SocketAddr,
    /// How long a new image must be well before it is committed, ms.
    pub settle_ms: u64,
    /// How long after Linux's start the machine goes back when it is not, ms.
    pub deadline_ms: u64,
}

/// Where the slots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum BackendKind {
    #[default]
    Card,
    Dummy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::Card,
            card: None,
            info: "/run/dkvm/boot/info.json".into(),
            keys: "/etc/dkvm/update.pub".into(),
            page: SocketAddr::from((Ipv4Addr::LOCALHOST, 443)),
            settle_ms: 20_000,
            deadline_ms: 120_000,
        }
    }
}

impl Config {
    /// How long a trial has; `None` when it could never pass.
    pub fn patience(&self) -> Option<Patience> {
        (self.settle_ms < self.deadline_ms).then_some(Patience {
            settle_ms: self.settle_ms,
            deadline_ms: self.deadline_ms,
        })
    }
}
