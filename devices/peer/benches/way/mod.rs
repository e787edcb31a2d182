//! A network between two nodes of this machine: it delays, loses and is narrow.

use dkvm_testkit::Failure;
use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How it is, each way.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    delay_ms: u32,
    jitter_ms: u32,
    loss_percent: u32,
    /// 0 for as wide as the machine.
    mbit: u32,
}

pub const ALL: [Way; 4] = [
    Way {
        delay_ms: 1,
        jitter_ms: 0,
        loss_percent: 0,
        mbit: 0,
    },
    Way {
        delay_ms: 25,
        jitter_ms: 25,
        loss_percent: 20,
        mbit: 0,
    },
    Way {
        delay_ms: 5,
        jitter_ms: 0,
        loss_percent: 0,
        mbit: 8,
    },
    Way {
        delay_ms: 20,
        jitter_ms: 5,
        loss_percent: 2,
        mbit: 50,
    },
];

/// Too narrow for pictures that nobody makes smaller.
pub const NARROW: Way = Way {
    delay_ms: 10,
    jitter_ms: 0,
    loss_percent: 0,
    mbit: 2,
};

/// What a narrow way holds back before it drops: 100 ms, as many routers.
const QUEUE: Duration = Duration::from_millis(100);

/// Lays one to a port; the address of its near end.
pub fn lay(port: u16, way: Way) -> Result<String, Failure> {
    let made = |error: io::Error| Failure::new(error.to_string());
    let near = Arc::new(UdpSocket::bind("127.0.0.1:0").map_err(made)?);
    let far = Arc::new(UdpSocket::bind("127.0.0.1:0").map_err(made)?);
    far.connect(("127.0.0.1", port)).map_err(made)?;
    let address = near.local_addr().map_err(made)?.to_string();
    let caller = Arc::new(Mutex::new(None::<SocketAddr>));
    let (send_far, send_near, who) = (far.clone(), near.clone(), caller.clone());
    thread::spawn(move || {
        let up = Pipe::new(way, move |bytes| drop(send_far.send(bytes)));
        let mut buffer = [0; 65_536];
        while let Ok((length, from)) = near.recv_from(&mut buffer) {
            *who.lock().unwrap_or_else(PoisonError::into_inner) = Some(from);
            up.put(&buffer[..length]);
        }
    });
    thread::spawn(move || {
        let down = Pipe::new(way, move |bytes| {
            let to = *caller.lock().unwrap_or_else(PoisonError::into_inner);
            drop(to.map(|to| send_near.send_to(bytes, to)));
        });
        let mut buffer = [0; 65_536];
        loop {
            if let Ok(length) = far.recv(&mut buffer) {
                down.put(&buffer[..length]);
            }
        }
    });
    Ok(address)
}

type Waiting = Arc<Mutex<BTreeMap<(Instant, u64), Vec<u8>>>>;

struct Pipe {
    way: Way,
    waiting: Waiting,
    state: Mutex<(u64, Instant)>,
}

impl Pipe {
    fn new(way: Way, out: impl Fn(&[u8]) + Send + 'static) -> Self {
        let waiting = Waiting::default();
        let mine = waiting.clone();
        thread::spawn(move || loop {
            let due = {
                let mut waiting = mine.lock().unwrap_or_else(PoisonError::into_inner);
                let due = waiting
                    .first_entry()
                    .filter(|first| first.key().0 <= Instant::now());
                due.map(|first| first.remove())
            };
            match due {
                Some(bytes) => out(&bytes),
                None => thread::sleep(Duration::from_micros(200)),
            }
        });
        let state = Mutex::new((88_172_645_463_325_252, Instant::now()));
        Self {
            way,
            waiting,
            state,
        }
    }

    fn put(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, free) = &mut *state;
        // Xorshift: the same each time.
        let mut random = |below: u32| {
            *number ^= *number << 13;
            *number ^= *number >> 7;
            *number ^= *number << 17;
            u32::try_from(*number % u64::from(below.max(1))).unwrap_or_default()
        };
        let now = Instant::now();
        if random(100) < self.way.loss_percent {
            return;
        }
        let jitter = random(self.way.jitter_ms * 1000);
        let micros = bytes.len() as u64 * 8 / u64::from(self.way.mbit.max(1));
        if self.way.mbit > 0 {
            if free.saturating_duration_since(now) > QUEUE {
                return;
            }
            *free = (*free).max(now) + Duration::from_micros(micros);
        }
        let sent = if self.way.mbit > 0 { *free } else { now };
        let delay =
            Duration::from_millis(self.way.delay_ms.into()) + Duration::from_micros(jitter.into());
        let key = (sent + delay, *number);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(key, bytes.to_vec());
    }
}
