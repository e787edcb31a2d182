//! What devices of two nodes say to each other, while the link carries: each topic by its own lane, so that none waits for another.

pub mod album;
pub mod chain;
pub mod event;
pub mod flow;
pub mod intake;
pub mod keys;
pub mod lives;
pub mod meter;
pub mod outbox;
pub mod pictures;
pub mod print;
pub mod reach;
mod receive;
pub mod still;
pub mod stills;
pub mod stream;
pub mod table;
pub mod watches;

use crate::{
    message::{Lane, Watched},
    task::Task,
};
use bytes::Bytes;
use dkvm_wire::topics;
use event::Event;
use intake::{Intake, Terms};
use outbox::{Key, Outbox};
use pictures::{Picture, Pictures};
use quinn::{Connection, SendDatagramError};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use stills::Stills;
use stream::Freight;
use table::{Rights, Topic};
use tokio::sync::Semaphore;

/// Input that is too large for a datagram has a stream of its own; the next has all that is in it.
const LARGE_MOST: usize = 4;
/// Later than that the far side has let go of everything.
const INPUT_PATIENCE: Duration = Duration::from_millis(500);
/// Moments of sound under way: some 300 ms, and later than that nobody wants it.
const SOUNDS_MOST: usize = 16;
const SOUND_PATIENCE: Duration = Duration::from_millis(300);
/// A state waits as long as the link lives, which is shorter.
const STATE_PATIENCE: Duration = Duration::from_secs(60);

/// The lanes of one link.
pub struct Lanes {
    connection: Connection,
    rights: Rights,
    /// The receiving end.
    pub intake: Arc<Intake>,
    /// What devices there read of those here.
    pub given: BTreeSet<Watched>,
    states: Arc<Mutex<Outbox>>,
    large: Arc<Semaphore>,
    sounds: Arc<Semaphore>,
    /// Those of its devices that are read: of H.264,
    pub pictures: Pictures,
    /// and of JPEG.
    pub stills: Stills,
    _tasks: [Task; 3],
}

impl Lanes {
    /// From now on the link carries them.
    pub fn open(connection: &Connection, terms: Terms) -> Self {
        let (rights, keys) = (terms.rights.clone(), terms.keys.clone());
        let intake = Arc::new(Intake::new(terms));
        let tasks = [
            Task::spawn(receive::datagrams(connection.clone(), intake.clone())),
            Task::spawn(receive::streams(connection.clone(), intake.clone())),
            Task::spawn(intake.clone().follow_readers()),
        ];
        Self {
            connection: connection.clone(),
            rights,
            intake,
            given: BTreeSet::new(),
            states: Arc::default(),
            large: Arc::new(Semaphore::new(LARGE_MOST)),
            sounds: Arc::new(Semaphore::new(SOUNDS_MOST)),
            pictures: Pictures::new(connection.clone(), keys, Instant::now()),
            stills: Stills::new(connection.clone(), Instant::now()),
            _tasks: tasks,
        }
    }

    /// Whether this node may send it.
    pub fn may_send(&self, topic: &Topic) -> bool {
        self.rights.send(topic)
    }

    /// What may be done, here and there.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Whether it is read there.
    pub fn is_read(&self, topic: &str, from: &str) -> bool {
        let is_it = |one: &Watched| one.topic == topic && one.from == from;
        self.given.iter().any(is_it)
    }

    /// Sends an event of a device of this node, by the lane of its topic.
    pub fn send(&mut self, topic: &Topic, event: &Event<'_>) {
        let bytes = event.encode();
        // The other side would end the link for it.
        if bytes.len() > topic.longest {
            return;
        }
        match topic.lane {
            Lane::Input => self.send_input(bytes),
            Lane::State => self.send_state((topic.name.to_owned(), event.from.to_owned()), bytes),
            Lane::Sound => self.send_soon(Freight::new(Lane::Sound, bytes)),
            // A picture has more to it.
            Lane::Picture | Lane::Control | Lane::Session | Lane::Unknown => {}
        }
    }

    /// Sends a picture of a device of this node.
    pub fn show(&mut self, topic: &Topic, picture: &Picture) {
        match topic.name {
            topics::VIDEO_JPEG => self.stills.send(picture),
            _ => self.pictures.send(picture),
        }
    }

    fn send_input(&self, bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        let sent = self.connection.send_datagram(bytes.clone());
        // A link that is gone is told of elsewhere; a release that takes no datagrams asks for none.
        if matches!(sent, Err(SendDatagramError::TooLarge)) {
            self.send_soon(Freight::with(Lane::Input, bytes, Bytes::new()));
        }
    }

    /// By a stream of its own, now or never.
    fn send_soon(&self, freight: Freight) {
        let (room, patience) = match freight.lane() {
            Lane::Sound => (&self.sounds, SOUND_PATIENCE),
            _ => (&self.large, INPUT_PATIENCE),
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            return;
        };
        let connection = self.connection.clone();
        tokio::spawn(async move {
            stream::ship(&connection, freight, patience).await;
            drop(place);
        });
    }

    fn send_state(&mut self, key: Key, bytes: Vec<u8>) {
        let freight = Freight::new(Lane::State, bytes);
        let Some(first) = lock(&self.states).offer(&key, freight) else {
            return;
        };
        let (connection, states) = (self.connection.clone(), self.states.clone());
        tokio::spawn(async move {
            let mut next = Some(first);
            while let Some(freight) = next {
                stream::ship(&connection, freight, STATE_PATIENCE).await;
                next = lock(&states).arrived(&key);
            }
        });
    }
}

fn lock(states: &Mutex<Outbox>) -> std::sync::MutexGuard<'_, Outbox> {
    states.lock().unwrap_or_else(PoisonError::into_inner)
}
