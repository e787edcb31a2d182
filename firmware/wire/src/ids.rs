use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[serde(transparent)]
        pub struct $name(pub $inner);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// How often a device was started under this kernel, from 1: a reader sees by it that a peer restarted.
    Generation(u32));
id!(/// Pairs a response with its request. Chosen by the asker, per connection and direction.
    RequestId(u32));
id!(/// The right to use one slot of a pool. Never used twice in a kernel's life.
    LeaseId(u64));
id!(/// A file of equal slots in shared memory. Never used twice in a kernel's life.
    PoolId(u32));
id!(/// The place of a slot in its pool, from 0.
    SlotIndex(u32));

/// The name of a device of this node: 1 to 32 of `a-z 0-9 -`, beginning with a letter. Those of other nodes have a [`SourceName`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ts", ts(type = "string"))]
pub struct DeviceName(String);

/// Why a text is no device name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no device name: use 1 to 32 of a-z, 0-9 and '-', beginning with a letter")]
pub struct NameError(String);

impl DeviceName {
    /// Longest name in bytes.
    pub const MAX: usize = 32;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DeviceName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        let ok = (1..=Self::MAX).contains(&text.len())
            && text.as_bytes()[0].is_ascii_lowercase()
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if ok {
            Ok(Self(text))
        } else {
            Err(NameError(text))
        }
    }
}

impl TryFrom<&str> for DeviceName {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::try_from(text.to_owned())
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

/// A device of this node, or one of another: `node/device`. A node's name is 1 to 63 of `a-z 0-9 -`, not beginning with `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

/// Why a text is no [`SourceName`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} names no device: write the device's name, or node/device for one of another node")]
pub struct SourceNameError(String);

impl SourceName {
    /// Longest name of a node in bytes: a part of a host name has no more.
    pub const MAX_NODE: usize = 63;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The other node, where it is a device of one.
    pub fn node(&self) -> Option<&str> {
        self.0.split_once('/').map(|(node, _)| node)
    }

    /// The device's name there.
    pub fn device(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, device)| device)
    }
}

/// Whether a text may be a node's name.
pub fn is_node_name(text: &str) -> bool {
    let fits = (1..=SourceName::MAX_NODE).contains(&text.len()) && !text.starts_with('-');
    fits && text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl TryFrom<String> for SourceName {
    type Error = SourceNameError;
    fn try_from(text: String) -> Result<Self, SourceNameError> {
        let (node, device) = match text.split_once('/') {
            Some((node, device)) => (Some(node), device),
            None => (None, &*text),
        };
        let ok = node.is_none_or(is_node_name) && DeviceName::try_from(device).is_ok();
        if ok {
            Ok(Self(text))
        } else {
            Err(SourceNameError(text))
        }
    }
}

impl TryFrom<&str> for SourceName {
    type Error = SourceNameError;
    fn try_from(text: &str) -> Result<Self, SourceNameError> {
        Self::try_from(text.to_owned())
    }
}

impl From<DeviceName> for SourceName {
    fn from(name: DeviceName) -> Self {
        Self(name.0)
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
