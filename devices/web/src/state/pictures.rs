//! The newest picture, and who looks at it.
//!
//! A picture lies in shared memory under a lease until a newer one comes or [`MAX_HOLD`] passes. Whoever still
//! writes it to a slow viewer then goes on from one copy that all of them share, so the encoder gets its
//! slot back and never waits for a viewer.

use crate::clock::Moment;
use bytes::Bytes;
use dkvm_wire::vocab::video::FrameInfo;
use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::watch;

/// Viewers at the same time: the bound of memory and of the work per frame.
pub const MAX_VIEWERS: usize = 16;
/// A lease is given back after so long, ms; the kernel complains from 2 s on.
pub const MAX_HOLD: Duration = Duration::from_millis(500);
/// Largest picture that is passed on, twice the worst of 1080p: each stalled viewer may hold a copy of one.
pub const MAX_PICTURE: usize = 4 * 1024 * 1024;

/// Bytes in shared memory; dropping the last gives the lease back.
pub type View = Arc<dyn Deref<Target = [u8]> + Send + Sync>;

/// The bytes of a picture, wherever they are.
#[derive(Clone)]
pub enum Shown {
    /// In shared memory, under a lease.
    Leased(View),
    /// In a copy.
    Copied(Bytes),
}

impl Shown {
    /// Whether a lease is held by it.
    pub const fn is_leased(&self) -> bool {
        matches!(self, Self::Leased(_))
    }
}

impl Deref for Shown {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Leased(view) => view,
            Self::Copied(bytes) => bytes,
        }
    }
}

/// One JPEG.
pub struct Picture {
    /// What the encoder says of it.
    pub info: FrameInfo,
    arrived: Moment,
    content: Mutex<Shown>,
}

impl Picture {
    /// A picture that came now.
    pub fn new(info: FrameInfo, view: View, now: Moment) -> Self {
        Self {
            info,
            arrived: now,
            content: Mutex::new(Shown::Leased(view)),
        }
    }

    /// The bytes where they are.
    pub fn look(&self) -> Shown {
        crate::lock(&self.content).clone()
    }

    /// The bytes in memory of our own, copied once for all who ask.
    pub fn copy(&self) -> Bytes {
        let mut content = crate::lock(&self.content);
        let bytes = match &*content {
            Shown::Leased(view) => Bytes::copy_from_slice(view),
            Shown::Copied(bytes) => bytes.clone(),
        };
        *content = Shown::Copied(bytes.clone());
        bytes
    }

    fn is_leased(&self) -> bool {
        crate::lock(&self.content).is_leased()
    }
}

/// What [`Pictures`] tells the encoder's side.
pub trait Demand: Send + Sync {
    /// Somebody watches.
    fn start(&self);
    /// Nobody watches any more.
    fn stop(&self);
    /// The device that gives it may have another name by now.
    fn follow(&self) {}
}

/// There are as many viewers as can be served.
#[derive(Debug, Error)]
#[error("{MAX_VIEWERS} viewers are watching already, the most that this node serves: close one of them and try again")]
pub struct ViewersFull;

/// The newest picture, shared by all viewers.
pub struct Pictures {
    newest: watch::Sender<Option<Arc<Picture>>>,
    viewers: Mutex<usize>,
    demand: Box<dyn Demand>,
}

impl Pictures {
    /// No picture yet.
    pub fn new(demand: Box<dyn Demand>) -> Self {
        Self {
            newest: watch::Sender::new(None),
            viewers: Mutex::new(0),
            demand,
        }
    }

    /// A newer picture. Without viewers it is dropped, so that nobody is shown an old one later.
    pub fn show(&self, picture: Picture) {
        if *crate::lock(&self.viewers) > 0 {
            self.newest.send_replace(Some(Arc::new(picture)));
        }
    }

    /// The encoder told of itself: it is the one that is asked from now on.
    pub fn follow(&self) {
        self.demand.follow();
    }

    /// The encoder is gone: what it left is not the present any more.
    pub fn forget(&self) {
        self.newest.send_replace(None);
    }

    /// Whether [`Pictures::settle`] has something to do, now or later.
    pub fn holds_lease(&self) -> bool {
        self.newest
            .borrow()
            .as_ref()
            .is_some_and(|picture| picture.is_leased())
    }

    /// Gives the newest picture's lease back when it was held long enough.
    pub fn settle(&self, now: Moment) {
        let newest = self.newest.borrow().clone();
        if let Some(picture) = newest.filter(|picture| now.since(picture.arrived) >= MAX_HOLD) {
            picture.copy();
        }
    }

    /// Begins to watch.
    pub fn watch(self: &Arc<Self>) -> Result<Viewer, ViewersFull> {
        let mut viewers = crate::lock(&self.viewers);
        if *viewers >= MAX_VIEWERS {
            return Err(ViewersFull);
        }
        *viewers += 1;
        if *viewers == 1 {
            self.demand.start();
        }
        let mut newest = self.newest.subscribe();
        newest.mark_changed();
        Ok(Viewer {
            pictures: self.clone(),
            newest,
        })
    }

    fn leave(&self) {
        let mut viewers = crate::lock(&self.viewers);
        *viewers -= 1;
        if *viewers == 0 {
            self.newest.send_replace(None);
            self.demand.stop();
        }
    }
}

