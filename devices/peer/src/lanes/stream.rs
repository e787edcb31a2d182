//! What does not fit a datagram: a stream of its own for each, which begins with its lane.

use crate::message::{self, Lane};
use bytes::Bytes;
use dkvm_wire::{encode_body, encode_frame};
use quinn::{Connection, SendStream, VarInt};
use std::time::Duration;
use tokio::time::timeout;

/// What a stream is reset with that came too late.
const LATE: VarInt = VarInt::from_u32(3);

/// Pictures come last, each after the one before: so many can be told apart.
const TURNS: u64 = 1 << 20;

/// One event on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freight {
    lane: Lane,
    event: Bytes,
    /// What comes after it.
    payload: Bytes,
    turn: i32,
}

impl Freight {
    /// An event, as it is encoded.
    pub fn new(lane: Lane, event: Vec<u8>) -> Self {
        Self::with(lane, event.into(), Bytes::new())
    }

    /// One with a payload behind it.
    pub const fn with(lane: Lane, event: Bytes, payload: Bytes) -> Self {
        Self {
            lane,
            event,
            payload,
            turn: 0,
        }
    }

    /// How it travels.
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// After those with smaller numbers.
    pub fn in_turn(mut self, number: u64) -> Self {
        self.turn = i32::try_from(number % TURNS).unwrap_or_default();
        self
    }

    /// What comes before the others.
    const fn priority(&self) -> i32 {
        match self.lane {
            Lane::Control => message::FIRST,
            Lane::Input => message::FIRST - 1,
            Lane::Sound => message::FIRST - 2,
            Lane::State => message::FIRST - 3,
            Lane::Session | Lane::Unknown => 0,
            Lane::Picture => -1 - self.turn,
        }
    }

    fn head(&self) -> Vec<u8> {
        let lane = encode_body(&self.lane);
        // Both are far below the limits of frames.
        let frame = |body: &[u8]| encode_frame(body, super::event::LONGEST).unwrap_or_default();
        let mut head = [frame(&lane), frame(&self.event)].concat();
        if let (false, Ok(length)) = (self.payload.is_empty(), u32::try_from(self.payload.len())) {
            head.extend(length.to_le_bytes());
        }
        head
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipped {
    /// The other side has all of it.
    Whole,
    /// It was not there in time: the link carries less.
    Late,
    /// Nobody there wants it.
    Lost,
}

/// Until the other side has all of it, or nobody wants it any more.
pub async fn ship(connection: &Connection, freight: Freight, patience: Duration) -> Shipped {
    let carried = timeout(patience, carry(connection, &freight)).await;
    carried.map_or(Shipped::Late, |carried| carried.unwrap_or(Shipped::Lost))
}

async fn carry(connection: &Connection, freight: &Freight) -> Option<Shipped> {
    let mut stream = Abandoned(connection.open_uni().await.ok()?);
    // A stream that is closed already is found out by the next line.
    let _ = stream.0.set_priority(freight.priority());
    let mut parts = [freight.head().into(), freight.payload.clone()];
    stream.0.write_all_chunks(&mut parts).await.ok()?;
    stream.0.finish().ok()?;
    let stopped = stream.0.stopped().await.ok()?;
    stopped.is_none().then_some(Shipped::Whole)
}

/// Whoever goes away from one that is not whole leaves nothing to be sent again. One that is whole is not touched.
struct Abandoned(SendStream);

impl Drop for Abandoned {
    fn drop(&mut self) {
        let _ = self.0.reset(LATE);
    }
}
