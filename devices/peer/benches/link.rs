//! What the link costs, without a lab: two real devices with fake kernels on the loopback interface.
//!
//! `cargo bench -p dkvm-peer --profile lab` prints input one way (kernel to kernel, so with both pipes), idle and beside pictures;
//! processor time and bytes of it; how old a moving picture is over a narrow way; and the memory of a node that is linked with sixteen others. Figures, no verdicts.
#![allow(missing_docs, clippy::expect_used)]

#[allow(dead_code)]
#[path = "../tests/peer/node.rs"]
mod node;
mod way;

use dkvm_testkit::{Failure, FakeKernel};
use dkvm_wire::{
    decode_body, encode_body,
    service::Nothing,
    topics,
    vocab::{
        input::{InputAck, InputState, Step},
        peer::{Grant, LinkState},
        video::{AccessUnit, FrameInfo, LinkLoad},
    },
};
use node::TestNode;
use std::{
    cell::Cell,
    fs,
    rc::Rc,
    time::{Duration, Instant},
};

const EVENTS: u32 = 3000;
/// As a fast mouse.
const PACE: Duration = Duration::from_millis(1);
/// As somebody who types fast: later than an acknowledgement of QUIC's own waits for a packet to go with.
const TYPED: Duration = Duration::from_millis(40);
const PEERS: usize = 16;
const PICTURE_EVERY: Duration = Duration::from_millis(16);
/// 100 kB sixty times a second: 48 Mbit/s.
const PICTURE: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Failure> {
    let names = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'));
    let names: Vec<_> = names.collect();
    let asked = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
    if asked("input") {
        input("idle", None, EVENTS, PACE)?;
    }
    if asked("typed") {
        input("as typed", None, EVENTS / 10, TYPED)?;
    }
    if asked("pictures") {
        input("beside pictures", Some(PICTURE), EVENTS, PACE)?;
    }
    if asked("stream") {
        for way in way::ALL.into_iter().chain([way::NARROW]) {
            stream(way, None)?;
            stream(way, Some(PICTURE / 3))?;
        }
    }
    if asked("narrow") {
        narrow(Obeys::Nothing)?;
        narrow(Obeys::Link)?;
    }
    if asked("memory") {
        memory()?;
    }
    Ok(())
}

fn state(n: u32) -> InputState {
    InputState {
        holder: 0x1f_ffff_ffff_ffff,
        focus: 7,
        seq: n,
        first: n,
        steps: vec![Step::Key {
            usage: 4,
            down: n.is_multiple_of(2),
        }],
        keys: vec![4],
        ..InputState::default()
    }
}

fn ack(n: u32) -> InputAck {
    InputAck {
        holder: 0x1f_ffff_ffff_ffff,
        seq: n,
        steps: n,
        focus: 7,
        lost: 0,
    }
}

/// So many, each acknowledged, one after the other; the pictures go the way of the acknowledgements.
fn input(title: &str, picture: Option<usize>, events: u32, pace: Duration) -> Result<(), Failure> {
    let (mut desk, mut office) = node::linked(&[Grant::View, Grant::Type])?;
    office
        .kernel
        .answer("h264/video.key_frame", |_| Ok(encode_body(&Nothing {})));
    desk.kernel.demand_from(topics::INPUT_ACK, "*/hid", 1)?;
    desk.kernel.demand_from(topics::VIDEO_H264, "*/h264", 1)?;
    for _ in 0..200 {
        turn(&mut desk, &mut office, 0, PACE)?;
    }
    let begun = Instant::now();
    let (cpu, wire) = (cpu(&desk) + cpu(&office), loopback());
    let mut film = picture.map(Film::new);
    let (mut there, mut back, mut lost) = (Vec::new(), Vec::new(), 0);
    for n in 1..=events {
        if let Some(film) = &mut film {
            film.roll(&mut desk, &mut office)?;
        }
        match turn(&mut desk, &mut office, n, PATIENCE)? {
            Some((one, both)) => {
                there.push(one);
                back.push(both);
            }
            None => lost += 1,
        }
        std::thread::sleep(pace);
    }
    let took = begun.elapsed().as_secs_f64();
    let cpu = self::cpu(&desk) + self::cpu(&office) - cpu;
    println!("input, {title}: {events} in {took:.1} s, {lost} lost");
    println!("  there          {}", told(&mut there));
    println!("  and back       {}", told(&mut back));
    println!(
        "  processor      {:.0} ms for 1000, both ends",
        cpu * 1e6 / f64::from(events)
    );
    if let Some(film) = film {
        println!("  pictures       {} shown of {}", film.shown, film.made);
    } else {
        let bytes = (loopback() - wire) / f64::from(events);
        println!("  on the wire    {bytes:.0} bytes for one and its acknowledgement, with all headers and QUIC's own");
    }
    Ok(())
}

