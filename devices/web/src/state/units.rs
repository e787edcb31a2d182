//! Viewers of H.264: each has a lane of its own, and all of them one encoder.

use super::{
    lane::{Ask, Lane, Load, Unit},
    pictures::{Demand, ViewersFull, MAX_VIEWERS},
};
use crate::clock::Moment;
use dkvm_wire::vocab::video::LinkLoad;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Notify;

/// What the links carry is looked at so often.
pub const LOOK: Duration = Duration::from_millis(500);

/// What is asked of the encoder.
pub trait Encoder: Send + Sync {
    /// A key frame.
    fn key_frame(&self);
    /// To keep to what the links carry.
    fn link(&self, load: LinkLoad);
}

struct Seat {
    lane: Mutex<Lane>,
    bell: Notify,
}

#[derive(Default)]
struct Room {
    seats: BTreeMap<u64, Arc<Seat>>,
    next: u64,
    /// Number of the newest unit.
    newest: Option<u64>,
}

/// All viewers of H.264.
pub struct Units {
    room: Mutex<Room>,
    demand: Box<dyn Demand>,
    encoder: Box<dyn Encoder>,
}

impl Units {
    /// Nobody watches yet.
    pub fn new(demand: Box<dyn Demand>, encoder: Box<dyn Encoder>) -> Self {
        Self {
            room: Mutex::default(),
            demand,
            encoder,
        }
    }

    /// A unit for all. One whose number does not follow on the last leaves a gap, which no viewer may be shown.
    pub fn show(&self, number: u64, unit: &Arc<Unit>, now: Moment) {
        let mut room = crate::lock(&self.room);
        let follows = room
            .newest
            .is_some_and(|newest| newest.wrapping_add(1) == number);
        room.newest = Some(number);
        let mut ask = Ask::Nothing;
        for seat in room.seats.values() {
            let mut lane = crate::lock(&seat.lane);
            if !follows && !unit.key {
                lane.lose(now);
            }
            if lane.offer(unit, now) == Ask::KeyFrame {
                ask = Ask::KeyFrame;
            }
            seat.bell.notify_one();
        }
        drop(room);
        self.pass_on(ask);
    }

    /// The encoder told of itself: it is the one that is asked from now on.
    pub fn follow(&self) {
        self.demand.follow();
    }

    /// The encoder is gone: its next life begins with a key frame.
    pub fn forget(&self) {
        crate::lock(&self.room).newest = None;
    }

    /// Tells the encoder what the links carry, where one of them is full, and asks for the key frame that somebody still lacks:
    /// of a picture that rests nothing else comes that would.
    pub fn look(&self, now: Moment) {
        let room = crate::lock(&self.room);
        let loads = room.seats.values().filter_map(|seat| {
            let mut lane = crate::lock(&seat.lane);
            (!lane.is_stalled(now)).then(|| lane.load(now))
        });
        let load = together(loads);
        let ask = ask_of_all(&room, now);
        drop(room);
        if load.slowest.is_some() {
            self.encoder.link(load);
        }
        self.pass_on(ask);
    }

    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        !crate::lock(&self.room).seats.is_empty()
    }

    /// Begins to watch.
    pub fn watch(self: &Arc<Self>, now: Moment) -> Result<UnitViewer, ViewersFull> {
        let mut room = crate::lock(&self.room);
        if room.seats.len() >= MAX_VIEWERS {
            return Err(ViewersFull);
        }
        let seat = Arc::new(Seat {
            lane: Mutex::new(Lane::new(now)),
            bell: Notify::new(),
        });
        let id = room.next;
        room.next += 1;
        room.seats.insert(id, seat.clone());
        if room.seats.len() == 1 {
            // An encoder that nobody read begins with a key frame anyway.
            self.demand.start();
        } else {
            self.encoder.key_frame();
        }
        Ok(UnitViewer {
            units: self.clone(),
            id,
            seat,
        })
    }

    fn leave(&self, id: u64) {
        let mut room = crate::lock(&self.room);
        room.seats.remove(&id);
        if room.seats.is_empty() {
            room.newest = None;
            self.demand.stop();
        } else {
            // The slow one may have been this.
            self.encoder.link(LinkLoad::default());
        }
    }

    fn pass_on(&self, ask: Ask) {
        if ask == Ask::KeyFrame {
            self.encoder.key_frame();
        }
    }
}

