//! Keyboards and mice of Linux.

use super::{
    kinds::{kind, Kind},
    reading::Reading,
    watch::Watch,
};
use crate::{
    config::Config,
    core::types::{DeviceId, Edge, Event, Grip, KeysOf, Move},
    error::Error,
};
use dkvm_wire::vocab::{desk::DeskDevice, input::Leds};
// Not its `Device`: that says what it makes of lost events only where a read would wait for more.
use evdev::{
    raw_stream::RawDevice, AttributeSet, EventType, InputEvent, KeyCode, LedCode, RelativeAxisCode,
    SynchronizationCode,
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    task::{Context, Poll},
};
use tokio::io::{unix::AsyncFd, Interest};

/// Where they are.
const DIRECTORY: &str = "/dev/input";
/// One read has room for so many events, if not for more.
const READ_AT_LEAST: usize = 32;
/// LEDs that a target sets.
const LEDS: [LedCode; 5] = [
    LedCode::LED_NUML,
    LedCode::LED_CAPSL,
    LedCode::LED_SCROLLL,
    LedCode::LED_COMPOSE,
    LedCode::LED_KANA,
];

/// A device that is read.
#[derive(Debug)]
struct Open {
    file: AsyncFd<RawDevice>,
    node: PathBuf,
    inode: u64,
    reading: Reading,
    /// What was lit before the target's.
    lit: Option<AttributeSet<LedCode>>,
    /// Keys that Linux was told to be up though a finger is on them.
    up: Vec<u16>,
}

/// All of them.
#[derive(Debug)]
pub struct Evdev {
    config: Config,
    watch: Watch,
    open: BTreeMap<DeviceId, Open>,
    /// Nodes that are left alone, by what they are: a name may come again as another device.
    left: BTreeMap<PathBuf, u64>,
    next: u32,
    said: VecDeque<Event>,
    /// Why nothing is read, as far as it was told.
    trouble: Option<String>,
}

