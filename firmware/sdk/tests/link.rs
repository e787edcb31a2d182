//! A device written with the SDK, against the fake kernel, over real pipes.

use dkvm_sdk::{
    main_over, wire::QueueClass, CallError, Exit, ExitCode, FramePool, FrameReader, Identity,
    Incoming, Link, LinkError, PoolRequest, WireError,
};
use dkvm_testkit::{Event, Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{service::Want, topics, ErrorCode, Generation, Source};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{future::Future, time::Duration};
use thiserror::Error;

const IDENTITY: Identity = Identity {
    consumes: &["say"],
    produces: &[("said", QueueClass::Stream)],
    ..Identity::new("echo", "1.0")
};

#[derive(Debug, Error)]
#[error(transparent)]
enum Error {
    Link(#[from] LinkError),
    Send(#[from] dkvm_sdk::SendError),
    Config(#[from] dkvm_sdk::ConfigError),
    Call(#[from] dkvm_sdk::CallError),
    Pool(#[from] dkvm_sdk::PoolError),
    Decode(#[from] dkvm_wire::DecodeError),
}

impl Exit for Error {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Link(error) => error.exit_code(),
            Self::Config(error) => error.exit_code(),
            _ => ExitCode::Internal,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Config {
    #[serde(default)]
    prefix: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Text {
    text: String,
}

fn text(text: &str) -> Text {
    Text {
        text: text.to_owned(),
    }
}

fn device<F, Fut>(setup: Setup, run: F) -> Result<FakeKernel, Failure>
where
    F: FnOnce(Link) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Error>>,
{
    FakeKernel::start(
        Launch::in_process(|input, output| main_over(input, output, IDENTITY, run)),
        setup,
    )
}

async fn echo(mut link: Link) -> Result<(), Error> {
    let config: Config = link.config()?;
    let sender = link.sender();
    link.ready()?;
    loop {
        match link.next().await? {
            Incoming::Event { body, source, .. } if source.name != "kernel" => {
                let said: Text = body.decode("say")?;
                sender.emit("said", &text(&format!("{}{}", config.prefix, said.text)))?;
            }
            Incoming::Request(request) if request.method() == "shout" => {
                let said = request
                    .decode::<Text>()
                    .map(|said| text(&said.text.to_uppercase()));
                request.answer_with(said)?;
            }
            Incoming::Request(request) if request.method() == "forget" => drop(request),
            Incoming::Request(request) => request.unknown()?,
            Incoming::Demand { topic, readers, .. } => {
                sender.emit("demanded", &(topic, readers))?
            }
            Incoming::Dropped { topic, count } => sender.emit("lost", &(topic, count))?,
            Incoming::SourceGone { source, generation } => {
                sender.emit("gone", &(source, generation))?
            }
            Incoming::Goodbye { .. } => return Ok(()),
            _ => {}
        }
    }
}

#[test]
fn an_event_goes_in_and_another_out() -> Result<(), Failure> {
    let setup = Setup::new("echo").config(json!({ "prefix": "> " }));
    let mut kernel = device(setup, echo)?;
    assert_eq!(kernel.ready()?.degraded, None);
    kernel.emit("web", "say", &text("hi"))?;
    assert_eq!(kernel.expect::<Text>("said")?, text("> hi"));
    kernel.goodbye()
}

#[test]
fn requests_are_answered_or_refused_and_never_forgotten() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("echo"), echo)?;
    assert_eq!(kernel.call::<_, Text>("shout", &text("hi"))?, text("HI"));
    assert_eq!(
        kernel.refused("shout", &json!({}))?.code,
        ErrorCode::BadRequest
    );
    assert_eq!(
        kernel.refused("no.such", &json!({}))?.code,
        ErrorCode::UnknownMethod
    );
    assert_eq!(
        kernel.refused("forget", &json!({}))?.code,
        ErrorCode::Internal
    );
    kernel.ping()?;
    kernel.goodbye()
}

#[test]
fn the_kernels_own_events_come_as_what_they_are() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("echo"), echo)?;
    kernel.demand("said", 2)?;
    assert_eq!(
        kernel.expect::<(String, u32)>("demanded")?,
        ("said".to_owned(), 2)
    );
    kernel.dropped("say", 7)?;
    assert_eq!(
        kernel.expect::<(String, u64)>("lost")?,
        ("say".to_owned(), 7)
    );
    kernel.source_gone("web", 3)?;
    assert_eq!(
        kernel.expect::<(String, u32)>("gone")?,
        ("web".to_owned(), 3)
    );
    kernel.goodbye()
}

#[test]
fn a_topic_of_the_kernels_from_a_device_is_only_an_event() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("echo"), |mut link: Link| async move {
        let Incoming::Event { topic, source, .. } = link.next().await? else {
            return Ok(());
        };
        link.sender().emit("heard", &(topic, source.name))?;
        Ok(())
    })?;
    kernel.emit(
        "thief",
        topics::GOODBYE,
        &json!({ "reason": "go", "deadline_ms": 1 }),
    )?;
    let heard: (String, String) = kernel.expect("heard")?;
    assert_eq!(heard, (topics::GOODBYE.to_owned(), "thief".to_owned()));
    kernel.expect_end(0)
}

#[test]
fn a_kernel_that_is_gone_is_a_goodbye() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("echo"), echo)?;
    kernel.ready()?;
    kernel.hang_up();
    kernel.expect_end(0)
}

#[test]
fn a_kernel_that_breaks_the_protocol_is_code_76() -> Result<(), Failure> {
    for frame in [&b"\xc1"[..], b"\x93\x07\x01\x02", b"hello"] {
        let mut kernel = device(Setup::new("echo"), echo)?;
        kernel.send_frame(frame)?;
        kernel.expect_end(ExitCode::Protocol.code())?;
    }
    let mut kernel = device(Setup::new("echo"), echo)?;
    kernel.send_raw(&u32::MAX.to_le_bytes())?;
    kernel.expect_end(ExitCode::Protocol.code())
}

#[test]
fn a_wrong_configuration_is_code_78() -> Result<(), Failure> {
    let setup = Setup::new("echo").config(json!({ "prefx": "> " }));
    device(setup, echo)?.expect_end(ExitCode::BadConfig.code())
}

async fn caller(mut link: Link) -> Result<(), Error> {
    let sender = link.sender();
    let answer: Text = sender.call("kernel.echo", &text("q")).await?;
    sender.emit("answer", &answer)?;
    let refused = sender.call::<_, Text>("no.such", &text("q")).await;
    sender.emit("refusal", &refused.err().map(CallError::into_wire))?;
    let late = sender.call_within::<_, Text>(Duration::ZERO, "kernel.slow", &text("q"));
    sender.emit("late", &late.await.err().map(CallError::into_wire))?;
    while !matches!(link.next().await?, Incoming::Goodbye { .. }) {}
    Ok(())
}

#[test]
fn calls_get_their_answers_though_nobody_is_in_next() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("caller"), caller)?;
    kernel.answer("kernel.echo", |body| Ok(body.to_vec()));
    kernel.leave_unanswered("kernel.slow");
    assert_eq!(kernel.expect::<Text>("answer")?, text("q"));
    assert_eq!(
        kernel.expect::<WireError>("refusal")?.code,
        ErrorCode::UnknownMethod
    );
    assert_eq!(kernel.expect::<WireError>("late")?.code, ErrorCode::Timeout);
    kernel.goodbye()
}

