//! The deeds.

use crate::{
    peer::{write, Heard, Peer},
    Arguments, Config, Habit,
};
use dkvm_wire::{
    decode_body, encode_body,
    service::{Release, Want},
    topics, ErrorCode, ExitCode, LeaseId, LeaseRef, Message, PoolId, SlotIndex, Welcome, WireError,
};
use std::{
    io,
    os::unix::process::CommandExt,
    process::{abort, Command},
    thread,
    time::Duration,
};

const DEFAULT_TOPIC: &str = "misbehave.topic";
const FOREVER: Duration = Duration::from_secs(3600);
/// Leases that a thief tries: those that a kernel gives out first.
const STOLEN: std::ops::RangeInclusive<u64> = 1..=64;
/// Children that it leaves.
const CHILDREN: usize = 3;

/// A life from its beginning to its exit code.
pub fn live(arguments: Arguments) -> i32 {
    match arguments.habit {
        Some(Habit::Silent) => sleep_forever(),
        Some(Habit::Garbage) => babble(),
        Some(Habit::ExitAtOnce) => arguments.code.unwrap_or_default(),
        Some(Habit::IgnoreGoodbye) if !arguments.stubborn => become_stubborn(),
        _ => shake_hands(arguments),
    }
}

fn shake_hands(arguments: Arguments) -> i32 {
    let topic = arguments
        .topic
        .clone()
        .unwrap_or_else(|| DEFAULT_TOPIC.to_owned());
    let Some((peer, welcome)) = Peer::connect(&topic) else {
        eprintln!("<error> the kernel refused this device");
        return ExitCode::Protocol.code();
    };
    let arguments = match configured(&welcome) {
        Ok(config) => arguments.filled_from(config),
        Err(error) => {
            eprintln!(
                "<error> the configuration of {} is wrong: {error}",
                welcome.device_id
            );
            return ExitCode::BadConfig.code();
        }
    };
    let topic = arguments.topic.clone().unwrap_or(topic);
    // A kernel that has ended it already reads nothing more.
    Life {
        peer,
        topic,
        arguments,
    }
    .run()
    .unwrap_or_default()
}

fn configured(welcome: &Welcome) -> Result<Config, String> {
    decode_body("the configuration", &welcome.config).map_err(|error| error.to_string())
}

struct Life {
    peer: Peer,
    topic: String,
    arguments: Arguments,
}

/// How it deals with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manners {
    Good,
    NoPong,
    NoEnd,
    NoRelease,
}

impl Life {
    fn run(mut self) -> io::Result<i32> {
        let habit = self.arguments.habit.unwrap_or(Habit::Well);
        if habit == Habit::NeverReady {
            return self.serve(Manners::Good);
        }
        self.peer.ready()?;
        thread::sleep(Duration::from_millis(
            self.arguments.after_ms.unwrap_or_default(),
        ));
        match habit {
            Habit::GarbageLater => self.garbage(),
            Habit::Oversize => self.oversize(),
            Habit::Deaf => Ok(sleep_forever()),
            Habit::Flood => self.flood(),
            Habit::LogFlood => log_flood(),
            Habit::IgnoreGoodbye => self.serve(Manners::NoEnd),
            Habit::Print => self.print(),
            Habit::Fork => self.fork(),
            Habit::Hung => self.serve(Manners::NoPong),
            Habit::Exit => Ok(self.arguments.code.unwrap_or_default()),
            Habit::Crash => abort(),
            Habit::Hold => self.hold(),
            Habit::Thief => self.steal(),
            _ => self.serve(Manners::Good),
        }
    }

    fn serve(&mut self, manners: Manners) -> io::Result<i32> {
        loop {
            match self.peer.hear() {
                Heard::Ping(_) if manners == Manners::NoPong => {}
                Heard::Ping(id) => self.peer.answer(id)?,
                Heard::Request(id) => self.refuse(id)?,
                Heard::Event(leases) if manners != Manners::NoRelease => self.release(&leases)?,
                Heard::Event(_) => {}
                Heard::Goodbye if manners == Manners::NoEnd => {}
                Heard::End if manners == Manners::NoEnd => return Ok(sleep_forever()),
                Heard::Goodbye | Heard::End => return Ok(ExitCode::Done.code()),
            }
        }
    }

    fn refuse(&mut self, id: dkvm_wire::RequestId) -> io::Result<()> {
        let error = WireError::new(ErrorCode::UnknownMethod, "this device has no methods");
        self.peer.send(&Message::Response {
            id,
            result: Err(error),
        })
    }

    fn release(&mut self, leases: &[LeaseRef]) -> io::Result<()> {
        if leases.is_empty() {
            return Ok(());
        }
        let leases = leases.iter().map(|lease| lease.lease).collect();
        self.peer
            .emit(topics::RELEASE, &encode_body(&Release { leases }), &[])
    }

    fn garbage(&mut self) -> io::Result<i32> {
        write(b"\x05\x00\x00\x00\xc1\xc1\xc1\xc1\xc1")?;
        self.serve(Manners::Good)
    }

    fn oversize(&mut self) -> io::Result<i32> {
        write(&u32::MAX.to_le_bytes())?;
        self.serve(Manners::Good)
    }

    fn print(&mut self) -> io::Result<i32> {
        write(b"Processing frame 1 of 100...\n")?;
        self.serve(Manners::Good)
    }

    fn flood(&mut self) -> io::Result<i32> {
        loop {
            self.peer.emit(&self.topic, &encode_body("flood"), &[])?;
        }
    }

    fn fork(&mut self) -> io::Result<i32> {
        for _ in 0..CHILDREN {
            // They inherit its pipes, which is the worst of it.
            Command::new("sleep")
                .arg(FOREVER.as_secs().to_string())
                .spawn()?;
        }
        Ok(self.arguments.code.unwrap_or(ExitCode::Internal.code()))
    }

    fn hold(&mut self) -> io::Result<i32> {
        let want = Want {
            topic: self.topic.clone(),
            want: true,
            from: None,
        };
        self.peer.emit(topics::WANT, &encode_body(&want), &[])?;
        self.serve(Manners::NoRelease)
    }

    fn steal(&mut self) -> io::Result<i32> {
        for id in STOLEN {
            let lease = LeaseRef {
                lease: LeaseId(id),
                pool: PoolId(1),
                slot: SlotIndex(0),
                length: 1,
            };
            self.peer.emit(&self.topic, b"\x80", &[lease])?;
        }
        self.serve(Manners::Good)
    }
}

fn sleep_forever() -> i32 {
    loop {
        thread::sleep(FOREVER);
    }
}

fn babble() -> i32 {
    // Whether anybody reads it does not matter.
    let _ = write(b"Hello! I am an ordinary program.\n");
    sleep_forever()
}

fn log_flood() -> io::Result<i32> {
    loop {
        eprintln!("<warn> this line says nothing, and there are many of it");
    }
}

/// Ignored signals stay ignored over exec, and a shell can ignore them without unsafe code.
fn become_stubborn() -> i32 {
    let own = std::env::current_exe().unwrap_or_else(|_| "dkvm-misbehave".into());
    let error = Command::new("sh")
        .args(["-c", "trap '' TERM HUP INT; exec \"$0\" \"$@\""])
        .arg(own)
        .args(std::env::args_os().skip(1))
        .arg("--stubborn")
        .exec();
    eprintln!("<error> sh cannot be started: {error}");
    ExitCode::Internal.code()
}
