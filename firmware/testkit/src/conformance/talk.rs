//! What a device that is ready has to stand.

use super::{Check, Subject};
use crate::{Event, Failure, FakeKernel};
use dkvm_wire::{encode_body, service::methods, ErrorCode, Generation, LeaseRef, Source};
use serde_json::json;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "ping",
        demand: "answers `ping`",
        run: ping,
    },
    Check {
        name: "ping-busy",
        demand: "answers each `ping` between hundreds of events",
        run: ping_busy,
    },
    Check {
        name: "unknown-topic",
        demand: "ignores topics and kernel events that it does not know",
        run: unknown_topic,
    },
    Check {
        name: "unknown-method",
        demand: "answers an unknown method with the error `unknown_method`",
        run: unknown_method,
    },
    Check {
        name: "newer-fields",
        demand: "ignores fields and array elements that a newer kernel adds",
        run: newer_fields,
    },
    Check {
        name: "foreign-bodies",
        demand: "stands bodies that make no sense on each topic that it consumes",
        run: foreign_bodies,
    },
    Check {
        name: "leases",
        demand: "gives back the lease of an event that it cannot use",
        run: leases,
    },
];

const ROUNDS: usize = 20;
const EVENTS_PER_ROUND: usize = 30;

fn ping(subject: &Subject) -> Result<(), Failure> {
    subject.ready()?.ping()
}

fn ping_busy(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    let topics = consumed(&kernel);
    for _ in 0..ROUNDS {
        for event in 0..EVENTS_PER_ROUND {
            let topic = topics
                .get(event % (topics.len() + 1))
                .map_or("no.such.topic", String::as_str);
            kernel.emit("stranger", topic, &json!({}))?;
        }
        kernel.ping()?;
    }
    Ok(())
}

fn unknown_topic(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    kernel.emit("stranger", "no.such.topic", &json!({ "a": 1 }))?;
    kernel.tell("no.such.kernel.topic", &json!({ "a": 1 }))?;
    kernel.source_gone("stranger", 1)?;
    kernel.demand("no.such.topic", 3)?;
    kernel.dropped("no.such.topic", 3)?;
    kernel.ping()
}

fn unknown_method(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    let error = kernel.refused("no.such.method", &json!({}))?;
    if error.code != ErrorCode::UnknownMethod {
        return Err(kernel.failure(format!("the error is {:?}: {}", error.code, error.message)));
    }
    kernel.ping()
}

fn newer_fields(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    // An event with elements after `to`, and a request with some after the source.
    kernel.send_frame(b"\x98\x02\xadno.such.topic\xc4\x01\x80\x90\xc0\x90\xa3new\x81\xa1a\x01")?;
    kernel.tell(
        "demand",
        &json!({ "topic": "no.such.topic", "readers": 1, "since": "yesterday" }),
    )?;
    kernel.send_frame(b"\x97\x00\xce\x7f\xff\xff\xff\xa4ping\xc4\x01\x80\xc0\xa3new\x01")?;
    kernel
        .response(methods::PING, dkvm_wire::RequestId(0x7fff_ffff))?
        .map_err(|error| Failure::new(error.to_string()))?;
    kernel.ping()
}

/// Bodies that are no body of any topic, or no MessagePack at all.
fn nonsense() -> [Vec<u8>; 8] {
    [
        vec![],
        vec![0xc0],
        vec![0x80],
        vec![0xc1],
        b"\x81\xa1a\x01".to_vec(),
        // A map that promises four thousand million entries.
        vec![0xdf, 0xff, 0xff, 0xff, 0xff],
        // An array in an array in an array …
        vec![0x91; 20_000],
        (0..=255).collect(),
    ]
}

fn consumed(kernel: &FakeKernel) -> Vec<String> {
    let topics = kernel
        .hello()
        .map(|hello| hello.consumes.clone())
        .unwrap_or_default();
    topics.iter().map(|topic| topic.replace('*', "x")).collect()
}

fn send(
    kernel: &mut FakeKernel,
    topic: &str,
    body: Vec<u8>,
    leases: &[LeaseRef],
) -> Result<(), Failure> {
    let source = Source {
        name: "stranger",
        generation: Generation(1),
    };
    kernel.emit_raw(
        Some(source),
        &Event {
            topic: topic.to_owned(),
            body,
            leases: leases.to_vec(),
            ..Event::default()
        },
    )
}

fn foreign_bodies(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    for topic in consumed(&kernel) {
        for body in nonsense() {
            let sentence = format!(
                "it does not stand {} bytes of nonsense on {topic}",
                body.len()
            );
            send(&mut kernel, &topic, body, &[])?;
            kernel.ping().map_err(|_| kernel.failure(sentence))?;
        }
    }
    Ok(())
}

fn leases(subject: &Subject) -> Result<(), Failure> {
    let mut kernel = subject.ready()?;
    let mut topics = consumed(&kernel);
    topics.push("no.such.topic".to_owned());
    for topic in topics {
        let lease = kernel.lend(b"nonsense")?;
        send(
            &mut kernel,
            &topic,
            encode_body(&json!({ "no": "frame" })),
            &[lease],
        )?;
        kernel.expect_release(&lease)?;
    }
    kernel.ping()
}
