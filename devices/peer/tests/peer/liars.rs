//! A paired node that says over its lanes what no node of ours says: it costs itself the link, and nobody else anything.

use crate::node::TestNode;
use dkvm_peer::{
    control,
    core::{
        lead::Lead,
        link::{LinkId, Opener},
    },
    counters::Counters,
    dial,
    endpoint::Node,
    identity::Identity,
    lanes::event::Event,
    message::{Control, Hello, Lane, Watched},
    news::{self, News},
    tls::LINK,
};
use dkvm_testkit::Failure;
use dkvm_wire::{
    encode_body, encode_frame,
    service::{Nothing, Want},
    topics,
    vocab::{
        peer::{methods, Authorise, Grant, LinkState, PeerState},
        video::{AccessUnit, FrameInfo},
    },
    Generation,
};
use quinn::{Connection, ConnectionError};
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Runtime, sync::mpsc, time::timeout};

const PATIENCE: Duration = Duration::from_secs(90);
/// What is no word of any node.
const NONSENSE: u32 = 6;
const LONG: usize = 1 << 20;

struct Liar {
    runtime: Runtime,
    node: Arc<Node>,
}

impl Liar {
    /// Paired with the office, where it may do all that lanes are for.
    fn of(office: &mut TestNode) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let identity = Identity::obtain(None).map_err(|error| Failure::new(error.to_string()))?;
        let node = Authorise {
            node: "liar".to_owned(),
            fingerprint: identity.fingerprint.to_string(),
            address: String::new(),
            grants: vec![Grant::View, Grant::Type],
        };
        office
            .kernel
            .call::<_, Nothing>(methods::AUTHORISE, &node)?;
        let opened = runtime.block_on(async {
            let listen = "127.0.0.1:0".parse().expect("an address");
            Node::open(identity, listen, Counters::default())
        });
        let (node, _) = opened.map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self { runtime, node })
    }

    /// Links, and has heard what the office reads of this node.
    fn link(&self, office: &TestNode) -> Result<(Connection, control::Mouth), Failure> {
        let leads = [Lead::known(office.address())];
        let (teller, mut told) = mpsc::channel(news::QUEUE);
        self.runtime.block_on(async {
            let connection = dial::call(&self.node, None, LINK, &leads).await;
            let connection = connection.map_err(|fault| Failure::new(fault.told))?;
            let talk = control::Talk {
                key: self.node.identity.fingerprint,
                id: LinkId(1),
                connection: connection.clone(),
                opener: Opener::Here,
                hello: Hello {
                    grants: vec!["view".to_owned(), "type".to_owned()],
                    ..Hello::default()
                },
                teller,
            };
            let (mouth, says) = control::mouth();
            tokio::spawn(control::talk(talk, says));
            while let Some(news) = told.recv().await {
                if matches!(news, News::Said(..)) {
                    break;
                }
            }
            // What else it hears is nothing to it, and keeps nobody waiting.
            tokio::spawn(async move { while told.recv().await.is_some() {} });
            Ok((connection, mouth))
        })
    }

    /// Links, says it once the office listens, and tells how that ended.
    fn says(&self, office: &mut TestNode, what: &Lie) -> Result<String, Failure> {
        let (connection, _mouth) = self.link(office)?;
        let ended = self.runtime.block_on(async {
            what.tell(&connection).await;
            timeout(PATIENCE, connection.closed()).await
        });
        office.kernel.ping()?;
        match ended {
            Ok(ConnectionError::ApplicationClosed(close))
                if close.error_code == NONSENSE.into() =>
            {
                Ok(String::from_utf8_lossy(&close.reason).into_owned())
            }
            other => Err(Failure::new(format!("it was not refused: {other:?}"))),
        }
    }
}

enum Lie {
    Datagram(Vec<u8>),
    Stream(Vec<Vec<u8>>),
}

impl Lie {
    async fn tell(&self, connection: &Connection) {
        match self {
            Self::Datagram(bytes) => connection
                .send_datagram(bytes.clone().into())
                .expect("a datagram"),
            Self::Stream(parts) => {
                let mut stream = connection.open_uni().await.expect("a stream");
                // It is refused before all of it is said.
                let _ = stream.write_all(&parts.concat()).await;
                let _ = stream.finish();
            }
        }
    }
}

fn event(from: &str, topic: &str, body: &[u8]) -> Vec<u8> {
    let event = Event {
        from,
        generation: Generation(1),
        to: vec!["hid"],
        topic,
        body,
    };
    event.encode()
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    encode_frame(bytes, LONG).expect("a frame")
}