/// Each of them is asked: who asks notes when it did.
fn ask_of_all(room: &Room, now: Moment) -> Ask {
    let mut ask = Ask::Nothing;
    for seat in room.seats.values() {
        if crate::lock(&seat.lane).ask(now) == Ask::KeyFrame {
            ask = Ask::KeyFrame;
        }
    }
    ask
}

/// Of all links.
fn together(loads: impl Iterator<Item = Load>) -> LinkLoad {
    let (mut all, mut free) = (LinkLoad::default(), false);
    for load in loads {
        match load {
            Load::KeepsUp => free = true,
            Load::Unknown => {}
            Load::Carries(bytes) => {
                all.slowest = Some(all.slowest.map_or(bytes, |least| least.min(bytes)));
                all.fastest = Some(all.fastest.map_or(bytes, |most| most.max(bytes)));
            }
        }
    }
    if free {
        all.fastest = None;
    }
    all
}

/// Somebody who watches H.264, until it is dropped.
pub struct UnitViewer {
    units: Arc<Units>,
    id: u64,
    seat: Arc<Seat>,
}

impl UnitViewer {
    /// The next unit, when there is credit for it. Cancel-safe.
    pub async fn next(&self) -> Arc<Unit> {
        loop {
            let unit = crate::lock(&self.seat.lane).take(Moment::now());
            if let Some(unit) = unit {
                return unit;
            }
            self.seat.bell.notified().await;
        }
    }

    /// The viewer has decoded one more.
    pub fn shown(&self) {
        let ask = crate::lock(&self.seat.lane).shown(Moment::now());
        self.units.pass_on(ask);
        self.seat.bell.notify_one();
    }
}

impl Drop for UnitViewer {
    fn drop(&mut self) {
        self.units.leave(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use dkvm_wire::vocab::video::FrameInfo;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Still;

    impl Demand for Still {
        fn start(&self) {}
        fn stop(&self) {}
    }

    /// Key frames that were asked for.
    #[derive(Default)]
    struct Asked(Arc<AtomicUsize>);

    impl Encoder for Asked {
        fn key_frame(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn link(&self, _: LinkLoad) {}
    }

    fn at(ms: u64) -> Moment {
        Moment(1000).after(Duration::from_millis(ms))
    }

    fn unit(key: bool) -> Arc<Unit> {
        Arc::new(Unit {
            info: FrameInfo::default(),
            key,
            bytes: Bytes::new(),
        })
    }

    #[test]
    fn who_lacks_a_key_frame_gets_one_though_the_picture_rests() {
        let asked = Arc::new(AtomicUsize::default());
        let units = Arc::new(Units::new(Box::new(Still), Box::new(Asked(asked.clone()))));
        let viewer = units.watch(at(0)).expect("a seat");
        units.show(0, &unit(true), at(0));
        units.show(2, &unit(false), at(100));
        let times = || asked.load(Ordering::Relaxed);
        units.look(at(500));
        assert_eq!(times(), 0, "it asked when it came");
        units.look(at(2100));
        units.look(at(2600));
        assert_eq!(times(), 1);
        // The one that was asked for did not come: the encoder began anew, or could not be asked.
        units.look(at(4200));
        assert_eq!(times(), 2);
        units.show(3, &unit(true), at(4300));
        units.look(at(60_000));
        assert_eq!(times(), 2);
        drop(viewer);
    }

    #[test]
    fn a_free_link_keeps_its_frames_beside_a_slow_one() {
        let both = together([Load::Carries(7000), Load::KeepsUp, Load::Unknown].into_iter());
        assert_eq!((both.slowest, both.fastest), (Some(7000), None));
        let slow = together([Load::Carries(7000), Load::Carries(9000)].into_iter());
        assert_eq!((slow.slowest, slow.fastest), (Some(7000), Some(9000)));
        assert_eq!(together([Load::KeepsUp].into_iter()), LinkLoad::default());
    }
}
