//! What a test waits for.

use super::{FakeKernel, Frame};
use crate::{run::End, Event, Failure};
use dkvm_wire::{
    decode_body, encode_body,
    service::{methods, Nothing, Want},
    topics, LeaseRef, Ready, RequestId, WireError,
};
use serde::{de::DeserializeOwned, Serialize};
use std::time::{Duration, Instant};

impl FakeKernel {
    /// The next event of a topic. Events of other topics stay for those who ask for them.
    pub fn expect_event(&mut self, topic: &str) -> Result<Event, Failure> {
        let until = Instant::now() + self.patience;
        loop {
            if let Some(at) = self.events.iter().position(|event| event.topic == topic) {
                return self
                    .events
                    .remove(at)
                    .ok_or_else(|| Failure::new("no such event"));
            }
            if !self.pump(until)? {
                return Err(self.failure(format!(
                    "no event {topic} came; those that came: {}",
                    self.seen()
                )));
            }
        }
    }

    fn seen(&self) -> String {
        let topics: Vec<_> = self
            .events
            .iter()
            .map(|event| event.topic.as_str())
            .collect();
        if topics.is_empty() {
            "none".to_owned()
        } else {
            topics.join(", ")
        }
    }

    /// The body of the next event of a topic.
    pub fn expect<T: DeserializeOwned>(&mut self, topic: &str) -> Result<T, Failure> {
        self.expect_event(topic)?.decode()
    }

    /// The body of the first event of a topic that fits; those before it are dropped.
    pub fn expect_that<T: DeserializeOwned>(
        &mut self,
        topic: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<T, Failure> {
        loop {
            let body = self.expect(topic)?;
            if fits(&body) {
                return Ok(body);
            }
        }
    }

    /// What the device says next of the streams that it wants: that it wants this one, or does not any more.
    pub fn expect_want(&mut self, topic: &str, want: bool) -> Result<(), Failure> {
        self.expect_wanted(topic, None, want)
    }

    /// The same of one source's stream alone (`office/h264`).
    pub fn expect_want_from(&mut self, topic: &str, from: &str, want: bool) -> Result<(), Failure> {
        self.expect_wanted(topic, Some(from), want)
    }

    fn expect_wanted(
        &mut self,
        topic: &str,
        from: Option<&str>,
        want: bool,
    ) -> Result<(), Failure> {
        let wanted = Want {
            topic: topic.to_owned(),
            want,
            from: from.map(str::to_owned),
        };
        let said: Want = self.expect(topics::WANT)?;
        if said == wanted {
            return Ok(());
        }
        Err(self.failure(format!("the device said {said:?}, not {wanted:?}")))
    }

    /// The next frame of a topic: its body, and a copy of its payload. The lease is given back.
    pub fn expect_frame<T: DeserializeOwned>(&mut self, topic: &str) -> Result<Frame<T>, Failure> {
        let event = self.expect_event(topic)?;
        let [lease] = event.leases[..] else {
            return Err(self.failure(format!(
                "{topic} came with {} leases, not one",
                event.leases.len()
            )));
        };
        let bytes = self.read(&lease)?;
        self.give_back(&lease)?;
        Ok(Frame {
            info: event.decode()?,
            bytes,
            lease,
        })
    }

    /// The payload of a lease that the device published.
    pub fn read(&mut self, lease: &LeaseRef) -> Result<Vec<u8>, Failure> {
        self.memory.read(lease)
    }

    /// Waits until the device is `ready`, fully or not.
    pub fn ready(&mut self) -> Result<Ready, Failure> {
        self.expect(topics::READY)
    }

    /// The first of these that comes, in `time`; `None` if nothing does. For the cases where nothing must come.
    pub fn within(&mut self, time: Duration, topic: &str) -> Result<Option<Event>, Failure> {
        let until = Instant::now() + time;
        loop {
            if let Some(at) = self.events.iter().position(|event| event.topic == topic) {
                return Ok(self.events.remove(at));
            }
            if !self.pump(until)? {
                return Ok(None);
            }
        }
    }

    /// Asks the device something, and gives what it answers.
    pub fn ask<B>(&mut self, method: &str, body: &B) -> Result<Result<Vec<u8>, WireError>, Failure>
    where
        B: Serialize + ?Sized,
    {
        let id = self.send_request(method, &encode_body(body))?;
        self.response(method, id)
    }

    /// Asks the device something without waiting; [`FakeKernel::response`] has what it answers.
    pub fn begin<B>(&mut self, method: &str, body: &B) -> Result<RequestId, Failure>
    where
        B: Serialize + ?Sized,
    {
        self.send_request(method, &encode_body(body))
    }

    /// What the device answers to a request.
    pub fn response(
        &mut self,
        method: &str,
        id: RequestId,
    ) -> Result<Result<Vec<u8>, WireError>, Failure> {
        let until = Instant::now() + self.patience;
        loop {
            if let Some(response) = self.responses.remove(&id) {
                return Ok(response);
            }
            if !self.pump(until)? {
                return Err(self.failure(format!("no answer to {method}")));
            }
        }
    }

    /// Asks the device something that it must grant.
    pub fn call<B, R>(&mut self, method: &str, body: &B) -> Result<R, Failure>
    where
        B: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        match self.ask(method, body)? {
            Ok(body) => Ok(decode_body(method, &body)?),
            Err(error) => Err(self.failure(format!("{method} was refused: {error}"))),
        }
    }

