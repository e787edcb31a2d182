//! The small pictures of the overview.

use crate::{
    decode::{Decode, DecodeError},
    pixels::Pixels,
};
use dkvm_wire::vocab::video::Thumb;
use std::collections::BTreeMap;

/// One, and which it is of all that came.
#[derive(Debug, Clone, Default)]
pub struct Small {
    /// It.
    pub pixels: Pixels,
    /// Another picture has another number.
    pub number: u64,
}

/// Of each node the last.
#[derive(Default)]
pub struct Thumbs {
    of: BTreeMap<String, Small>,
    decode: Decode,
    came: u64,
}

impl Thumbs {
    /// One came. What cannot be decoded takes the one before along: that is history.
    pub fn take(&mut self, node: &str, thumb: &Thumb) -> Result<(), DecodeError> {
        let mut small = self.of.remove(node).unwrap_or_default();
        if thumb.jpeg.is_empty() {
            return Ok(());
        }
        self.decode.small(thumb, &mut small.pixels)?;
        self.came += 1;
        small.number = self.came;
        self.of.insert(node.to_owned(), small);
        Ok(())
    }

    /// A node's.
    pub fn get(&self, node: &str) -> Option<&Small> {
        self.of.get(node)
    }

    /// What it showed is not to be taken for what is now.
    pub fn forget(&mut self, node: &str) {
        self.of.remove(node);
    }

    /// Nobody looks any more.
    pub fn clear(&mut self) {
        self.of.clear();
    }
}
