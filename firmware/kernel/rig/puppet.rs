//! A device that does what a test asks by calls: `NAME/emit`, `NAME/ask`, `NAME/seen`, `NAME/do`.

use crate::wire::{ready, send, Wire};
use dkvm_wire::service::methods;
use dkvm_wire::{
    decode, decode_body, encode_body, topics, ErrorCode, LeaseRef, Message, Produce, QueueClass,
    RequestId, WireError,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

#[derive(Serialize, Deserialize)]
struct Emit {
    topic: String,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    #[serde(default)]
    leases: Vec<LeaseRef>,
}

#[derive(Serialize, Deserialize)]
struct Ask {
    method: String,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Seen {
    topic: String,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    leases: Vec<LeaseRef>,
    source: Option<(String, u32)>,
}

#[derive(Default)]
struct Puppet {
    seen: Vec<Seen>,
    asked: HashMap<RequestId, RequestId>,
    last: u32,
}

pub fn run(args: Vec<String>) {
    let (consumes, produces): (Vec<_>, Vec<_>) =
        args.into_iter().partition(|arg| arg.starts_with('+'));
    let consumes = consumes.iter().map(|arg| arg[1..].to_owned()).collect();
    let mut wire = Wire::open(consumes, produces.iter().map(|arg| produce(arg)).collect());
    ready();
    eprintln!("<info> the puppet hangs on its strings");
    let mut puppet = Puppet::default();
    while let Some(frame) = wire.next() {
        puppet.take(decode(&frame).expect("a message"));
    }
}

fn produce(arg: &str) -> Produce {
    let (topic, class) = arg.split_once(':').expect("TOPIC:CLASS");
    let class = match class {
        "state" => QueueClass::State,
        "input" => QueueClass::Input,
        _ => QueueClass::Stream,
    };
    Produce {
        topic: topic.into(),
        class,
    }
}

impl Puppet {
    fn take(&mut self, message: Message<'_>) {
        match message {
            Message::Request {
                id, method, body, ..
            } => self.request(id, method, body),
            Message::Response { id, result } => {
                if let Some(id) = self.asked.remove(&id) {
                    send(&Message::Response { id, result });
                }
            }
            Message::Event {
                topic: topics::GOODBYE,
                ..
            } => std::process::exit(0),
            Message::Event {
                topic,
                body,
                leases,
                source,
            } => self.seen.push(Seen {
                topic: topic.into(),
                body: body.into(),
                leases,
                source: source.map(|s| (s.name.into(), s.generation.0)),
            }),
        }
    }

    fn request(&mut self, id: RequestId, method: &str, body: &[u8]) {
        let nothing = encode_body(&dkvm_wire::service::Nothing {});
        match method {
            methods::PING => answer(id, &nothing),
            "echo" => answer(id, body),
            "seen" => answer(id, &encode_body(&std::mem::take(&mut self.seen))),
            "emit" => {
                let Emit {
                    topic,
                    body,
                    leases,
                } = decode_body(method, body).expect("Emit");
                send(&Message::Event {
                    topic: &topic,
                    body: &body,
                    leases,
                    source: None,
                });
                answer(id, &nothing);
            }
            "ask" => {
                let Ask { method, body } = decode_body(method, body).expect("Ask");
                self.last += 1;
                self.asked.insert(RequestId(self.last), id);
                send(&Message::Request {
                    id: RequestId(self.last),
                    method: &method,
                    body: &body,
                    source: None,
                });
            }
            "do" => act(&decode_body::<String>(method, body).expect("a word")),
            _ => {
                let error = WireError::new(ErrorCode::UnknownMethod, "a puppet cannot do that");
                send(&Message::Response {
                    id,
                    result: Err(error),
                });
            }
        }
    }
}

fn answer(id: RequestId, body: &[u8]) {
    send(&Message::Response {
        id,
        result: Ok(body),
    });
}

/// Never answers.
fn act(word: &str) {
    match word {
        "hang" => loop {
            std::thread::park();
        },
        "spin" => loop {
            std::hint::spin_loop();
        },
        "ignore" => {}
        "abort" => std::process::abort(),
        code => std::process::exit(code.parse().expect("a code")),
    }
}
