//! A device that does what a test asks by calls: `NAME/emit`, `NAME/ask`, `NAME/seen`, `NAME/do`; and, for one that is a gateway,
//! `NAME/session.open`, `NAME/session.ask`, `NAME/session.heard`.

use crate::wire::{ready, send, Wire};
use dkvm_kernel::client::{Client, ClientError};
use dkvm_wire::service::methods;
use dkvm_wire::{
    decode, decode_body, encode_body, topics, ErrorCode, Generation, LeaseRef, Message, Produce,
    QueueClass, RequestId, Source, WireError,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Serialize, Deserialize)]
struct Emit {
    topic: String,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
    #[serde(default)]
    leases: Vec<LeaseRef>,
    #[serde(default)]
    source: Option<(String, u32)>,
    #[serde(default)]
    to: Vec<String>,
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
    to: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Open {
    grants: Option<Vec<String>>,
}

#[derive(Default)]
struct Puppet {
    session: Option<Client>,
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
                to,
            } => self.seen.push(Seen {
                topic: topic.into(),
                body: body.into(),
                leases,
                source: source.map(|s| (s.name.into(), s.generation.0)),
                to: to.into_iter().map(str::to_owned).collect(),
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
                emit(&decode_body(method, body).expect("Emit"));
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
            "session.open" => {
                let Open { grants } = decode_body(method, body).expect("Open");
                let opened = Client::connect_held(&control_socket(), grants);
                let result = opened.map(|client| self.session = Some(client));
                reply(id, result.map(|()| nothing));
            }
            "session.ask" => {
                let Ask { method, body } = decode_body(method, body).expect("Ask");
                let session = self.session.as_mut().expect("opened");
                reply(id, session.call_raw(&method, &body));
            }
            "session.heard" => {
                let session = self.session.as_mut().expect("opened");
                let mut topics = Vec::new();
                while let Ok(Some(event)) = session.next_event(Duration::from_millis(1)) {
                    topics.push(event.topic);
                }
                answer(id, &encode_body(&topics));
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

fn emit(emit: &Emit) {
    let source = emit.source.as_ref().map(|(name, generation)| Source {
        name,
        generation: Generation(*generation),
    });
    send(&Message::Event {
        topic: &emit.topic,
        body: &emit.body,
        leases: emit.leases.clone(),
        source,
        to: emit.to.iter().map(String::as_str).collect(),
    });
}

fn answer(id: RequestId, body: &[u8]) {
    send(&Message::Response {
        id,
        result: Ok(body),
    });
}

/// Beside its own directory.
fn control_socket() -> PathBuf {
    let own = std::env::var_os("DKVM_RUN_DIR").expect("a run directory");
    PathBuf::from(own).with_file_name("kernel.sock")
}

/// What the kernel refused is passed on as it is; what broke has a code that it never uses.
fn reply(id: RequestId, result: Result<Vec<u8>, ClientError>) {
    let result = result.map_err(|error| match error {
        ClientError::Refused(error) => error,
        other => WireError::new(ErrorCode::Hardware, other.to_string()),
    });
    let result = result.as_deref().map_err(Clone::clone);
    send(&Message::Response { id, result });
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
