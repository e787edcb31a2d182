//! `/api/serial`: what the target says on its serial port, each byte once and in order, from where the page left off.
//!
//! What is told as an event goes straight on; where there is a gap, because the page is new, was away or reads slowly, the
//! device is asked for what it keeps.

use super::{
    frame::{encode, push_head, Message, Opcode, MAX_HEAD},
    link::{Ending, Read, Write},
};
use crate::state::{Hub, Key, Reading};
use dkvm_wire::vocab::{
    page::SERIAL_HEAD_LEN,
    serial::{methods, HistoryFrom, SerialOutput},
};
use std::{io, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    sync::{broadcast::error::RecvError, mpsc},
    time::sleep,
};

/// The device has its usual name unless the configuration says otherwise.
const DEVICE: &str = "serial";
/// How long a device that does not answer is left alone: it restarts, most often.
const AGAIN: Duration = Duration::from_secs(1);
/// Pings that wait for their answer.
const PINGS: usize = 4;

/// What a page has, from the query of its request; nothing when it says nothing that makes sense.
pub fn wanted(log: Option<&str>, from: Option<&str>) -> HistoryFrom {
    HistoryFrom {
        log: log.and_then(|text| text.parse().ok()).unwrap_or(0),
        from: from.and_then(|text| text.parse().ok()).unwrap_or(0),
    }
}

/// Until one side ends it.
pub async fn run(
    reading: Reading,
    at: HistoryFrom,
    reader: &mut Read,
    write: &mut Write,
    hub: &Hub,
) -> Ending {
    let (pings, pinged) = mpsc::channel(PINGS);
    let mut teller = Teller {
        reading,
        at,
        pinged,
    };
    tokio::select! {
        ending = listen(reader, &pings) => ending,
        ending = teller.run(write, hub) => ending.into(),
    }
}

async fn listen(reader: &mut Read, pings: &mpsc::Sender<Vec<u8>>) -> Ending {
    loop {
        match reader.next().await {
            Ok(Message::Binary(_) | Message::Text(_)) => {
                return Ending::policy(
                    "this socket takes no messages: what is written goes by the other one",
                );
            }
            // More pings than can be answered are a flood; one answer is enough for all of them.
            Ok(Message::Ping(payload)) => drop(pings.try_send(payload)),
            Ok(Message::Pong) => {}
            Ok(Message::Close) => return Ending::Closed,
            Err(ending) => return ending,
        }
    }
}

struct Teller {
    reading: Reading,
    /// What the page has.
    at: HistoryFrom,
    pinged: mpsc::Receiver<Vec<u8>>,
}

/// Whether all that is kept was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caught {
    Up,
    /// The device did not answer.
    NoAnswer,
}

/// Why telling stopped.
enum Gap {
    /// There may be more at the device.
    Behind,
    /// The page is gone.
    Over(io::Error),
}

impl From<io::Error> for Gap {
    fn from(error: io::Error) -> Self {
        Self::Over(error)
    }
}

impl Teller {
    async fn run(&mut self, write: &mut Write, hub: &Hub) -> io::Error {
        loop {
            let caught = match self.catch_up(write, hub).await {
                Ok(caught) => caught,
                Err(error) => return error,
            };
            match self.follow(write, caught).await {
                Gap::Behind => {}
                Gap::Over(error) => return error,
            }
        }
    }

    /// Asks for what is kept until there is no more.
    async fn catch_up(&mut self, write: &mut Write, hub: &Hub) -> io::Result<Caught> {
        loop {
            let device = hub.device_of(&Key::Serial, DEVICE);
            let method = format!("{device}/{}", methods::HISTORY);
            let Ok(piece) = hub
                .sender()
                .call::<_, SerialOutput>(&method, &self.at)
                .await
            else {
                return Ok(Caught::NoAnswer);
            };
            let done = piece.data.is_empty();
            self.tell(write, &piece).await?;
            if done {
                return Ok(Caught::Up);
            }
        }
    }

