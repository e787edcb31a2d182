//! What is wanted of whom.

use dkvm_sdk::{SendError, Sender};

/// A stream, and the device that sends it.
pub type Stream = (&'static str, String);

/// What is streamed.
pub struct Watch {
    sender: Sender,
    wanted: Vec<Stream>,
}

impl Watch {
    /// Nothing yet.
    pub const fn new(sender: Sender) -> Self {
        Self {
            sender,
            wanted: Vec::new(),
        }
    }

    /// Streams these and no others. What is given up goes first: there is room for what comes then.
    pub fn change(&mut self, wanted: Vec<Stream>) -> Result<(), SendError> {
        for (topic, source) in &self.wanted {
            if !is_in(&wanted, topic, source) {
                self.sender.unwant_from(topic, source)?;
            }
        }
        for (topic, source) in &wanted {
            if !is_in(&self.wanted, topic, source) {
                self.sender.want_from(topic, source)?;
            }
        }
        self.wanted = wanted;
        Ok(())
    }

    /// Whether that was asked for, and not given up since.
    pub fn has(&self, topic: &str, source: &str) -> bool {
        is_in(&self.wanted, topic, source)
    }

    /// Wants the same anew, to which an encoder answers with a key frame, wherever it is. To call it would take a right.
    pub fn again(&self, topic: &str, source: &str) -> Result<(), SendError> {
        self.sender.unwant_from(topic, source)?;
        self.sender.want_from(topic, source)
    }
}

fn is_in(streams: &[Stream], topic: &str, source: &str) -> bool {
    streams
        .iter()
        .any(|(of, from)| *of == topic && from == source)
}
