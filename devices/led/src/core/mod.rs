//! The decisions: what is known of the node in, what the LED shows out.

mod node;
mod pattern;

pub use node::{Node, Span};
pub use pattern::{pattern, Light, Pattern, Step};

/// What the LED tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether all came up once.
    pub stage: Stage,
    /// Whether something is wrong that a person should look at.
    pub health: Health,
    /// Whether somebody works the target.
    pub focus: Focus,
}

/// How far the node's start is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Stage {
    Booting,
    Up,
}

/// Whether a person should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Health {
    Well,
    Fault,
}

/// Whether somebody works the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Focus {
    Free,
    Held,
}
