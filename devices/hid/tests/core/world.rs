//! A target that fetches reports when it is told to, and the core that writes to it.

use dkvm_hid::{
    applied,
    core::{focus::Source, Action, Bus, Core, Event, Outcome, Record, Usb},
    reports::{Form, Function, Kind, Report, Tip, FIRST_KEY, FIRST_MODIFIER, FIRST_SYSTEM},
};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{InputAck, InputState};
use std::collections::{BTreeSet, VecDeque};

/// What the target saw happen to one key or button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    Key(u8, bool),
    Button(u8, bool),
    Consumer(u16, bool),
    System(u8, bool),
    Touch(u8, bool),
}

impl Seen {
    /// The same thing, whichever way.
    pub fn thing(self) -> Self {
        self.to(false)
    }

    pub fn to(self, down: bool) -> Self {
        match self {
            Self::Key(usage, _) => Self::Key(usage, down),
            Self::Button(button, _) => Self::Button(button, down),
            Self::Consumer(usage, _) => Self::Consumer(usage, down),
            Self::System(usage, _) => Self::System(usage, down),
            Self::Touch(contact, _) => Self::Touch(contact, down),
        }
    }

    pub fn is_down(self) -> bool {
        self == self.to(true)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Not bound.
    Absent,
    /// Bound, not configured.
    Down,
    /// Configured, with the report that the target has not fetched.
    Up(Option<Report>),
}

pub struct World {
    pub core: Core,
    pub micros: u64,
    pub ports: [Port; 3],
    pub seen: Vec<Seen>,
    pub fetched: Vec<Report>,
    pub acks: Vec<InputAck>,
    /// Whom the last ones went to; `None`: to all.
    pub acked: Vec<Option<String>>,
    pub saved: Vec<u8>,
    pressed: BTreeSet<(Kind, u16)>,
    /// The device dies after so many more actions.
    pub dies_in: Option<u32>,
    pub dead: bool,
}

impl World {
    /// Configured and quiet.
    pub fn new() -> Self {
        Self::of(Form::FULL)
    }

    /// The same, where the functions announce this.
    pub fn of(form: Form) -> Self {
        let mut world = Self::unconfigured();
        world.ports = [Port::Up(None); 3];
        world.feed(Event::Usb(Usb {
            binding: Some(1),
            bus: Bus::Awake,
            form: Some(form),
        }));
        world.settle();
        world.clear();
        world
    }

    pub fn unconfigured() -> Self {
        let micros = 10_000_000;
        Self {
            core: Core::new(Record::default(), Time::from_micros(micros)),
            micros,
            ports: [Port::Absent; 3],
            seen: vec![],
            fetched: vec![],
            acks: vec![],
            acked: vec![],
            saved: vec![],
            pressed: BTreeSet::new(),
            dies_in: None,
            dead: false,
        }
    }

    pub fn clear(&mut self) {
        self.seen.clear();
        self.fetched.clear();
        self.acks.clear();
        self.acked.clear();
    }

    pub fn now(&self) -> Time {
        Time::from_micros(self.micros)
    }

    pub fn tick(&mut self) {
        self.feed(Event::Tick);
    }

    pub fn input(&mut self, state: &InputState) {
        self.input_from("web", state);
    }

    pub fn input_from(&mut self, name: &str, state: &InputState) {
        let source = Source {
            name: name.into(),
            generation: 1,
        };
        self.feed(Event::Input {
            source,
            state: state.clone(),
        });
    }

