//! What the target says on its serial port, as it comes, for the pages that read it.

use dkvm_sdk::Sender;
use dkvm_wire::{topics, vocab::serial::SerialOutput};
use std::sync::{Arc, Mutex};
use thiserror::Error;
use tokio::sync::broadcast;

/// Pages that read at the same time.
const MAX_READERS: usize = 16;
/// Pieces that wait for a page. One that reads slower asks the device for what it missed.
const BACKLOG: usize = 64;

/// There are as many readers as can be served.
#[derive(Debug, Error)]
#[error("{MAX_READERS} pages read the serial port already, the most that this node serves: close one of them")]
pub struct ReadersFull;

/// The way from the device's events to the pages' sockets.
#[derive(Debug)]
pub struct Serial {
    sender: Sender,
    pieces: broadcast::Sender<Arc<SerialOutput>>,
    readers: Mutex<usize>,
}

impl Serial {
    /// Nobody reads yet.
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            pieces: broadcast::Sender::new(BACKLOG),
            readers: Mutex::new(0),
        }
    }

    /// The device told a piece.
    pub fn heard(&self, output: SerialOutput) {
        // Without a page nobody wants it.
        let _ = self.pieces.send(Arc::new(output));
    }

    /// A page begins to read.
    pub fn read(self: &Arc<Self>) -> Result<Reading, ReadersFull> {
        let mut readers = crate::lock(&self.readers);
        if *readers >= MAX_READERS {
            return Err(ReadersFull);
        }
        *readers += 1;
        if *readers == 1 {
            // Without a kernel there is nothing to read.
            let _ = self.sender.want(topics::SERIAL_OUTPUT);
        }
        Ok(Reading {
            pieces: self.pieces.subscribe(),
            serial: self.clone(),
        })
    }
}

/// A page that reads, until it is dropped.
#[derive(Debug)]
pub struct Reading {
    /// What is told from now on.
    pub pieces: broadcast::Receiver<Arc<SerialOutput>>,
    serial: Arc<Serial>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut readers = crate::lock(&self.serial.readers);
        *readers = readers.saturating_sub(1);
        if *readers == 0 {
            let _ = self.serial.sender.unwant(topics::SERIAL_OUTPUT);
        }
    }
}
