//! What is watched of other nodes, by node.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use thiserror::Error;

/// Nodes of which the same is watched at the same time: each takes memory for pictures here, and of the link to it.
pub const MAX_NODES: usize = 8;

/// There are as many as can be watched.
#[derive(Debug, Error)]
#[error("the targets of {MAX_NODES} other nodes are watched already: close one and try again")]
pub struct ShelfFull;

/// One of them for each node that is watched. Who watches holds it.
#[derive(Debug)]
pub struct Shelf<T>(Mutex<BTreeMap<String, Arc<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Shelf<T> {
    /// That of a node, for one who begins to watch. Those that nobody watches any more make room.
    pub fn open(&self, node: &str, make: impl FnOnce() -> T) -> Result<Arc<T>, ShelfFull> {
        let mut all = crate::lock(&self.0);
        if let Some(known) = all.get(node) {
            return Ok(known.clone());
        }
        all.retain(|_, one| Arc::strong_count(one) > 1);
        if all.len() >= MAX_NODES {
            return Err(ShelfFull);
        }
        let one = Arc::new(make());
        all.insert(node.to_owned(), one.clone());
        Ok(one)
    }

    /// That of a node, where there is one.
    pub fn of(&self, node: &str) -> Option<Arc<T>> {
        crate::lock(&self.0).get(node).cloned()
    }

    /// Tells each of them something.
    pub fn each(&self, tell: impl Fn(&T)) {
        let all: Vec<_> = crate::lock(&self.0).values().cloned().collect();
        all.iter().for_each(|one| tell(one));
    }

    /// Whether any of them is so.
    pub fn any(&self, is_so: impl Fn(&T) -> bool) -> bool {
        crate::lock(&self.0).values().any(|one| is_so(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_watches_the_same_node_shares_it() {
        let shelf = Shelf::default();
        let one = shelf.open("office", || 1).ok().unwrap();
        let two = shelf.open("office", || 2).ok().unwrap();
        assert!(Arc::ptr_eq(&one, &two) && shelf.of("lab").is_none());
    }

    #[test]
    fn nodes_are_bounded_and_those_that_nobody_watches_make_room() {
        let shelf = Shelf::default();
        let watched: Vec<_> = (0..MAX_NODES)
            .map(|n| shelf.open(&format!("n{n}"), || n).ok().unwrap())
            .collect();
        assert!(shelf.open("more", || 9).is_err());
        assert!(shelf.open("n0", || 9).is_ok());
        drop(watched);
        assert!(shelf.open("more", || 9).is_ok());
        assert!(shelf.any(|n| *n == 9) && !shelf.any(|n| *n < 9));
    }
}