    /// Asks the device something that it must refuse.
    pub fn refused<B: Serialize + ?Sized>(
        &mut self,
        method: &str,
        body: &B,
    ) -> Result<WireError, Failure> {
        match self.ask(method, body)? {
            Err(error) => Ok(error),
            Ok(_) => Err(self.failure(format!("{method} was not refused"))),
        }
    }

    /// A ping that must be answered. Whatever was sent before it has then been dealt with by the device's loop.
    pub fn ping(&mut self) -> Result<(), Failure> {
        self.call::<_, Nothing>(methods::PING, &Nothing {})
            .map(|_| ())
    }

    /// Waits until the device has released a lease that was lent to it.
    pub fn expect_release(&mut self, lease: &LeaseRef) -> Result<(), Failure> {
        let until = Instant::now() + self.patience;
        while !self.memory.is_released(lease.lease) {
            if !self.pump(until)? {
                return Err(self.failure(format!("lease {} was not released", lease.lease)));
            }
        }
        Ok(())
    }

    /// Leases lent to the device that it has not released.
    pub fn lent(&self) -> usize {
        self.memory.lent()
    }

    /// The first line of the device's log that contains `text`.
    pub fn expect_log(&mut self, text: &str) -> Result<String, Failure> {
        let line = self.run.log.wait_for(text, self.patience);
        line.ok_or_else(|| self.failure(format!("the device did not log {text:?}")))
    }

    /// Waits for the device's end.
    pub fn end(&mut self) -> Result<End, Failure> {
        let until = Instant::now() + self.patience;
        // Its pipe is emptied, or it could not write its last words.
        while self.pump(until)? {}
        self.run
            .wait(self.patience)
            .ok_or_else(|| self.failure("the device does not end"))
    }

    /// Says goodbye, closes the device's input, and expects exit code 0.
    pub fn goodbye(&mut self) -> Result<(), Failure> {
        self.say_goodbye()?;
        self.expect_end(0)
    }

    /// Expects the device to end by itself with a code.
    pub fn expect_end(&mut self, code: i32) -> Result<(), Failure> {
        match self.end()? {
            End::Exit(got) if got == code => Ok(()),
            other => Err(self.failure(format!(
                "the device ended with {other}, not with exit code {code}"
            ))),
        }
    }

    /// Checks that nothing of an ended device is left: no process, no open pipe, no file among the pools.
    pub fn expect_no_leftovers(&mut self) -> Result<(), Failure> {
        if self.pid().is_some() && !self.run.log.wait_for_end(self.patience) {
            return Err(self.failure("a child of the device still holds its stderr"));
        }
        if self.run.has_leftovers() {
            return Err(self.failure("a process of the device's group is left"));
        }
        match self.memory.strangers()? {
            strangers if strangers.is_empty() => Ok(()),
            strangers => Err(self.failure(format!(
                "the device left files among the pools: {}",
                strangers.join(", ")
            ))),
        }
    }
}