    pub fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if self.dead {
                return;
            }
            let now = self.now();
            for action in self.core.step(event, now) {
                if self.dies() {
                    return;
                }
                events.extend(self.act(action));
            }
        }
    }

    fn dies(&mut self) -> bool {
        self.dead = self.dead || self.dies_in == Some(0);
        self.dies_in = self.dies_in.and_then(|left| left.checked_sub(1));
        self.dead
    }

    fn act(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Save(record) => {
                self.saved = applied::encode(&record);
                None
            }
            Action::Ack { ack, to } => {
                self.acks.push(ack);
                self.acked.push(to);
                None
            }
            Action::Answer(..) => None,
            Action::Open(function) => Some(match self.ports[function.index()] {
                Port::Absent => Event::NoDevice(function),
                _ => Event::Opened(function),
            }),
            Action::Write(report) => Some(Event::Wrote(report.function(), self.write(report))),
        }
    }

    fn write(&mut self, report: Report) -> Outcome {
        let port = &mut self.ports[report.function().index()];
        match port {
            Port::Absent => Outcome::Gone,
            Port::Down => Outcome::Down,
            Port::Up(Some(_)) => Outcome::Again,
            Port::Up(place) => {
                *place = Some(report);
                Outcome::Taken
            }
        }
    }

    /// The target fetches a report of one function, if there is one.
    pub fn poll(&mut self, function: Function) {
        let Port::Up(place) = &mut self.ports[function.index()] else {
            return;
        };
        let Some(report) = place.take() else { return };
        self.fetched.push(report);
        self.show(report);
        self.feed(Event::Writable(function));
    }

    pub fn poll_all(&mut self) {
        Function::ALL
            .into_iter()
            .for_each(|function| self.poll(function));
    }

    /// Polls until nothing comes any more.
    pub fn settle(&mut self) {
        for _ in 0..2000 {
            if self
                .ports
                .iter()
                .all(|port| !matches!(port, Port::Up(Some(_))))
            {
                return;
            }
            self.poll_all();
        }
        panic!("reports without end");
    }

    fn show(&mut self, report: Report) {
        let kind = report.kind();
        let now = pressed(report);
        let before: BTreeSet<u16> = self
            .pressed
            .iter()
            .filter(|(at, _)| *at == kind)
            .map(|(_, code)| *code)
            .collect();
        for code in before.difference(&now) {
            self.pressed.remove(&(kind, *code));
            self.seen.push(seen(kind, *code).to(false));
        }
        // A host reads the modifiers of a report first.
        let mut down: Vec<u16> = now.difference(&before).copied().collect();
        down.sort_by_key(|code| (*code < u16::from(FIRST_MODIFIER), *code));
        for code in down {
            self.pressed.insert((kind, code));
            self.seen.push(seen(kind, code).to(true));
        }
    }

    /// The target resets the bus: it forgets what was pressed.
    pub fn unconfigure(&mut self) {
        self.ports = [Port::Down; 3];
        self.pressed.clear();
        Function::ALL
            .into_iter()
            .for_each(|function| self.feed(Event::Down(function)));
    }

    pub fn configure(&mut self) {
        self.ports = [Port::Up(None); 3];
        Function::ALL
            .into_iter()
            .for_each(|function| self.feed(Event::Writable(function)));
    }

    /// Time goes by; ticks come when the core asked for them.
    pub fn advance(&mut self, millis: u64) {
        let end = self.micros + millis * 1000;
        for _ in 0..100_000 {
            let due = self
                .core
                .deadline()
                .map_or(u64::MAX, |deadline| deadline.micros().max(self.micros));
            if due > end || self.dead {
                self.micros = end;
                return;
            }
            self.micros = due;
            self.tick();
        }
        panic!("the core asks for ticks without end");
    }

    /// A new life of the device, as far as the file remembers.
    pub fn restart(&mut self) {
        let record = applied::decode(&self.saved).unwrap_or_default();
        self.core = Core::new(record, self.now());
        (self.dead, self.dies_in) = (false, None);
        self.tick();
        for function in Function::ALL {
            if self.ports[function.index()] == Port::Up(None) {
                self.feed(Event::Writable(function));
            }
        }
    }

    pub fn nothing_pressed(&self) -> bool {
        self.pressed.is_empty()
    }

    pub fn ack(&self) -> &InputAck {
        self.acks.last().expect("an acknowledgement")
    }
}

fn pressed(report: Report) -> BTreeSet<u16> {
    let bytes = report.bytes();
    let bits = |bytes: &[u8]| {
        let all = bytes.iter().enumerate();
        let of = |(place, byte): (usize, &u8)| {
            let byte = *byte;
            (0..8)
                .filter(move |bit| byte & (1 << bit) != 0)
                .map(move |bit| (place * 8 + bit) as u16)
        };
        all.flat_map(of).collect::<Vec<_>>()
    };
    let words = || {
        bytes
            .chunks(2)
            .map(|two| u16::from_le_bytes([two[0], two[1]]))
    };
    match report.kind() {
        Kind::Keyboard => bits(&bytes[..1])
            .into_iter()
            .map(|bit| 0xe0 + bit)
            .chain(
                bytes[2..]
                    .iter()
                    .map(|key| u16::from(*key))
                    .filter(|key| *key != 0),
            )
            .collect(),
        Kind::Absolute | Kind::Relative | Kind::System => bits(&bytes[..1]).into_iter().collect(),
        Kind::Keys => bits(bytes)
            .into_iter()
            .map(|bit| bit + u16::from(FIRST_KEY))
            .collect(),
        Kind::Consumer => words().filter(|usage| *usage != 0).collect(),
        Kind::Touch => {
            let down = report
                .fingers()
                .into_iter()
                .filter(|one| one.tip == Tip::Down);
            down.map(|one| u16::from(one.contact)).collect()
        }
    }
}

fn seen(kind: Kind, code: u16) -> Seen {
    match kind {
        Kind::Keyboard | Kind::Keys => Seen::Key(code as u8, false),
        Kind::Absolute | Kind::Relative => Seen::Button(code as u8, false),
        Kind::Consumer => Seen::Consumer(code, false),
        Kind::System => Seen::System(FIRST_SYSTEM + code as u8, false),
        Kind::Touch => Seen::Touch(code as u8, false),
    }
}
