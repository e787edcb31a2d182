//! The device's part of the configuration: it has no keys, and says so to whoever writes one.

use serde::Deserialize;

/// Nothing to choose: the port is where the gadget says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}