    /// Passes on what comes, until something is missing.
    async fn follow(&mut self, write: &mut Write, caught: Caught) -> Gap {
        loop {
            let passed = tokio::select! {
                piece = self.reading.pieces.recv() => match piece {
                    Ok(piece) if self.fits(&piece) => self.tell(write, &piece).await,
                    // The other end is the device's own.
                    Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => return Gap::Behind,
                },
                Some(payload) = self.pinged.recv() => send(write, &encode(Opcode::Pong, &payload)).await,
                () = sleep(AGAIN), if caught == Caught::NoAnswer => return Gap::Behind,
            };
            if let Err(error) = passed {
                return error.into();
            }
        }
    }

    fn fits(&self, piece: &SerialOutput) -> bool {
        piece.log == self.at.log && piece.offset <= self.at.from
    }

    /// Sends what the page does not have of a piece.
    async fn tell(&mut self, write: &mut Write, piece: &SerialOutput) -> io::Result<()> {
        let news = news(self.at, piece);
        if !news.is_empty() {
            send(write, &message(piece, news)).await?;
        }
        self.at = after(self.at, piece);
        Ok(())
    }
}

/// The bytes of a piece that are new to who has `at`.
fn news(at: HistoryFrom, piece: &SerialOutput) -> &[u8] {
    let known = if piece.log == at.log {
        at.from.saturating_sub(piece.offset)
    } else {
        0
    };
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    piece.data.get(known..).unwrap_or_default()
}

/// What one has after a piece.
fn after(at: HistoryFrom, piece: &SerialOutput) -> HistoryFrom {
    let end = piece.offset + piece.data.len() as u64;
    let from = if piece.log == at.log {
        end.max(at.from)
    } else {
        end
    };
    HistoryFrom {
        log: piece.log,
        from,
    }
}

fn message(piece: &SerialOutput, news: &[u8]) -> Vec<u8> {
    let skipped = (piece.data.len() - news.len()) as u64;
    let mut frame = Vec::with_capacity(MAX_HEAD + SERIAL_HEAD_LEN + news.len());
    push_head(&mut frame, Opcode::Binary, SERIAL_HEAD_LEN + news.len());
    frame.extend_from_slice(&piece.log.to_le_bytes());
    frame.extend_from_slice(&(piece.offset + skipped).to_le_bytes());
    frame.extend_from_slice(news);
    frame
}

async fn send(write: &mut Write, bytes: &[u8]) -> io::Result<()> {
    write.write_all(bytes).await?;
    write.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(log: u32, offset: u64, data: &[u8]) -> SerialOutput {
        SerialOutput {
            log,
            offset,
            data: data.to_vec(),
        }
    }

    fn at(log: u32, from: u64) -> HistoryFrom {
        HistoryFrom { log, from }
    }

    #[test]
    fn what_the_page_has_is_not_sent_again() {
        let piece = piece(7, 10, b"hello");
        assert_eq!(news(at(7, 10), &piece), b"hello");
        assert_eq!(news(at(7, 13), &piece), b"lo");
        assert_eq!(news(at(7, 15), &piece), b"");
        assert_eq!(news(at(7, 99), &piece), b"");
        assert_eq!(news(at(8, 13), &piece), b"hello");
        assert_eq!(after(at(7, 13), &piece), at(7, 15));
        assert_eq!(after(at(8, 99), &piece), at(7, 15));
    }

    #[test]
    fn the_head_is_as_the_vocabulary_says() {
        let piece = piece(7, 10, b"hello");
        let frame = message(&piece, news(at(7, 13), &piece));
        assert_eq!(frame[..2], [0x82, (SERIAL_HEAD_LEN + 2) as u8]);
        assert_eq!(frame[2..6], 7u32.to_le_bytes());
        assert_eq!(frame[6..14], 13u64.to_le_bytes());
        assert_eq!(&frame[14..], b"lo");
    }

    #[test]
    fn a_page_that_says_nonsense_has_nothing() {
        assert_eq!(wanted(Some("7"), Some("13")), at(7, 13));
        assert_eq!(wanted(None, Some("-1")), at(0, 0));
    }
}
