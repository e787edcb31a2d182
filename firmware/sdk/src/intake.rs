use crate::incoming::{Body, Source};
use crate::{shared::Shared, LinkError};
use dkvm_wire::{
    decode, decode_body,
    service::{Demand, Dropped, Grant, SourceGone},
    topics, FrameDecoder, Goodbye, LeaseRef, Message, RequestId,
};

/// What waits for the device's loop: not decoded further, and holding nothing.
pub(crate) enum Inbound {
    Event {
        topic: String,
        body: Body,
        leases: Vec<LeaseRef>,
        source: Source,
        to: Vec<String>,
    },
    Request {
        id: RequestId,
        method: String,
        body: Body,
        source: Source,
    },
    Demand(Demand),
    Dropped(Dropped),
    SourceGone(SourceGone),
    Goodbye(Goodbye),
    /// The last one: nothing more will come.
    End(LinkError),
}

/// Cuts what was read into messages, and deals with those that are not for the device's loop.
pub(crate) struct Intake {
    decoder: FrameDecoder,
}

impl Intake {
    /// `decoder` may hold bytes that came along with `welcome`.
    pub(crate) fn new(decoder: FrameDecoder) -> Self {
        Self { decoder }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.decoder.push(bytes);
    }

    /// The next message for the device's loop, or `None` until more is pushed.
    pub(crate) fn next(&mut self, shared: &Shared) -> Result<Option<Inbound>, LinkError> {
        while let Some(frame) = self.decoder.next_frame()? {
            if let Some(inbound) = sort(decode(frame)?, shared)? {
                return Ok(Some(inbound));
            }
        }
        Ok(None)
    }
}

/// Answers and grants go to those who wait for them, at once; the rest is for the loop.
fn sort(message: Message<'_>, shared: &Shared) -> Result<Option<Inbound>, LinkError> {
    match message {
        Message::Response { id, result } => {
            shared.pending.complete(id, result.map(<[u8]>::to_vec));
            Ok(None)
        }
        Message::Request {
            id,
            method,
            body,
            source,
        } => Ok(Some(Inbound::Request {
            id,
            method: method.to_owned(),
            body: Body(body.to_vec()),
            source: Source::of(source),
        })),
        Message::Event {
            topic: topics::GRANT,
            body,
            source: None,
            ..
        } => {
            let grant: Grant = decode_body(topics::GRANT, body)?;
            shared.grants.add(&grant.leases);
            Ok(None)
        }
        Message::Event {
            topic,
            body,
            leases,
            source: None,
            ..
        } => kernel_event(topic, body, leases).map(Some),
        Message::Event {
            topic,
            body,
            leases,
            source,
            to,
        } => Ok(Some(event((topic, body), leases, source, &to))),
    }
}

/// Topics that mean something to the link itself count only from the kernel, which alone sends without a source.
fn kernel_event(topic: &str, body: &[u8], leases: Vec<LeaseRef>) -> Result<Inbound, LinkError> {
    Ok(match topic {
        topics::DEMAND => Inbound::Demand(decode_body(topic, body)?),
        topics::DROPPED => Inbound::Dropped(decode_body(topic, body)?),
        topics::SOURCE_GONE => Inbound::SourceGone(decode_body(topic, body)?),
        topics::GOODBYE => Inbound::Goodbye(decode_body(topic, body)?),
        _ => event((topic, body), leases, None, &[]),
    })
}

fn event(
    (topic, body): (&str, &[u8]),
    leases: Vec<LeaseRef>,
    source: Option<dkvm_wire::Source<'_>>,
    to: &[&str],
) -> Inbound {
    Inbound::Event {
        topic: topic.to_owned(),
        body: Body(body.to_vec()),
        leases,
        source: Source::of(source),
        to: to.iter().map(|&name| name.to_owned()).collect(),
    }
}
