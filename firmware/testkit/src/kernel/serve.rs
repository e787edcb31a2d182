//! What the fake kernel does with what comes, before a test sees it.

use super::{told, FakeKernel, Output};
use crate::{wire::Received, Event, Failure};
use dkvm_wire::{
    decode_body, encode_body,
    service::{methods, Grant, LeaseArg, Nothing, PoolRef, PoolRequest, Release},
    topics, DecodeError, ErrorCode, RequestId, WireError,
};
use std::time::Instant;

impl FakeKernel {
    /// How calls of a method are answered from now on. The kernel's memory services need none.
    pub fn answer<F>(&mut self, method: &str, answer: F)
    where
        F: FnMut(&[u8]) -> Result<Vec<u8>, WireError> + 'static,
    {
        self.answers.insert(method.to_owned(), Box::new(answer));
    }

    /// Calls of this method get no answer from now on.
    pub fn leave_unanswered(&mut self, method: &str) {
        self.unanswered.push(method.to_owned());
    }

    /// Takes in one message; `false` when none came until then, or the device's output is closed.
    pub(super) fn pump(&mut self, until: Instant) -> Result<bool, Failure> {
        if self.output == Output::Closed {
            return Ok(false);
        }
        match self.wire.receive(until) {
            None => return Ok(false),
            Some(Received::Request { id, method, body }) => self.serve(id, &method, &body),
            Some(Received::Response { id, result }) => drop(self.responses.insert(id, result)),
            Some(Received::Event(event)) => self.take_event(event)?,
            Some(Received::End) => self.output = Output::Closed,
            broken @ Some(Received::Broken(_)) => {
                self.output = Output::Closed;
                return Err(self.failure(format!(
                    "the device broke the protocol: {}",
                    told(broken.as_ref())
                )));
            }
        }
        Ok(self.output == Output::Open)
    }

    fn take_event(&mut self, event: Event) -> Result<(), Failure> {
        for lease in &event.leases {
            let granted = self
                .memory
                .published(lease)
                .map_err(|failure| failure.with_log(self.log()))?;
            // A device that is gone by now is told by its output, which ends.
            let _ = self.grant(granted);
        }
        if event.topic == topics::RELEASE {
            return self.memory.release(&event.decode::<Release>()?.leases);
        }
        self.events.push_back(event);
        Ok(())
    }

    fn serve(&mut self, id: RequestId, method: &str, body: &[u8]) {
        self.calls.push(method.to_owned());
        if self.unanswered.iter().any(|known| known == method) {
            return;
        }
        let result = match self.answers.get_mut(method) {
            Some(answer) => answer(body),
            None => self.memory_service(method, body),
        };
        // As above: a device may ask something with its last words.
        let _ = match result {
            Ok(body) => self.respond(id, Ok(&body)),
            Err(error) => self.respond(id, Err(error)),
        };
    }

    fn memory_service(&mut self, method: &str, body: &[u8]) -> Result<Vec<u8>, WireError> {
        let bad = |error: DecodeError| WireError::new(ErrorCode::BadRequest, error.to_string());
        match method {
            methods::MEMORY_POOL => {
                let request: PoolRequest = decode_body(method, body).map_err(bad)?;
                Ok(encode_body(&self.memory.open(&request)?))
            }
            methods::MEMORY_CLOSE => {
                let pool: PoolRef = decode_body(method, body).map_err(bad)?;
                self.memory.close(pool.pool);
                Ok(encode_body(&Nothing {}))
            }
            methods::MEMORY_ALLOCATE => {
                let pool: PoolRef = decode_body(method, body).map_err(bad)?;
                Ok(encode_body(&Grant {
                    leases: vec![self.memory.allocate(pool.pool)?],
                }))
            }
            methods::MEMORY_RELEASE => {
                let release: Release = decode_body(method, body).map_err(bad)?;
                let released = self.memory.release(&release.leases);
                released
                    .map_err(|failure| WireError::new(ErrorCode::NotFound, failure.to_string()))?;
                Ok(encode_body(&Nothing {}))
            }
            methods::MEMORY_LOCK => {
                // Nobody's patience ends in a test.
                let _: LeaseArg = decode_body(method, body).map_err(bad)?;
                Ok(encode_body(&Nothing {}))
            }
            _ => Err(WireError::new(
                ErrorCode::UnknownMethod,
                format!("the test's kernel has no method {method}"),
            )),
        }
    }
}
