//! How much may be taken.

/// What the data partition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// Bytes that are free for this user.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
    /// Where it is.
    pub place: Place,
}

/// What keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Place {
    #[default]
    Card,
    Memory,
}

/// Whether an upload's blocks are its own already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kept {
    Blocks,
    Nothing,
}

impl Space {
    /// What one more upload may have: what is free, without the reserve and without what others were promised.
    pub fn left(&self, reserve: u64, promised: u64) -> u64 {
        self.free.saturating_sub(reserve).saturating_sub(promised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_and_promises_are_not_given_away() {
        let space = Space {
            free: 100,
            ..Space::default()
        };
        assert_eq!(space.left(30, 20), 50);
        assert_eq!(space.left(30, 90), 0);
        assert_eq!(space.left(101, 0), 0);
    }
}
