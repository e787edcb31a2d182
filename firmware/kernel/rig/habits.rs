//! Bad habits, one per run.

use crate::wire::{emit, raw, ready, Wire};
use dkvm_wire::{Preamble, Produce, QueueClass};
use std::process::{Command, Stdio};

pub fn run(habit: &str) {
    match habit {
        "silent" => sleep(),
        "prints" => println!("Hello! I am an ordinary program, and print what I like."),
        "garbage" => raw(&[
            Preamble::BYTES.as_slice(),
            &4u32.to_le_bytes(),
            b"\xc1\xc1\xc1\xc1",
        ]
        .concat()),
        "oversize" => raw(&[Preamble::BYTES.as_slice(), &u32::MAX.to_le_bytes()].concat()),
        "exit-78" => complain("the key `depht` is not known", 78),
        "exit-69" => complain("there is no /dev/nothing", 69),
        "exit-70" => complain("something broke", 70),
        "unready" => drop(Wire::open(Vec::new(), Vec::new())),
        "never-reads" => deaf(),
        "floods" => flood(),
        "ignores-goodbye" => return stubborn(),
        "forks" => return parent(),
        "chatters" => return chatter(),
        other => complain(&format!("no habit {other:?}"), 64),
    }
    sleep()
}

fn sleep() -> ! {
    loop {
        std::thread::park();
    }
}

fn complain(text: &str, code: i32) {
    eprintln!("<error> {text}");
    std::process::exit(code);
}

fn deaf() {
    let _wire = Wire::open(vec!["*".into()], Vec::new());
    ready();
    sleep();
}

fn flood() {
    let stream = Produce {
        topic: "flood".into(),
        class: QueueClass::Stream,
    };
    let _wire = Wire::open(Vec::new(), vec![stream]);
    ready();
    loop {
        emit("flood", b"\x80");
    }
}

/// Answers nothing that it is told to end by.
fn stubborn() {
    let mut wire = Wire::open(Vec::new(), Vec::new());
    ready();
    let script = "trap '' TERM; while :; do sleep 1; done";
    let mut child = Command::new("/bin/sh")
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell");
    while let Some(frame) = wire.next() {
        if let Ok(dkvm_wire::Message::Request { id, .. }) = dkvm_wire::decode(&frame) {
            crate::wire::send(&dkvm_wire::Message::Response {
                id,
                result: Ok(b"\x80"),
            });
        }
    }
    let _ = child.wait();
}

/// Leaves children in its group and in a session of their own. That nobody waits for them is the point.
#[allow(clippy::zombie_processes)]
fn parent() {
    let _wire = Wire::open(Vec::new(), Vec::new());
    for program in [
        &["sleep", "4711"][..],
        &["setsid", "-f", "sleep", "4712"][..],
    ] {
        Command::new(program[0])
            .args(&program[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("it runs");
    }
    ready();
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::process::exit(0);
}

fn chatter() {
    for n in 0..5000 {
        eprintln!("<warn> chatter {n}");
    }
    let mut wire = Wire::open(Vec::new(), Vec::new());
    ready();
    while let Some(frame) = wire.next() {
        if let Ok(dkvm_wire::Message::Request { id, .. }) = dkvm_wire::decode(&frame) {
            crate::wire::send(&dkvm_wire::Message::Response {
                id,
                result: Ok(b"\x80"),
            });
        }
    }
}
