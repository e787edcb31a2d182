//! Keyboards and mice out of a script: a FIFO, one line for each thing that happens.
//!
//! `plug 1 keyboard NAME`, `plug 2 mouse NAME`, `unplug 1`, `down 1 leftctrl`, `up 1 leftctrl`, `button 2 0 down`, `move 2 5 -3`,
//! `wheel 2 120`. What it is told is appended to the record: `grab 1`, `ungrab 1`, `light 1 caps`.

use crate::{
    codes::{code, named_code, Usage},
    config::Config,
    core::types::{DeviceId, Edge, Event, Grip, KeysOf, Move},
    error::Error,
};
use dkvm_wire::vocab::{desk::DeskDevice, input::Leds};
use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    net::unix::pipe,
};

/// The dummy.
#[derive(Debug)]
pub struct Dummy {
    script: Option<Lines<BufReader<pipe::Receiver>>>,
    record: Option<File>,
}

impl Dummy {
    /// Opens its files.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Dummy { path, source }
        };
        let script = config.script.as_deref().map(|path| {
            // Open for writing too, so that it does not end when a writer does.
            let fifo = pipe::OpenOptions::new()
                .read_write(true)
                .open_receiver(path);
            fifo.map_err(failed(path))
        });
        let record = config.record.as_deref().map(|path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(failed(path))
        });
        Ok(Self {
            script: script.transpose()?.map(|fifo| BufReader::new(fifo).lines()),
            record: record.transpose()?,
        })
    }

    /// Nothing else is down.
    pub fn grab(&mut self, id: DeviceId) -> Grip {
        self.tell(&format!("grab {}", id.0));
        Grip::Ours(Vec::new())
    }

    /// Notes it.
    pub fn light(&mut self, id: DeviceId, leds: Leds) {
        let all = [
            (leds.num, "num"),
            (leds.caps, "caps"),
            (leds.scroll, "scroll"),
        ];
        let lit: Vec<&str> = all
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, name)| *name)
            .collect();
        self.tell(&format!("light {} {}", id.0, lit.join(" ")));
    }

    /// Appends a line to the record.
    pub fn tell(&mut self, line: &str) {
        if let Some(record) = &mut self.record {
            // A test's record that cannot be written shows in the test.
            let _ = writeln!(record, "{line}");
        }
    }

    /// The next line that makes sense.
    pub async fn next(&mut self) -> Event {
        loop {
            let line = match &mut self.script {
                Some(script) => script.next_line().await,
                None => std::future::pending().await,
            };
            let Ok(Some(line)) = line else {
                self.script = None;
                continue;
            };
            match read(&line) {
                Some(event) => return event,
                None => dkvm_sdk::warn!("{line:?} in the script of the dummy makes no sense"),
            }
        }
    }
}

fn read(line: &str) -> Option<Event> {
    let mut words = line.split_whitespace();
    let (verb, id) = (words.next()?, DeviceId(words.next()?.parse().ok()?));
    let rest: Vec<&str> = words.collect();
    let number = |place: usize| rest.get(place)?.parse::<i32>().ok();
    let key = |edge| Some(Move::Key(named_code(rest.first()?)?, edge));
    let one = match verb {
        "plug" => return Some(Event::Plugged(id, device(id, &rest)?, KeysOf::every())),
        "unplug" => return Some(Event::Unplugged(id)),
        "down" => key(Edge::Down)?,
        "up" => key(Edge::Up)?,
        "button" => {
            let button = rest.first()?.parse().ok()?;
            let edge = if rest.get(1) == Some(&"down") {
                Edge::Down
            } else {
                Edge::Up
            };
            Move::Key(code(Usage::Button(button))?, edge)
        }
        "move" => Move::Pointer(number(0)?, number(1)?),
        "wheel" => Move::Wheel(number(0)?),
        "pan" => Move::Pan(number(0)?),
        _ => return None,
    };
    Some(Event::Moved(id, vec![one]))
}

fn device(id: DeviceId, rest: &[&str]) -> Option<DeskDevice> {
    let (kind, name) = rest.split_first()?;
    Some(DeskDevice {
        name: name.join(" "),
        path: format!("dummy{}", id.0),
        keyboard: *kind == "keyboard",
        mouse: *kind == "mouse",
    })
}