const POOL: PoolRequest = PoolRequest {
    slot_size: 10_000,
    slots: 4,
    window: 2,
};

async fn producer(mut link: Link) -> Result<(), Error> {
    let pool = FramePool::open(&link, POOL).await?;
    let sender = link.sender();
    link.ready()?;
    loop {
        match link.next().await? {
            Incoming::Event { body, .. } => match pool.take() {
                None => sender.emit("full", &())?,
                Some(mut slot) => {
                    let said: Text = body.decode("say")?;
                    slot.bytes_mut()[..said.text.len()].copy_from_slice(said.text.as_bytes());
                    pool.publish("frame", &said, slot, said.text.len())?;
                }
            },
            Incoming::Goodbye { .. } => return Ok(()),
            _ => {}
        }
    }
}

#[test]
fn frames_go_out_and_slots_come_back() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("producer"), producer)?;
    kernel.ready()?;
    for number in 0..20 {
        let said = text(&format!("frame {number}"));
        kernel.emit("web", "say", &said)?;
        let frame = kernel.expect_frame::<Text>("frame")?;
        assert_eq!(frame.bytes, said.text.as_bytes());
        assert_eq!(frame.info, said);
    }
    kernel.goodbye()
}

#[test]
fn a_producer_whose_readers_hold_all_slots_is_told_so() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("producer"), producer)?;
    kernel.ready()?;
    let mut held: Vec<Event> = Vec::new();
    for _ in 0..POOL.slots {
        kernel.emit("web", "say", &text("x"))?;
        held.push(kernel.expect_event("frame")?);
    }
    kernel.emit("web", "say", &text("x"))?;
    kernel.expect_event("full")?;
    kernel.give_back(&held[0].leases[0])?;
    kernel.emit("web", "say", &text("y"))?;
    let last = kernel.expect_event("frame")?;
    assert_eq!(last.leases[0].slot, held[0].leases[0].slot);
    assert_eq!(kernel.read(&last.leases[0])?, b"y");
    kernel.goodbye()
}