/// Events one after the other, whether or not those before have arrived: how old each news is, and how long there was none.
fn stream(way: way::Way, picture: Option<usize>) -> Result<(), Failure> {
    let (mut desk, mut office) = (TestNode::start("desk")?, TestNode::start("office")?);
    office.authorise(&mut desk, &[Grant::View, Grant::Type], "")?;
    let address = way::lay(office.port(), way)?;
    desk.authorise(&mut office, &[], &address)?;
    desk.until_link("office", LinkState::Up)?;
    office.until_link("desk", LinkState::Up)?;
    office
        .kernel
        .answer("h264/video.key_frame", |_| Ok(encode_body(&Nothing {})));
    desk.kernel.demand_from(topics::VIDEO_H264, "*/h264", 1)?;
    let mut film = picture.map(Film::new);
    let (mut sent, mut ages, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = Instant::now();
    for n in 0..1500 {
        sent.push(Instant::now());
        desk.kernel
            .emit_to("input", topics::INPUT, &state(n), &["office/hid"])?;
        if let Some(film) = &mut film {
            film.roll(&mut desk, &mut office)?;
        }
        let until = Instant::now() + PACE * 10;
        while let Some(event) = office.kernel.within(
            until.saturating_duration_since(Instant::now()),
            topics::INPUT,
        )? {
            let seq = event.decode::<InputState>()?.seq;
            let at = sent.get(seq as usize).copied().unwrap_or_else(Instant::now);
            ages.push(at.elapsed());
            gaps.push(last.elapsed());
            last = Instant::now();
        }
    }
    let beside = picture.map_or("alone", |_| "beside pictures");
    println!("stream {beside}, {way:?}");
    println!("  arrived        {} of {}", ages.len(), sent.len());
    println!("  age            {}", told(&mut ages));
    println!("  silence        {}", told(&mut gaps));
    if let Some(film) = film {
        println!("  pictures       {} shown of {}", film.shown, film.made);
    }
    Ok(())
}

/// What an encoder does about what it is told of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obeys {
    Nothing,
    Link,
}

/// A picture that moves, 20 kB thirty times a second where nothing else is told, over 2 Mbit/s: how old what is seen is.
fn narrow(obeys: Obeys) -> Result<(), Failure> {
    let (mut desk, mut office) = node::linked_by(&[Grant::View], |office| {
        way::lay(office.port(), way::NARROW).expect("a way")
    })?;
    let (told, asked) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(false)));
    let (note, key) = (told.clone(), asked.clone());
    office.kernel.answer("h264/h264.link", move |body| {
        let load: LinkLoad = decode_body("h264.link", body).expect("a load");
        note.set(load.slowest);
        Ok(encode_body(&Nothing {}))
    });
    office.kernel.answer("h264/video.key_frame", move |_| {
        key.set(true);
        Ok(encode_body(&Nothing {}))
    });
    desk.kernel.demand_from(topics::VIDEO_H264, "*/h264", 1)?;
    let (begun, mut sent, mut ages) = (Instant::now(), Vec::new(), Vec::new());
    while sent.len() < 450 {
        // 85 % of what it carries, at thirty frames a second.
        let length = told
            .get()
            .filter(|_| obeys == Obeys::Link)
            .map_or(20_000, |bytes| bytes as usize * 85 / 3000);
        let bytes = [&[0, 0, 0, 1], &vec![7; length][..]].concat();
        let info = unit(sent.len() as u64, asked.replace(false));
        sent.push(Instant::now());
        let lease = office.kernel.lend(&bytes)?;
        office
            .kernel
            .emit_with("h264", topics::VIDEO_H264, &info, &[lease])?;
        let due = begun + Duration::from_millis(33) * u32::try_from(sent.len()).unwrap_or_default();
        office.kernel.within(PACE, "nothing")?;
        while let Some(event) = desk.kernel.within(
            due.saturating_duration_since(Instant::now()),
            topics::VIDEO_H264,
        )? {
            let number = event
                .decode::<FrameInfo>()?
                .unit
                .map_or(0, |unit| unit.number);
            let at = sent.get(number as usize).copied();
            ages.push(at.map_or(Duration::ZERO, |at| at.elapsed()));
            desk.kernel.give_back(&event.leases[0])?;
        }
    }
    println!("a moving picture over {:?}, obeys {obeys:?}", way::NARROW);
    println!("  pictures       {} shown of {}", ages.len(), sent.len());
    println!("  age            {}", self::told(&mut ages));
    Ok(())
}

