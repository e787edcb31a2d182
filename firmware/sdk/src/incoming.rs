use crate::{Lease, SendError, Sender};
use dkvm_wire::{
    decode_body, DecodeError, ErrorCode, Generation, RequestId, SourceName, WireError,
};
use serde::{de::DeserializeOwned, Serialize};
use std::{fmt, ops::Deref};

/// What [`Link::next`](crate::Link::next) gives.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// An event of a topic that is routed here.
    Event {
        /// The topic.
        topic: String,
        /// Its body.
        body: Body,
        /// The leases that came along. Dropping the last clone of each gives it back.
        leases: Vec<Lease>,
        /// Who sent it.
        source: Source,
        /// To a gateway: the devices of other nodes (`node/device`) that it is for. To others: empty.
        to: Vec<String>,
    },
    /// Somebody asks something.
    Request(Request),
    /// So many running readers want a topic that this device produces. 0: nobody, stop working for it.
    Demand {
        /// The topic.
        topic: String,
        /// How many.
        readers: u32,
        /// To a gateway alone: whose topic, `node/device`, or `*/device` for any node.
        from: Option<String>,
    },
    /// Events of a stream were dropped because this device was slow.
    Dropped {
        /// The topic.
        topic: String,
        /// How many.
        count: u64,
    },
    /// A device that could hold something here (keys, the focus) is gone: release what it held.
    SourceGone {
        /// Which.
        source: SourceName,
        /// Which life of it.
        generation: Generation,
    },
    /// Finish and return `Ok(())`. Also given when the kernel itself is gone.
    Goodbye {
        /// Why.
        reason: String,
        /// Time until SIGTERM, ms; 0 when the kernel is gone.
        deadline_ms: u32,
    },
}

/// A body, not decoded yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub(crate) Vec<u8>);

impl Body {
    /// Reads it; `what` names the topic or method for the error.
    pub fn decode<T: DeserializeOwned>(&self, what: &str) -> Result<T, DecodeError> {
        decode_body(what, &self.0)
    }
}

impl Deref for Body {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// Who sent an event or request. The kernel itself writes none; it appears as `kernel`, generation 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The device's name.
    pub name: String,
    /// Its generation when it sent this.
    pub generation: Generation,
}

impl Source {
    pub(crate) fn of(source: Option<dkvm_wire::Source<'_>>) -> Self {
        match source {
            Some(source) => Self {
                name: source.name.to_owned(),
                generation: source.generation,
            },
            None => Self {
                name: "kernel".to_owned(),
                generation: Generation(0),
            },
        }
    }
}

/// A request to this device. One that is dropped without an answer is answered with an error.
pub struct Request {
    pub(crate) id: RequestId,
    pub(crate) method: String,
    pub(crate) body: Body,
    pub(crate) source: Source,
    pub(crate) sender: Option<Sender>,
}

impl Request {
    /// The method's name, without the device's.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The arguments.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Who asks.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The arguments, decoded; the error is fit for [`Request::fail`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        self.body
            .decode(&self.method)
            .map_err(|error| WireError::new(ErrorCode::BadRequest, error.to_string()))
    }

    /// Answers with a result.
    pub fn reply<B: Serialize>(mut self, body: &B) -> Result<(), SendError> {
        self.answer(Ok(&dkvm_wire::encode_body(body)))
    }

    /// Answers with an error.
    pub fn fail(mut self, error: WireError) -> Result<(), SendError> {
        self.answer(Err(error))
    }

    /// Answers with either.
    pub fn answer_with<B: Serialize>(self, result: Result<B, WireError>) -> Result<(), SendError> {
        match result {
            Ok(body) => self.reply(&body),
            Err(error) => self.fail(error),
        }
    }

    /// Answers that there is no such method here.
    pub fn unknown(self) -> Result<(), SendError> {
        let error = WireError::new(
            ErrorCode::UnknownMethod,
            format!("no method {} on this device", self.method),
        );
        self.fail(error)
    }

    fn answer(&mut self, result: Result<&[u8], WireError>) -> Result<(), SendError> {
        self.sender
            .take()
            .map_or(Ok(()), |sender| sender.respond(self.id, result))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // Nobody is left to tell when this fails.
        let _ = self.answer(Err(WireError::new(
            ErrorCode::Internal,
            "the device dropped the request without an answer",
        )));
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
