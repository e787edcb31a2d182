//! Where the drives are, so that a function that was rebuilt is told from the one that was there before.

use serde::{Deserialize, Serialize};
use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

/// A function's directory itself: the gadget device rebuilds it for another profile, at another path or at the same one, and tells
/// so before the binding has its new number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Where it is.
    pub path: PathBuf,
    /// Linux gives one that is made anew another number; 0 where there is none.
    inode: u64,
}

impl Node {
    /// What is there now.
    pub fn at(path: PathBuf) -> Self {
        let inode = fs::metadata(&path).map_or(0, |found| found.ino());
        Self { path, inode }
    }

    /// Whether it is still the one that is there.
    pub fn is_there(&self) -> bool {
        Self::at(self.path.clone()) == *self
    }
}

/// Where the drives are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// The function's directory, and how often the gadget was bound.
    At(Node, u32),
    /// Nowhere, and why.
    Nowhere(String),
}

impl Where {
    /// A function that was bound so often.
    pub fn at(function: impl Into<PathBuf>, binding: u32) -> Self {
        Self::At(Node::at(function.into()), binding)
    }
}
