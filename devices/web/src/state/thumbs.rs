//! Small pictures of all targets, for the pages that show an overview.
//!
//! Of each target only the latest is kept: a page that reads slowly misses those between, and nobody keeps a queue for it.

use super::{targets::MAX_TARGETS, turns::Turns, Demand, Place};
use crate::clock::Moment;
use bytes::Bytes;
use dkvm_wire::vocab::video::{Thumb, THUMB_LONGEST};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::watch;

/// Overviews open at the same time.
pub const MAX_OVERVIEWS: usize = 16;
/// Targets of which a picture is kept: those of other nodes, and this one's.
const MAX_THUMBS: usize = MAX_TARGETS + 1;
/// Each target's is passed on so often, as often as it is made;
const EVERY: Duration = Duration::from_secs(1);
/// those that were held up on their way come together.
const AT_ONCE: u32 = 3;

/// There are as many overviews as can be served.
#[derive(Debug, Error)]
#[error("{MAX_OVERVIEWS} overviews are open already, the most that this node serves: close one of them and try again")]
pub struct OverviewsFull;

struct Kept {
    version: u64,
    jpeg: Bytes,
    turns: Turns,
    /// A later one, until it is its turn.
    waiting: Option<Bytes>,
}

#[derive(Default)]
struct Wall {
    latest: BTreeMap<Place, Kept>,
    version: u64,
    viewers: usize,
}

/// The latest of each.
pub struct Thumbs {
    wall: Mutex<Wall>,
    bell: watch::Sender<()>,
    demand: Box<dyn Demand>,
}

impl Thumbs {
    /// Nobody looks yet.
    pub fn new(demand: Box<dyn Demand>) -> Self {
        Self {
            wall: Mutex::default(),
            bell: watch::Sender::new(()),
            demand,
        }
    }

    /// A target's picture. One that is longer than there are is none.
    pub fn show(&self, place: Place, thumb: Thumb, now: Moment) {
        let mut wall = crate::lock(&self.wall);
        // Without an overview it is dropped, so that nobody is shown an old one later.
        if thumb.jpeg.len() > THUMB_LONGEST || wall.viewers == 0 || !wall.has_room(&place) {
            return;
        }
        let kept = wall.latest.entry(place).or_insert_with(|| Kept {
            version: 0,
            jpeg: Bytes::new(),
            turns: Turns::new(AT_ONCE, EVERY, now),
            waiting: None,
        });
        kept.waiting = Some(thumb.jpeg.into());
        self.tell(wall, now);
    }

    /// Those whose turn it is by now.
    pub fn turn(&self, now: Moment) {
        self.tell(crate::lock(&self.wall), now);
    }

    /// When it is somebody's turn.
    pub fn due(&self) -> Option<Moment> {
        let wall = crate::lock(&self.wall);
        let waiting = wall.latest.values().filter(|kept| kept.waiting.is_some());
        waiting.map(|kept| kept.turns.next(1)).min()
    }

    fn tell(&self, mut wall: MutexGuard<'_, Wall>, now: Moment) {
        let Wall {
            latest, version, ..
        } = &mut *wall;
        let before = *version;
        for kept in latest.values_mut() {
            if kept.waiting.is_none() || !kept.turns.take(1, now) {
                continue;
            }
            *version += 1;
            kept.version = *version;
            kept.jpeg = kept.waiting.take().unwrap_or_default();
        }
        let is_news = *version > before;
        drop(wall);
        if is_news {
            self.bell.send_replace(());
        }
    }

    /// Who made a target's is gone.
    pub fn gone(&self, place: &Place) {
        let mut wall = crate::lock(&self.wall);
        let Wall {
            latest, version, ..
        } = &mut *wall;
        let Some(kept) = latest.get_mut(place) else {
            return;
        };
        *version += 1;
        (kept.version, kept.jpeg, kept.waiting) = (*version, Bytes::new(), None);
        drop(wall);
        self.bell.send_replace(());
    }

    /// Begins to look.
    pub fn look(self: &Arc<Self>) -> Result<Overview, OverviewsFull> {
        let mut wall = crate::lock(&self.wall);
        if wall.viewers >= MAX_OVERVIEWS {
            return Err(OverviewsFull);
        }
        wall.viewers += 1;
        if wall.viewers == 1 {
            self.demand.start();
        }
        let bell = self.bell.subscribe();
        Ok(Overview {
            thumbs: self.clone(),
            bell,
            seen: 0,
        })
    }

    fn leave(&self) {
        let mut wall = crate::lock(&self.wall);
        wall.viewers -= 1;
        if wall.viewers == 0 {
            wall.latest.clear();
            self.demand.stop();
        }
    }
}

impl Wall {
    /// Those without a picture make room.
    fn has_room(&mut self, place: &Place) -> bool {
        if self.latest.contains_key(place) || self.latest.len() < MAX_THUMBS {
            return true;
        }
        self.latest.retain(|_, kept| !kept.jpeg.is_empty());
        self.latest.len() < MAX_THUMBS
    }

    fn after(&self, seen: u64) -> Option<(u64, Place, Bytes)> {
        let news = self.latest.iter().filter(|(_, kept)| kept.version > seen);
        let (place, kept) = news.min_by_key(|(_, kept)| kept.version)?;
        Some((kept.version, place.clone(), kept.jpeg.clone()))
    }
}

/// Somebody who looks at all targets, until it is dropped.
pub struct Overview {
    thumbs: Arc<Thumbs>,
    bell: watch::Receiver<()>,
    seen: u64,
}

