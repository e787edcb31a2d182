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

/// A device's name: 1 to 32 of `a-z 0-9 -`, beginning with a letter. With peers, `node/device`.
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

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
