//! What is wanted of whom.

use crate::core::Source;
use dkvm_sdk::{SendError, Sender};

/// The one source that is streamed, if any is.
pub struct Watch {
    sender: Sender,
    source: Option<Source>,
}

impl Watch {
    /// Nothing yet.
    pub const fn new(sender: Sender) -> Self {
        Self {
            sender,
            source: None,
        }
    }

    /// Who is streamed.
    pub const fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Streams another, or none. Says whether that is another than before.
    pub fn change(&mut self, source: Option<Source>) -> Result<bool, SendError> {
        if self.source == source {
            return Ok(false);
        }
        if let Some(old) = &self.source {
            self.sender.unwant_from(old.topic(), old.name())?;
        }
        if let Some(new) = &source {
            self.sender.want_from(new.topic(), new.name())?;
        }
        self.source = source;
        Ok(true)
    }

    /// Wants the same anew, to which an encoder answers with a key frame, wherever it is. To call it would take a right.
    pub fn again(&self) -> Result<(), SendError> {
        if let Some(source) = &self.source {
            self.sender.unwant_from(source.topic(), source.name())?;
            self.sender.want_from(source.topic(), source.name())?;
        }
        Ok(())
    }
}