/// Somebody who watches, until it is dropped.
pub struct Viewer {
    pictures: Arc<Pictures>,
    newest: watch::Receiver<Option<Arc<Picture>>>,
}

impl Viewer {
    /// The newest picture that was not returned before; waits for one.
    pub async fn next(&mut self) -> Arc<Picture> {
        loop {
            // The sender lives in `pictures`, so this never ends in an error.
            let _ = self.newest.changed().await;
            let picture = self.newest.borrow_and_update().clone();
            if let Some(picture) = picture {
                return picture;
            }
        }
    }

    /// Something that completes when there is a newer picture than the one returned last. Looking is not taking.
    pub fn superseded(&self) -> impl std::future::Future<Output = ()> + Send + 'static {
        let mut newest = self.newest.clone();
        async move {
            // Ended is superseded too.
            let _ = newest.changed().await;
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.pictures.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI32, Ordering};

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

    fn pictures() -> (Arc<Pictures>, Wanted) {
        let wanted = Wanted::default();
        (Arc::new(Pictures::new(Box::new(wanted.clone()))), wanted)
    }

    /// A view and a witness of whether its lease is still held.
    fn picture(sequence: u64, now: Moment) -> (Picture, std::sync::Weak<Vec<u8>>) {
        struct Lease(Arc<Vec<u8>>);
        impl Deref for Lease {
            type Target = [u8];
            fn deref(&self) -> &[u8] {
                &self.0
            }
        }
        let bytes = Arc::new(vec![sequence as u8; 10]);
        let witness = Arc::downgrade(&bytes);
        let info = serde_json::json!({
            "sequence": sequence, "captured_ns": 0, "width": 2, "height": 2, "stride": 0, "format": "MJPG"
        });
        (
            Picture::new(
                serde_json::from_value(info).unwrap(),
                Arc::new(Lease(bytes)),
                now,
            ),
            witness,
        )
    }

    fn ready<F: std::future::Future>(future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }

    const NOW: Moment = Moment(5000);

    #[test]
    fn pictures_are_wanted_only_while_somebody_watches() {
        let (pictures, wanted) = pictures();
        let one = pictures.watch().ok().unwrap();
        let two = pictures.watch().ok().unwrap();
        assert_eq!(wanted.0.load(Ordering::SeqCst), 1);
        drop(one);
        assert_eq!(wanted.0.load(Ordering::SeqCst), 1);
        drop(two);
        assert_eq!(wanted.0.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_viewer_gets_the_newest_and_each_once() {
        let (pictures, _) = pictures();
        let mut viewer = pictures.watch().ok().unwrap();
        for n in 1..=3 {
            pictures.show(picture(n, NOW).0);
        }
        assert_eq!(ready(viewer.next()).unwrap().info.sequence, 3);
        assert!(ready(viewer.next()).is_none());
        let mut late = pictures.watch().ok().unwrap();
        assert_eq!(ready(late.next()).unwrap().info.sequence, 3);
    }

    #[test]
    fn a_newer_picture_frees_the_lease_of_the_old_one() {
        let (pictures, _) = pictures();
        let _viewer = pictures.watch().ok().unwrap();
        let (one, held) = picture(1, NOW);
        pictures.show(one);
        assert!(held.upgrade().is_some());
        pictures.show(picture(2, NOW).0);
        assert!(held.upgrade().is_none());
    }

    #[test]
    fn a_slow_writer_is_told_and_goes_on_from_a_copy() {
        let (pictures, _) = pictures();
        let mut viewer = pictures.watch().ok().unwrap();
        let (one, held) = picture(1, NOW);
        pictures.show(one);
        let taken = ready(viewer.next()).unwrap();
        let looking = taken.look();
        assert!(ready(viewer.superseded()).is_none());
        pictures.show(picture(2, NOW).0);
        assert!(ready(viewer.superseded()).is_some());
        let copy = taken.copy();
        drop(looking);
        assert!(held.upgrade().is_none());
        assert_eq!(&copy[..], &[1; 10]);
        assert_eq!(ready(viewer.next()).unwrap().info.sequence, 2);
    }

    #[test]
    fn a_still_picture_gives_its_lease_back_and_can_be_seen_all_the_same() {
        let (pictures, _) = pictures();
        let _viewer = pictures.watch().ok().unwrap();
        let (one, held) = picture(1, NOW);
        pictures.show(one);
        pictures.settle(NOW.after(MAX_HOLD / 2));
        assert!(pictures.holds_lease() && held.upgrade().is_some());
        pictures.settle(NOW.after(MAX_HOLD));
        assert!(!pictures.holds_lease() && held.upgrade().is_none());
        let mut late = pictures.watch().ok().unwrap();
        assert_eq!(&ready(late.next()).unwrap().look()[..], &[1; 10]);
    }

    #[test]
    fn nobody_is_shown_what_was_there_before_all_left() {
        let (pictures, _) = pictures();
        drop(pictures.watch());
        pictures.show(picture(1, NOW).0);
        let mut viewer = pictures.watch().ok().unwrap();
        assert!(ready(viewer.next()).is_none());
    }

    #[test]
    fn viewers_are_bounded() {
        let (pictures, _) = pictures();
        let all: Vec<_> = (0..MAX_VIEWERS)
            .map(|_| pictures.watch().ok().unwrap())
            .collect();
        assert!(pictures.watch().is_err());
        drop(all);
        assert!(pictures.watch().is_ok());
    }
}
