use crate::{pending::AnswerSlot, shared::Shared, steady::steady, CallError, SendError};
use dkvm_wire::{
    decode_body, encode_body,
    service::{Release, Want},
    topics, LeaseId, LeaseRef, Message, RequestId, Source, Welcome, WireError,
};
use serde::{de::DeserializeOwned, Serialize};
use std::{
    future::Future,
    marker::PhantomData,
    pin::{pin, Pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// How long [`Sender::call`] waits: longer than any device of ours takes, shorter than a person's patience.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends to the kernel from anywhere in the device: `Clone + Send + Sync`, no queue in between.
#[derive(Clone)]
pub struct Sender(pub(crate) Arc<Shared>);

impl Sender {
    /// Sends an event.
    pub fn emit<B: Serialize + ?Sized>(&self, topic: &str, body: &B) -> Result<(), SendError> {
        self.emit_with(topic, body, &[])
    }

    /// Sends an event with leases that this device holds, as producer or as reader.
    pub fn emit_with<B>(&self, topic: &str, body: &B, leases: &[LeaseRef]) -> Result<(), SendError>
    where
        B: Serialize + ?Sized,
    {
        self.emit_raw(topic, &encode_body(body), leases)
    }

    /// Sends an event whose body is MessagePack already, as it came.
    pub fn emit_raw(&self, topic: &str, body: &[u8], leases: &[LeaseRef]) -> Result<(), SendError> {
        self.send(topic, body, leases, None, &[])
    }

    /// Sends an event to some of its readers alone: devices, or those of other nodes (`office/hid`). Who does not read it by the
    /// configuration's routes does not get it.
    pub fn emit_to<B>(&self, topic: &str, body: &B, to: &[&str]) -> Result<(), SendError>
    where
        B: Serialize + ?Sized,
    {
        self.send(topic, &encode_body(body), &[], None, to)
    }

    /// For a gateway: sends what a device of another node sent; `to` as in [`Sender::emit_to`].
    pub fn forward(
        &self,
        source: Source<'_>,
        topic: &str,
        body: &[u8],
        leases: &[LeaseRef],
        to: &[&str],
    ) -> Result<(), SendError> {
        self.send(topic, body, leases, Some(source), to)
    }

    fn send(
        &self,
        topic: &str,
        body: &[u8],
        leases: &[LeaseRef],
        source: Option<Source<'_>>,
        to: &[&str],
    ) -> Result<(), SendError> {
        let event = Message::Event {
            topic,
            body,
            leases: leases.to_vec(),
            source,
            to: to.to_vec(),
        };
        self.0.writer.send(topic, &event)
    }

    /// Resumes a topic that is routed here. Stream topics start paused on every new connection.
    pub fn want(&self, topic: &str) -> Result<(), SendError> {
        self.say_want(topic, true, None)
    }

    /// Pauses a topic that is routed here.
    pub fn unwant(&self, topic: &str) -> Result<(), SendError> {
        self.say_want(topic, false, None)
    }

    /// Resumes a topic of one source alone (a device, `node/device`).
    pub fn want_from(&self, topic: &str, source: &str) -> Result<(), SendError> {
        self.say_want(topic, true, Some(source))
    }

    /// Pauses a topic of one source alone.
    pub fn unwant_from(&self, topic: &str, source: &str) -> Result<(), SendError> {
        self.say_want(topic, false, Some(source))
    }

    fn say_want(&self, topic: &str, want: bool, from: Option<&str>) -> Result<(), SendError> {
        let want = Want {
            topic: topic.to_owned(),
            want,
            from: from.map(str::to_owned),
        };
        self.emit(topics::WANT, &want)
    }

    /// Calls the kernel (`devices.list`) or another device (`capture/video.set_mode`), waiting up to 5 s.
    ///
    /// The answer arrives whether or not somebody is in [`Link::next`](crate::Link::next), but a device
    /// that awaits a call in its loop answers no ping meanwhile: prefer a task of its own, or `select!`.
    pub fn call<B, R>(&self, method: &str, body: &B) -> Call<R>
    where
        B: Serialize + ?Sized,
    {
        self.call_within(CALL_TIMEOUT, method, body)
    }

    /// The same with another patience. The request is sent at once, not at the first poll.
    pub fn call_within<B, R>(&self, timeout: Duration, method: &str, body: &B) -> Call<R>
    where
        B: Serialize + ?Sized,
    {
        let (id, slot) = self.0.pending.open(Instant::now(), timeout);
        let request = Message::Request {
            id,
            method,
            body: &encode_body(body),
            source: None,
        };
        let failed = self.0.writer.send(method, &request).err();
        Call {
            sender: self.clone(),
            id,
            slot,
            failed,
            method: method.to_owned(),
            result: PhantomData,
        }
    }

    /// Gives leases back. [`Lease`](crate::Lease) does it by itself.
    pub fn release(&self, leases: &[LeaseId]) -> Result<(), SendError> {
        self.emit(
            topics::RELEASE,
            &Release {
                leases: leases.to_vec(),
            },
        )
    }

    /// What the kernel said at the start.
    pub fn welcome(&self) -> &Welcome {
        &self.0.welcome
    }

    pub(crate) fn respond(
        &self,
        id: RequestId,
        result: Result<&[u8], WireError>,
    ) -> Result<(), SendError> {
        self.0
            .writer
            .send("a response", &Message::Response { id, result })
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sender")
            .field(&self.0.welcome.device_id)
            .finish()
    }
}

/// A call under way; a future of its result. Dropping it forgets the call.
#[must_use = "a call's result, or its failure, is known only when it is awaited"]
pub struct Call<R> {
    sender: Sender,
    id: RequestId,
    slot: Arc<AnswerSlot>,
    failed: Option<SendError>,
    method: String,
    result: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Future for Call<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error.into()));
        }
        let answer = pin!(steady(self.slot.wait())).poll(context);
        answer.map(|answer| match answer {
            Ok(body) => Ok(decode_body(&self.method, &body)?),
            Err(error) => Err(CallError::Refused {
                method: self.method.clone(),
                error,
            }),
        })
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        self.sender.0.pending.forget(self.id);
    }
}
