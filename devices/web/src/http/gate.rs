//! How many connections there may be. The counting is pure; a pass gives its place back when it is dropped.

use crate::auth::limit::Source;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use thiserror::Error;

/// Connections of one source: a browser opens six, and up to eight WebSockets per page: control, three pictures, sound, microphone, thumbnails, console.
const MAX_PER_SOURCE: usize = 64;
/// Connections in all; each costs about 50 KiB with its TLS buffers.
const MAX_IN_ALL: usize = 160;

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Full {
    /// One visitor has too many.
    #[error("{0} has {MAX_PER_SOURCE} connections already, the most for one visitor")]
    Source(Source),
    /// All together have too many.
    #[error("there are {MAX_IN_ALL} connections already, the most that this node serves")]
    All,
}

/// Counts connections.
#[derive(Debug, Default)]
pub struct Gate {
    open: Mutex<HashMap<Source, usize>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Arc<Gate>,
    /// Who has it.
    pub source: Source,
}

impl Gate {
    /// Takes a place.
    pub fn enter(self: &Arc<Self>, source: Source) -> Result<Pass, Full> {
        let mut open = crate::lock(&self.open);
        if open.values().sum::<usize>() >= MAX_IN_ALL {
            return Err(Full::All);
        }
        let count = open.entry(source).or_default();
        if *count >= MAX_PER_SOURCE {
            return Err(Full::Source(source));
        }
        *count += 1;
        Ok(Pass {
            gate: self.clone(),
            source,
        })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = crate::lock(&self.gate.open);
        if let Some(count) = open.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn source(n: u32) -> Source {
        Source::from(IpAddr::from(n.to_be_bytes()))
    }

    #[test]
    fn one_visitor_cannot_take_all_places_and_gives_them_back() {
        let gate = Arc::new(Gate::default());
        let passes: Vec<Pass> = (0..MAX_PER_SOURCE)
            .map(|_| gate.enter(source(1)).unwrap())
            .collect();
        assert_eq!(gate.enter(source(1)).unwrap_err(), Full::Source(source(1)));
        assert!(gate.enter(source(2)).is_ok());
        drop(passes);
        assert!(gate.enter(source(1)).is_ok());
    }

    #[test]
    fn all_together_are_bounded() {
        let gate = Arc::new(Gate::default());
        let passes: Vec<Pass> = (0..MAX_IN_ALL as u32)
            .map(|n| gate.enter(source(n)).unwrap())
            .collect();
        assert_eq!(gate.enter(source(999)).unwrap_err(), Full::All);
        drop(passes);
        assert!(crate::lock(&gate.open).is_empty());
    }
}