fn unit(number: u64, key: bool) -> FrameInfo {
    FrameInfo {
        width: 1920,
        height: 1080,
        format: "H264".to_owned(),
        unit: Some(AccessUnit { number, key }),
        ..FrameInfo::default()
    }
}

type Turn = Option<(Duration, Duration)>;

fn turn(
    desk: &mut TestNode,
    office: &mut TestNode,
    n: u32,
    patience: Duration,
) -> Result<Turn, Failure> {
    let begun = Instant::now();
    desk.kernel
        .emit_to("input", topics::INPUT, &state(n), &["office/hid"])?;
    // Those of the warm-up that were late are not taken for it.
    loop {
        let Some(event) = office.kernel.within(patience, topics::INPUT)? else {
            return Ok(None);
        };
        if event.decode::<InputState>()?.seq == n {
            break;
        }
    }
    let there = begun.elapsed();
    office.kernel.emit("hid", topics::INPUT_ACK, &ack(n))?;
    loop {
        let Some(event) = desk.kernel.within(patience, topics::INPUT_ACK)? else {
            return Ok(None);
        };
        if event.decode::<InputAck>()?.seq == n {
            return Ok(Some((there, begun.elapsed())));
        }
    }
}

struct Film {
    bytes: Vec<u8>,
    due: Instant,
    made: u64,
    shown: u64,
}

impl Film {
    fn new(length: usize) -> Self {
        Self {
            bytes: [&[0, 0, 0, 1], &vec![7; length][..]].concat(),
            due: Instant::now(),
            made: 0,
            shown: 0,
        }
    }

    fn roll(&mut self, desk: &mut TestNode, office: &mut TestNode) -> Result<(), Failure> {
        while let Some(event) = desk.kernel.within(Duration::ZERO, topics::VIDEO_H264)? {
            self.shown += 1;
            for lease in &event.leases {
                desk.kernel.give_back(lease)?;
            }
        }
        if Instant::now() < self.due {
            return Ok(());
        }
        self.due += PICTURE_EVERY;
        let number = self.made;
        self.made += 1;
        let info = unit(number, number.is_multiple_of(60));
        let Ok(lease) = office.kernel.lend(&self.bytes) else {
            return Ok(());
        };
        office
            .kernel
            .emit_with("h264", topics::VIDEO_H264, &info, &[lease])
    }
}

fn memory() -> Result<(), Failure> {
    let mut desk = TestNode::start("desk")?;
    println!("memory, alone: {} KiB of its own", own(&desk.kernel));
    let names: Vec<&'static str> = (0..PEERS)
        .map(|n| &*Box::leak(format!("pi{n}").into_boxed_str()))
        .collect();
    let mut all = Vec::new();
    for name in names {
        let mut pi = TestNode::start(name)?;
        pi.authorise(&mut desk, &[Grant::View, Grant::Type], "")?;
        let address = pi.address();
        desk.authorise(&mut pi, &[], &address)?;
        desk.until_link(name, LinkState::Up)?;
        all.push(pi);
    }
    println!("memory, {PEERS} linked: {} KiB", own(&desk.kernel));
    desk.kernel.demand_from(topics::INPUT_ACK, "*/hid", 1)?;
    for n in 1..=EVENTS {
        for pi in &mut all {
            desk.kernel.emit_to(
                "input",
                topics::INPUT,
                &state(n),
                &[&format!("{}/hid", pi.name)],
            )?;
            pi.kernel
                .within(Duration::from_millis(100), topics::INPUT)?;
        }
        if n > 200 {
            break;
        }
    }
    println!("memory, {PEERS} worked: {} KiB", own(&desk.kernel));
    Ok(())
}

fn told(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| {
        let place = (times.len() * part / 1000).min(times.len().saturating_sub(1));
        times.get(place).map_or(0, Duration::as_micros)
    };
    format!(
        "median {} µs, p99 {} µs, longest {} µs",
        at(500),
        at(990),
        at(1000)
    )
}

/// Seconds.
fn cpu(node: &TestNode) -> f64 {
    let pid = node.kernel.pid().expect("a process");
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("its times");
    let ns: f64 = text
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse().ok())
        .expect("a number");
    ns / 1e9
}

fn own(kernel: &FakeKernel) -> u64 {
    let pid = kernel.pid().expect("a process");
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("its memory");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss_Anon:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("a number")
}

/// Bytes that the loopback interface has carried.
fn loopback() -> f64 {
    let text = fs::read_to_string("/proc/net/dev").expect("the interfaces");
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("lo:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("a number")
}