impl Evdev {
    /// Looks what is there.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let mut evdev = Self {
            config: config.clone(),
            watch: Watch::new()?,
            open: BTreeMap::new(),
            left: BTreeMap::new(),
            next: 0,
            said: VecDeque::new(),
            trouble: None,
        };
        evdev.scan();
        Ok(evdev)
    }

    fn scan(&mut self) {
        let listed: BTreeMap<PathBuf, u64> = list(Path::new(DIRECTORY)).into_iter().collect();
        self.left
            .retain(|node, inode| listed.get(node) == Some(inode));
        let mut refusal = None;
        for (node, inode) in listed {
            let same = |one: &Open| one.node == node && one.inode == inode;
            let known = self.left.contains_key(&node) || self.open.values().any(same);
            if known {
                continue;
            }
            // Its rights come in a moment, and word of them; so does word of its end.
            match RawDevice::open(&node) {
                Ok(device) => self.take(device, &node, inode),
                Err(error) => refusal = Some(refused_to_open(&node, &error)),
            }
        }
        self.complain(refusal.filter(|_| self.open.is_empty()));
    }

    fn complain(&mut self, trouble: Option<String>) {
        if trouble != self.trouble {
            self.said.push_back(Event::Trouble(trouble.clone()));
            self.trouble = trouble;
        }
    }

    /// Reads a device, or leaves it alone.
    fn take(&mut self, device: RawDevice, node: &Path, inode: u64) {
        let name = device
            .name()
            .unwrap_or("a device without a name")
            .to_owned();
        match kind(&device, node, &self.config) {
            Ok(kind) => self.read(device, (node, inode), (name, kind)),
            Err(why) => {
                dkvm_sdk::info!("{name} ({}) is not read: {why}", node.display());
                self.left.insert(node.to_owned(), inode);
            }
        }
    }

    fn read(
        &mut self,
        device: RawDevice,
        (node, inode): (&Path, u64),
        (name, kind): (String, Kind),
    ) {
        let axes = |code| {
            device
                .supported_relative_axes()
                .is_some_and(|axes| axes.contains(code))
        };
        let fine = (
            axes(RelativeAxisCode::REL_WHEEL_HI_RES),
            axes(RelativeAxisCode::REL_HWHEEL_HI_RES),
        );
        let all = device.supported_keys().into_iter().flatten();
        let keys = KeysOf {
            all: all.map(KeyCode::code).collect(),
            down: down(&device),
        };
        let reading = Reading {
            fine,
            down: keys.down.iter().copied().collect(),
        };
        let file = match watched(device) {
            Ok(file) => file,
            Err(error) => return dkvm_sdk::warn!("{name} cannot be read: {error}"),
        };
        let id = DeviceId(self.next);
        self.next = self.next.wrapping_add(1);
        dkvm_sdk::info!("{name} ({}) is read", node.display());
        let info = DeskDevice {
            name,
            path: node.display().to_string(),
            keyboard: kind.keyboard,
            mouse: kind.mouse,
        };
        self.said.push_back(Event::Plugged(id, info, keys));
        let node = node.to_owned();
        let open = Open {
            file,
            node,
            inode,
            reading,
            lit: None,
            up: Vec::new(),
        };
        self.open.insert(id, open);
    }

    /// Grabs a device.
    pub fn grab(&mut self, id: DeviceId) -> Grip {
        let Some(open) = self.open.get_mut(&id) else {
            return Grip::Failed("it is gone".to_owned());
        };
        open.lit = open.file.get_ref().get_led_state().ok();
        let up = std::mem::take(&mut open.up);
        match open.file.get_mut().grab() {
            Ok(()) => {
                // Down again, seen by nobody but this device: or the keyboard's next word of them would be a press.
                open.tell(&up, Edge::Down);
                // Linux takes what is queued of keys away with it, of these too.
                let down = down(open.file.get_ref());
                open.reading.down = down.iter().copied().collect();
                Grip::Ours(down)
            }
            Err(error) => Grip::Failed(refused(open, &error)),
        }
    }

    /// Lets it go, with its lights as they were.
    pub fn ungrab(&mut self, id: DeviceId) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        open.up.clear();
        if let Some(lit) = open.lit.take() {
            open.show(|led| lit.contains(led));
        }
        // Linux refuses it for what is not grabbed alone.
        let _ = open.file.get_mut().ungrab();
    }

    /// Tells this machine that keys are up: it will not see it.
    pub fn let_up(&mut self, id: DeviceId, codes: &[u16]) {
        if let Some(open) = self.open.get_mut(&id) {
            open.tell(codes, Edge::Up);
            open.up = codes.to_vec();
        }
    }

    /// Lights a keyboard.
    pub fn light(&mut self, id: DeviceId, leds: Leds) {
        let wanted = [leds.num, leds.caps, leds.scroll, leds.compose, leds.kana];
        if let Some(open) = self.open.get_mut(&id) {
            open.show(|led| {
                let place = LEDS.iter().position(|one| *one == led);
                place.and_then(|place| wanted.get(place)).copied() == Some(true)
            });
        }
    }

    /// What happens next. Cancel-safe.
    pub async fn next(&mut self) -> Event {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        while self.watch.poll(context).is_ready() {
            self.scan();
        }
        if let Some(event) = self.said.pop_front() {
            return Poll::Ready(event);
        }
        let ready = self
            .open
            .iter_mut()
            .find_map(|(id, open)| match open.poll(context) {
                Poll::Ready(moves) => Some((*id, moves)),
                Poll::Pending => None,
            });
        match ready {
            Some((id, Ok(moves))) => Poll::Ready(Event::Moved(id, moves)),
            Some((id, Err(_gone))) => {
                self.open.remove(&id);
                Poll::Ready(Event::Unplugged(id))
            }
            None => Poll::Pending,
        }
    }
}