fn picture(payload: &[u8]) -> Lie {
    of_topic(topics::VIDEO_H264, "H264", payload)
}

fn jpeg(format: &str, bytes: &[u8]) -> Lie {
    of_topic(topics::VIDEO_JPEG, format, &frame(bytes))
}

fn of_topic(topic: &str, format: &str, payload: &[u8]) -> Lie {
    let info = FrameInfo {
        width: 640,
        height: 480,
        format: format.to_owned(),
        unit: Some(AccessUnit {
            number: 1,
            key: true,
        }),
        ..FrameInfo::default()
    };
    let event = event("h264", topic, &encode_body(&info));
    Lie::Stream(vec![
        frame(&encode_body(&Lane::Picture)),
        frame(&event),
        payload.to_vec(),
    ])
}

#[test]
fn each_lie_costs_the_link_and_is_told_in_a_sentence() -> Result<(), Failure> {
    let mut office = TestNode::start("office")?;
    let liar = Liar::of(&mut office)?;
    for topic in [topics::VIDEO_H264, topics::VIDEO_JPEG] {
        office.kernel.demand_from(topic, "liar/h264", 1)?;
    }
    let many: Vec<&str> = vec!["hid"; 9];
    let for_many = Event {
        from: "input",
        generation: Generation(1),
        to: many,
        topic: topics::INPUT,
        body: b"\x80",
    };
    let state = frame(&encode_body(&Lane::State));
    let lies = [
        (Lie::Datagram(b"\xc1\xff".to_vec()), "cannot be read"),
        (
            Lie::Datagram(event("attic/input", topics::INPUT, b"\x80")),
            "attic/input",
        ),
        (
            Lie::Datagram(event("h264", topics::VIDEO_H264, b"\x80")),
            "a lane that is not its own",
        ),
        (Lie::Datagram(for_many.encode()), "for 9 devices"),
        (
            Lie::Stream(vec![state, u32::MAX.to_le_bytes().to_vec()]),
            "4294967295 bytes",
        ),
        (
            Lie::Stream(vec![
                frame(&encode_body(&Lane::Input)),
                frame(&event("input", topics::INPUT, &[0x80; 40_000])),
            ]),
            "input.hid of 40",
        ),
        (picture(&u32::MAX.to_le_bytes()), "4294967295 bytes"),
        (picture(&frame(b"GIF89a")), "no access unit"),
        (jpeg("MJPG", b"GIF89a"), "no JPEG"),
        (jpeg("H264", &[0xff, 0xd8]), "its format is \"H264\""),
    ];
    for (lie, sentence) in &lies {
        let told = liar.says(&mut office, lie)?;
        assert!(told.contains(sentence), "{told:?} has no {sentence:?}");
    }
    let quiet = Duration::from_millis(100);
    for topic in [topics::INPUT, topics::VIDEO_H264, topics::VIDEO_JPEG] {
        assert_eq!(office.kernel.within(quiet, topic)?, None);
    }
    let state = office.get()?;
    assert_ne!(state.peers[0].link, LinkState::Refused);
    Ok(())
}

#[test]
fn a_flood_of_sentences_and_of_names_is_one_sentence_and_no_name() -> Result<(), Failure> {
    let mut office = TestNode::start("office")?;
    let liar = Liar::of(&mut office)?;
    office
        .kernel
        .demand_from(topics::VIDEO_H264, "liar/h264", 1)?;
    let (_connection, mouth) = liar.link(&office)?;
    liar.runtime.block_on(async {
        for n in 0..40 {
            let told = format!("sentence {n}");
            let names = (0..32).map(|device| Watched {
                topic: topics::VIDEO_H264.to_owned(),
                from: format!("d{n}-{device}"),
            });
            mouth.asks.send_replace(names.collect());
            // A full queue is as good a flood.
            let _ = mouth.notes.try_send(Control::Refused { told });
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    });
    let told = |state: &PeerState| {
        let told = state.peers.first().and_then(|peer| peer.detail.clone());
        told.unwrap_or_default()
    };
    let state = office.until(|state| told(state).starts_with("it says"))?;
    assert_eq!(told(&state), "it says: sentence 0");
    let quiet = Duration::from_millis(300);
    while let Some(event) = office.kernel.within(quiet, topics::PEER_STATE)? {
        let told = told(&event.decode()?);
        assert!(!told.contains("sentence") || told.ends_with(" 0"), "{told}");
    }
    let want: Want = office.kernel.expect(topics::WANT)?;
    assert_eq!((want.want, want.from), (true, None));
    assert_eq!(office.kernel.within(quiet, topics::WANT)?, None);
    Ok(())
}
