//! Sending pictures that need none before them (JPEG) to one node.

use super::{
    flow::Ticket,
    pictures::{Picture, SOURCES_MOST},
    still::{Still, Went},
    stream::{self, Shipped},
};
use quinn::Connection;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::sleep;

/// Nothing waits for it but what is newer, and a late picture is better than none. The other side waits for 10 s.
const PATIENCE: Duration = Duration::from_secs(9);
/// One that did not arrive is sent again after so long: there may be no room for it there.
const AGAIN: Duration = Duration::from_secs(1);

type Shelf = Arc<Mutex<Still<Picture>>>;

/// Those to one node.
#[derive(Debug)]
pub struct Stills {
    connection: Connection,
    shelves: BTreeMap<String, Shelf>,
}

impl Stills {
    /// Nothing is under way.
    pub const fn new(connection: Connection) -> Self {
        Self {
            connection,
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
        let Some(first) = next(shelf, &self.connection) else {
            return;
        };
        // Who ends to read wants nothing of what waits.
        let (shelf, connection) = (Arc::downgrade(shelf), self.connection.clone());
        tokio::spawn(async move {
            let mut going = Some(first);
            while let Some((ticket, picture)) = going {
                let shipped = stream::ship(&connection, picture.freight(ticket), PATIENCE).await;
                let Some(shelf) = shelf.upgrade() else { return };
                if shipped == Shipped::Whole {
                    lock(&shelf).arrived(ticket);
                } else if lock(&shelf).lost(ticket) == Went::Again {
                    again(&shelf, ticket, picture).await;
                }
                going = next(&shelf, &connection);
            }
        });
    }

    /// Nobody reads them any more.
    pub fn end(&mut self, from: &str) {
        self.shelves.remove(from);
    }
}

async fn again(shelf: &Shelf, ticket: Ticket, picture: Picture) {
    sleep(AGAIN).await;
    let mut still = lock(shelf);
    if still.is_newest(ticket) {
        still.offer(picture);
    }
}

fn next(shelf: &Shelf, connection: &Connection) -> Option<(Ticket, Picture)> {
    let room = connection.stats().path.cwnd;
    lock(shelf).next(room, |picture| picture.payload.len())
}

fn lock(shelf: &Shelf) -> MutexGuard<'_, Still<Picture>> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