impl Open {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Vec<Move>>> {
        let reading = &mut self.reading;
        loop {
            let mut guard = match self.file.poll_read_ready_mut(context) {
                Poll::Ready(Ok(guard)) => guard,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            let mut count = 0;
            let read = guard.try_io(|file| {
                let device = file.get_mut();
                let events: Vec<InputEvent> = device.fetch_events()?.collect();
                count = events.len();
                Ok(reading.take(events, || down(device)))
            });
            // There were no more: what happens now, Linux tells of.
            if (1..READ_AT_LEAST).contains(&count) {
                guard.clear_ready();
            }
            match read {
                Ok(Ok(moves)) => {
                    let moves: Vec<Move> = moves;
                    if !moves.is_empty() {
                        return Poll::Ready(Ok(moves));
                    }
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }

    /// Tells Linux of keys as if the device had: to whoever reads it, or to this device alone where it has it grabbed.
    fn tell(&mut self, codes: &[u16], edge: Edge) {
        if codes.is_empty() {
            return;
        }
        let events = said(codes, edge);
        if let Err(error) = self.file.get_mut().send_events(&events) {
            let node = self.node.display();
            dkvm_sdk::warn!("{node} may repeat a key where it is not held: {error}");
        }
    }

    fn show(&mut self, lit: impl Fn(LedCode) -> bool) {
        let device = self.file.get_mut();
        let Some(has) = device.supported_leds() else {
            return;
        };
        let events: Vec<InputEvent> = LEDS
            .into_iter()
            .filter(|led| has.contains(*led))
            .map(|led| InputEvent::new(EventType::LED.0, led.0, i32::from(lit(led))))
            .collect();
        if let Err(error) = device.send_events(&events) {
            dkvm_sdk::debug!("{} cannot be lit: {error}", self.node.display());
        }
    }
}

fn watched(device: RawDevice) -> io::Result<AsyncFd<RawDevice>> {
    let flags = rustix::fs::fcntl_getfl(&device)?;
    rustix::fs::fcntl_setfl(&device, flags | rustix::fs::OFlags::NONBLOCK)?;
    // Deprecated for descriptors that may change under it, which a device's does not; its successor is unsafe.
    #[allow(deprecated)]
    AsyncFd::with_interest(device, Interest::READABLE)
}

/// Keys, and the end of the report: those who read do not act before it.
fn said(codes: &[u16], edge: Edge) -> Vec<InputEvent> {
    let value = i32::from(edge == Edge::Down);
    let key = |code: &u16| InputEvent::new(EventType::KEY.0, *code, value);
    let end = InputEvent::new(
        EventType::SYNCHRONIZATION.0,
        SynchronizationCode::SYN_REPORT.0,
        0,
    );
    codes.iter().map(key).chain([end]).collect()
}

fn down(device: &RawDevice) -> Vec<u16> {
    let keys = device.get_key_state();
    keys.map_or_else(
        |_| Vec::new(),
        |keys| keys.iter().map(KeyCode::code).collect(),
    )
}

fn refused(open: &Open, error: &io::Error) -> String {
    let name = open.file.get_ref().name().unwrap_or("a device").to_owned();
    if error.raw_os_error() == Some(rustix::io::Errno::BUSY.raw_os_error()) {
        return format!("{name} is grabbed by another program: end that, or let this node read what it makes of it (virtual_devices, ignore)");
    }
    format!("{name} cannot be grabbed: {error}")
}

fn refused_to_open(node: &Path, error: &io::Error) -> String {
    let node = node.display();
    if error.kind() == io::ErrorKind::PermissionDenied {
        return format!("no keyboard can be read: {node}: permission denied; put the user that dKVM runs as into the group input, and log in anew");
    }
    format!("no keyboard can be read: {node}: {error}")
}

fn list(directory: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let nodes = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("event"));
    nodes
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.ino())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_keys_is_a_whole_report() {
        let told = said(&[17, 42], Edge::Up);
        let told: Vec<_> = told
            .iter()
            .map(|one| (one.event_type().0, one.code(), one.value()))
            .collect();
        assert_eq!(told, [(1, 17, 0), (1, 42, 0), (0, 0, 0)]);
    }
}
