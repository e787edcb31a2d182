//! Sending pictures that need none before them (JPEG) to one node.

use super::{
    flow::Ticket,
    pictures::{Picture, SOURCES_MOST},
    still::Still,
    stream::{self, Shipped},
};
use quinn::Connection;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Nothing waits for it but what is newer, and a late picture is better than none. The other side waits for 10 s.
const PATIENCE: Duration = Duration::from_secs(9);
type Shelf = Arc<Mutex<Still<Picture>>>;

/// Those to one node.
#[derive(Debug)]
pub struct Stills {
    connection: Connection,
    begun: Instant,
    shelves: BTreeMap<String, Shelf>,
}

impl Stills {
    /// Nothing is under way.
    pub const fn new(connection: Connection, begun: Instant) -> Self {
        Self {
            connection,
            begun,
            shelves: BTreeMap::new(),
        }
    }

    /// Sends one, now or when the link has room for it and nothing newer came.
    pub fn send(&mut self, picture: &Picture) {
        if self.shelves.len() >= SOURCES_MOST && !self.shelves.contains_key(&picture.from) {
            return;
        }
        let shelf = self.shelves.entry(picture.from.clone()).or_default();
        lock(shelf).offer(picture.clone());
        let Some(first) = next(shelf, &self.connection, self.begun) else {
            return;
        };
        // Who ends to read wants nothing of what waits.
        let (shelf, connection) = (Arc::downgrade(shelf), self.connection.clone());
        let begun = self.begun;
        tokio::spawn(async move {
            let mut going = Some(first);
            while let Some((ticket, picture)) = going {
                let shipped = stream::ship(&connection, picture.freight(ticket), PATIENCE).await;
                let Some(shelf) = shelf.upgrade() else { return };
                if shipped == Shipped::Whole {
                    lock(&shelf).arrived(ticket);
                } else {
                    tell(shipped, &picture);
                    again(&shelf, ticket, picture, begun).await;
                }
                going = next(&shelf, &connection, begun);
            }
        });
    }

    /// Nobody reads them any more.
    pub fn end(&mut self, from: &str) {
        self.shelves.remove(from);
    }
}

fn tell(shipped: Shipped, picture: &Picture) {
    if shipped == Shipped::Late {
        let (from, kib) = (&picture.from, picture.payload.len() / 1024);
        dkvm_sdk::warn!("a link has not carried a JPEG of {from} ({kib} KiB) in {} s: it is too slow for them; choose a lower quality or size there", PATIENCE.as_secs());
    }
}

async fn again(shelf: &Shelf, ticket: Ticket, picture: Picture, begun: Instant) {
    let pause = lock(shelf).lost(ticket, begun.elapsed());
    sleep(pause).await;
    let mut still = lock(shelf);
    if still.is_newest(ticket) {
        still.offer(picture);
    }
}

fn next(shelf: &Shelf, connection: &Connection, begun: Instant) -> Option<(Ticket, Picture)> {
    let room = connection.stats().path.cwnd;
    lock(shelf).next(room, begun.elapsed(), |picture| picture.payload.len())
}

fn lock(shelf: &Shelf) -> MutexGuard<'_, Still<Picture>> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
