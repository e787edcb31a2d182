//! Whose target.

use std::fmt;

/// This node's target, or another node's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// This node's.
    Here,
    /// That of a node, by its name here.
    At(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("this node"),
            Self::At(node) => f.write_str(node),
        }
    }
}