impl Overview {
    /// The next that this one has not seen; no bytes: there is no picture any more. Cancel-safe.
    pub async fn next(&mut self) -> (Place, Bytes) {
        loop {
            self.bell.mark_unchanged();
            let next = crate::lock(&self.thumbs.wall).after(self.seen);
            if let Some((version, place, jpeg)) = next {
                self.seen = version;
                return (place, jpeg);
            }
            // Its sender lives in `thumbs`.
            let _ = self.bell.changed().await;
        }
    }
}

impl Drop for Overview {
    fn drop(&mut self) {
        self.thumbs.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI32, Ordering};

    const NOW: Moment = Moment(1000);

    #[derive(Default, Clone)]
    struct Wanted(Arc<AtomicI32>);

    impl Demand for Wanted {
        fn start(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn stop(&self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn thumbs() -> (Arc<Thumbs>, Wanted) {
        let wanted = Wanted::default();
        (Arc::new(Thumbs::new(Box::new(wanted.clone()))), wanted)
    }

    fn at(node: &str) -> Place {
        Place::At(node.to_owned())
    }

    fn thumb(jpeg: &[u8]) -> Thumb {
        Thumb {
            jpeg: jpeg.to_vec(),
            ..Thumb::default()
        }
    }

    fn ready(overview: &mut Overview) -> Option<(Place, Bytes)> {
        let mut next = std::pin::pin!(overview.next());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::future::Future::poll(next.as_mut(), &mut context) {
            std::task::Poll::Ready(next) => Some(next),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn they_are_wanted_while_somebody_looks_and_those_of_before_are_not_shown() {
        let (thumbs, wanted) = thumbs();
        thumbs.show(Place::Here, thumb(b"old"), NOW);
        let one = thumbs.look().ok().unwrap();
        let mut two = thumbs.look().ok().unwrap();
        assert_eq!(wanted.0.load(Ordering::SeqCst), 1);
        assert_eq!(ready(&mut two), None);
        thumbs.show(Place::Here, thumb(b"new"), NOW);
        drop(one);
        assert_eq!(wanted.0.load(Ordering::SeqCst), 1);
        drop(two);
        assert_eq!(wanted.0.load(Ordering::SeqCst), 0);
        assert_eq!(ready(&mut thumbs.look().ok().unwrap()), None);
    }

    #[test]
    fn each_gets_the_latest_of_each_and_one_who_comes_late_gets_all_at_once() {
        let (thumbs, _) = thumbs();
        let mut slow = thumbs.look().ok().unwrap();
        for n in 0..100 {
            thumbs.show(at("office"), thumb(&[n]), NOW);
            thumbs.show(Place::Here, thumb(&[n + 100]), NOW);
        }
        assert_eq!(thumbs.due(), Some(NOW.after(EVERY)));
        thumbs.turn(NOW.after(EVERY));
        assert_eq!(thumbs.due(), None);
        let mut late = thumbs.look().ok().unwrap();
        for overview in [&mut slow, &mut late] {
            let both = [ready(overview), ready(overview)].map(Option::unwrap);
            let [(first, one), (second, two)] = both;
            assert_eq!((first, second), (Place::Here, at("office")));
            assert_eq!((&one[..], &two[..]), (&[199][..], &[99][..]));
            assert_eq!(ready(overview), None);
        }
    }

    #[test]
    fn a_target_that_is_gone_has_no_picture_and_one_that_never_had_one_is_not_told() {
        let (thumbs, _) = thumbs();
        let mut overview = thumbs.look().ok().unwrap();
        thumbs.gone(&at("office"));
        assert_eq!(ready(&mut overview), None);
        thumbs.show(at("office"), thumb(b"x"), NOW);
        thumbs.gone(&at("office"));
        assert_eq!(ready(&mut overview), Some((at("office"), Bytes::new())));
    }

    #[test]
    fn targets_pictures_and_overviews_are_bounded() {
        let (thumbs, _) = thumbs();
        let mut overview = thumbs.look().ok().unwrap();
        thumbs.show(Place::Here, thumb(&vec![0; THUMB_LONGEST + 1]), NOW);
        assert_eq!(ready(&mut overview), None);
        for n in 0..1000 {
            thumbs.show(at(&format!("n{n}")), thumb(b"x"), NOW);
        }
        let shown = std::iter::from_fn(|| ready(&mut overview)).count();
        assert_eq!(shown, MAX_THUMBS);
        thumbs.gone(&at("n0"));
        thumbs.show(at("more"), thumb(b"x"), NOW);
        assert_eq!(ready(&mut overview).unwrap().0, at("more"));
        let all: Vec<_> = (1..MAX_OVERVIEWS).map(|_| thumbs.look()).collect();
        assert!(all.iter().all(Result::is_ok) && thumbs.look().is_err());
    }

    #[test]
    fn a_target_that_floods_is_passed_on_at_a_pace_and_holds_up_no_other() {
        let (thumbs, _) = thumbs();
        let mut overview = thumbs.look().ok().unwrap();
        let mut came = 0;
        for ms in 0..10_000_u32 {
            let now = Moment(NOW.0 + u64::from(ms));
            thumbs.show(at("flood"), thumb(&ms.to_le_bytes()), now);
            came += std::iter::from_fn(|| ready(&mut overview)).count();
        }
        assert_eq!(came, AT_ONCE as usize + 9);
        let last = Moment(NOW.0 + 10_000);
        thumbs.show(at("calm"), thumb(b"x"), last);
        let both = [ready(&mut overview), ready(&mut overview)].map(Option::unwrap);
        let latest = Bytes::copy_from_slice(&9999_u32.to_le_bytes());
        assert!(
            both.contains(&(at("flood"), latest))
                && both.contains(&(at("calm"), Bytes::from_static(b"x")))
        );
    }
}