async fn reader(mut link: Link) -> Result<(), Error> {
    let (sender, frames) = (link.sender(), FrameReader::new(&link));
    sender.want("frame")?;
    loop {
        match link.next().await? {
            Incoming::Event { leases, body, .. } => {
                let view = frames.view(&leases[0]);
                let length = view.as_ref().map_or(usize::MAX, |view| {
                    view.iter().map(|b| usize::from(*b)).sum()
                });
                sender.emit("sum", &length)?;
                let passed: Vec<_> = leases.iter().map(dkvm_sdk::Lease::reference).collect();
                sender.emit_raw("passed", &body, &passed)?;
            }
            Incoming::Goodbye { .. } => return Ok(()),
            _ => {}
        }
    }
}

#[test]
fn a_reader_sees_the_bytes_passes_them_on_and_gives_the_lease_back() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("reader"), reader)?;
    kernel.expect_want("frame", true)?;
    for round in 1..20u8 {
        let lease = kernel.lend(&[round; 5000])?;
        kernel.emit_with("capture", "frame", &text("x"), &[lease])?;
        assert_eq!(kernel.expect::<usize>("sum")?, usize::from(round) * 5000);
        assert_eq!(kernel.expect_event("passed")?.leases, [lease]);
        kernel.expect_release(&lease)?;
    }
    assert_eq!(kernel.lent(), 0);
    kernel.goodbye()
}

#[test]
fn a_lease_that_leads_nowhere_is_no_frame() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("reader"), reader)?;
    let mut lease = kernel.lend(b"x")?;
    lease.length = u32::MAX;
    kernel.emit_with("capture", "frame", &text("x"), &[lease])?;
    assert_eq!(kernel.expect::<usize>("sum")?, usize::MAX);
    kernel.expect_release(&lease)?;
    kernel.goodbye()
}

#[test]
fn a_device_without_tokio_works_on_any_executor() -> Result<(), Failure> {
    let launch = Launch::in_process(|input, output| {
        let link = dkvm_sdk::connect_over(input, output, IDENTITY);
        link.map_or(-1, |link| dkvm_sdk::finish(dkvm_sdk::block_on(echo(link))))
    });
    let mut kernel = FakeKernel::start(launch, Setup::new("echo"))?;
    kernel.ready()?;
    kernel.emit("web", "say", &text("hi"))?;
    assert_eq!(kernel.expect::<Text>("said")?, text("hi"));
    kernel.ping()?;
    kernel.goodbye()
}

/// What a gateway says and hears: it sends back what came for another node as that node's, and who wanted it.
async fn gateway(mut link: Link) -> Result<(), Error> {
    let sender = link.sender();
    sender.want_from("frame", "office/capture")?;
    loop {
        match link.next().await? {
            Incoming::Event {
                topic, body, to, ..
            } => {
                let name = to.first().map_or("nobody", String::as_str);
                let generation = Generation(4);
                let source = Source { name, generation };
                sender.forward(source, &topic, &body, &[], &["input"])?;
            }
            Incoming::Demand {
                topic,
                readers,
                from,
            } => sender.emit_to("demanded", &(topic, readers, from), &["web", "office/hid"])?,
            Incoming::Goodbye { .. } => return Ok(()),
            _ => {}
        }
    }
}

#[test]
fn a_gateway_hears_for_whom_and_says_from_whom() -> Result<(), Failure> {
    let mut kernel = device(Setup::new("peer"), gateway)?;
    let want: Want = kernel.expect("want")?;
    assert_eq!(want.from.as_deref(), Some("office/capture"));
    kernel.emit_to("input", "input.hid", &text("x"), &["office/hid", "lab/hid"])?;
    let event = kernel.expect_event("input.hid")?;
    assert_eq!(event.source, Some(("office/hid".to_owned(), Generation(4))));
    assert_eq!(event.to, ["input"]);
    assert_eq!(event.decode::<Text>()?, text("x"));
    kernel.demand_from("hid.state", "*/hid", 2)?;
    let event = kernel.expect_event("demanded")?;
    assert_eq!(event.to, ["web", "office/hid"]);
    let told: (String, u32, Option<String>) = event.decode()?;
    let from = Some("*/hid".to_owned());
    assert_eq!(told, ("hid.state".to_owned(), 2, from));
    kernel.emit("office/capture", "frame", &text("x"))?;
    let event = kernel.expect_event("frame")?;
    assert_eq!(
        event.source.map(|(name, _)| name).as_deref(),
        Some("nobody")
    );
    kernel.goodbye()
}
