//! What the target plays, for all who listen.
//!
//! A listener that takes it too slowly loses the oldest, and nobody waits for it; each piece says where it belongs.

use super::Demand;
use dkvm_wire::vocab::audio::Speaker;
use std::sync::{Arc, Mutex};
use thiserror::Error;
use tokio::sync::broadcast::{self, error::RecvError};

/// Listeners at the same time: each takes 200 kB/s of the network.
pub const MAX_LISTENERS: usize = 16;
/// Pieces that wait for a listener: half a second. What is older nobody wants to hear.
const WAITING: usize = 25;

/// There are as many listeners as can be served.
#[derive(Debug, Error)]
#[error("{MAX_LISTENERS} pages listen already, the most that this node serves: stop one of them and try again")]
pub struct ListenersFull;

/// The sound, shared by all listeners.
pub struct Sounds {
    pieces: broadcast::Sender<Arc<Speaker>>,
    listeners: Mutex<usize>,
    demand: Box<dyn Demand>,
}

impl Sounds {
    /// Nobody listens yet.
    pub fn new(demand: Box<dyn Demand>) -> Self {
        Self {
            pieces: broadcast::Sender::new(WAITING),
            listeners: Mutex::new(0),
            demand,
        }
    }

    /// A piece came.
    pub fn play(&self, piece: Speaker) {
        // Without a listener nobody is left to tell.
        let _ = self.pieces.send(Arc::new(piece));
    }

    /// The audio device told of itself: it is the one that is asked from now on.
    pub fn follow(&self) {
        self.demand.follow();
    }

    /// Begins to listen.
    pub fn listen(self: &Arc<Self>) -> Result<Listener, ListenersFull> {
        let mut listeners = crate::lock(&self.listeners);
        if *listeners >= MAX_LISTENERS {
            return Err(ListenersFull);
        }
        *listeners += 1;
        if *listeners == 1 {
            self.demand.start();
        }
        Ok(Listener {
            sounds: self.clone(),
            pieces: self.pieces.subscribe(),
        })
    }

    fn leave(&self) {
        let mut listeners = crate::lock(&self.listeners);
        *listeners -= 1;
        if *listeners == 0 {
            self.demand.stop();
        }
    }
}

/// Somebody who listens, until it is dropped.
pub struct Listener {
    sounds: Arc<Sounds>,
    pieces: broadcast::Receiver<Arc<Speaker>>,
}

impl Listener {
    /// The next piece that is still kept. Cancel-safe.
    pub async fn next(&mut self) -> Arc<Speaker> {
        loop {
            match self.pieces.recv().await {
                Ok(piece) => return piece,
                Err(RecvError::Lagged(_)) => {}
                // Its sender lives in `sounds`.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.sounds.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI32, Ordering};

    #[derive(Default, Clone)]
    struct Wanted(Arc<AtomicI32>);

    impl Demand for Wanted {
        fn start(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn stop(&self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn piece(position: u64) -> Speaker {
        Speaker {
            stream: 1,
            position,
            captured_ns: 0,
            data: vec![0; 4],
        }
    }

    #[tokio::test]
    async fn a_slow_listener_loses_the_oldest_and_nobody_else_does() {
        let sounds = Arc::new(Sounds::new(Box::new(Wanted::default())));
        let mut slow = sounds.listen().ok().unwrap();
        let mut quick = sounds.listen().ok().unwrap();
        for position in 0..100 {
            sounds.play(piece(position));
            assert_eq!(quick.next().await.position, position);
        }
        assert!(slow.next().await.position > 60);
    }

    #[test]
    fn it_is_wanted_while_somebody_listens_and_listeners_are_bounded() {
        let wanted = Wanted::default();
        let sounds = Arc::new(Sounds::new(Box::new(wanted.clone())));
        let all: Vec<_> = (0..MAX_LISTENERS)
            .map(|_| sounds.listen().ok().unwrap())
            .collect();
        assert!(sounds.listen().is_err());
        assert_eq!(wanted.0.load(Ordering::SeqCst), 1);
        drop(all);
        assert_eq!(wanted.0.load(Ordering::SeqCst), 0);
    }
}
