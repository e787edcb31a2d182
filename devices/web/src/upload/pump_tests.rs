use super::*;
use crate::upload::source::PATIENCE;
use http_body_util::{channel::Channel, Full};
use proptest::prelude::*;
use std::{cell::RefCell, convert::Infallible, time::Duration};

/// An update device that keeps what it gets.
#[derive(Default)]
struct Slot {
    kept: RefCell<Vec<u8>>,
    said: RefCell<Vec<String>>,
    refuses: Option<WireError>,
}

impl Slot {
    fn holding(bytes: &[u8]) -> Self {
        Self {
            kept: RefCell::new(bytes.to_vec()),
            ..Self::default()
        }
    }

    fn upload(&self) -> Upload {
        Upload {
            id: "u1".into(),
            offset: self.kept.borrow().len() as u64,
        }
    }

    fn say(&self, what: String) {
        self.said.borrow_mut().push(what);
    }
}

impl Installer for Slot {
    fn begin(&self, begin: &Begin) -> impl Future<Output = Result<Upload, WireError>> + Send {
        self.say(format!("begin {} {}", begin.size, begin.head.len()));
        std::future::ready(self.refuses.clone().map_or_else(|| Ok(self.upload()), Err))
    }

    fn write(&self, chunk: &Chunk) -> impl Future<Output = Result<Upload, WireError>> + Send {
        assert!(chunk.data.len() <= MAX_CHUNK && chunk.id == "u1");
        assert_eq!(chunk.offset, self.upload().offset, "chunks come in order");
        self.kept.borrow_mut().extend_from_slice(&chunk.data);
        std::future::ready(Ok(self.upload()))
    }

    fn finish(&self, upload: &UploadRef) -> impl Future<Output = Result<(), WireError>> + Send {
        self.say(format!("finish {}", upload.id));
        std::future::ready(Ok(()))
    }

    fn stands(&self, _: &Upload, _: &Piece) {}
}

fn order(offset: u64, length: u64, size: u64) -> Order {
    let piece = Piece {
        offset,
        length,
        size,
    };
    Order {
        piece,
        id: (offset > 0).then(|| "u1".to_owned()),
        downgrade: false,
    }
}

fn bundle(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// A body in frames of these sizes, over and over.
fn frames(bytes: &[u8], sizes: &[usize]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
    let mut sizes = sizes.iter().cycle();
    let mut rest = bytes.to_vec();
    let mut parts = std::collections::VecDeque::new();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let after = rest.split_off(size);
        parts.push_back(Bytes::from(std::mem::replace(&mut rest, after)));
    }
    Box::pin(Frames(parts))
}

struct Frames(std::collections::VecDeque<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(
            self.0
                .pop_front()
                .map(|bytes| Ok(hyper::body::Frame::data(bytes))),
        )
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_bundle_begins_is_written_in_order_and_finished() {
    let bytes = bundle(200_000);
    let slot = Slot::default();
    let upload = pump(
        &order(0, 200_000, 200_000),
        frames(&bytes, &[16_384, 1, 9000]),
        &slot,
    )
    .await
    .unwrap();
    assert_eq!(upload.offset, 200_000);
    assert!(*slot.kept.borrow() == bytes, "byte for byte");
    assert_eq!(*slot.said.borrow(), ["begin 200000 16384", "finish u1"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_part_alone_says_where_to_go_on() {
    let bytes = bundle(100_000);
    let slot = Slot::holding(&bytes[..70_000]);
    let (head, rest) = (order(0, 16_384, 100_000), order(70_000, 30_000, 100_000));
    let first = pump(
        &head,
        Full::new(Bytes::copy_from_slice(&bytes[..16_384])),
        &slot,
    );
    assert_eq!(first.await.unwrap().offset, 70_000);
    let rest = pump(&rest, frames(&bytes[70_000..], &[4096]), &slot);
    assert_eq!(rest.await.unwrap().offset, 100_000);
    assert!(*slot.kept.borrow() == bytes);
    assert_eq!(*slot.said.borrow(), ["begin 100000 16384", "finish u1"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_head_is_the_end_of_it() {
    let slot = Slot {
        refuses: Some(WireError::new(ErrorCode::Forbidden, "wrong signature")),
        ..Slot::default()
    };
    let bytes = bundle(90_000);
    let mut body = frames(&bytes, &[8192]);
    let failure = pump(&order(0, 90_000, 90_000), &mut body, &slot)
        .await
        .unwrap_err();
    assert_eq!(failure.to_string(), "wrong signature");
    assert!(slot.kept.borrow().is_empty());
    let mut left = 0;
    while let Some(Ok(frame)) = http_body_util::BodyExt::frame(&mut body).await {
        left += frame.into_data().unwrap_or_default().len();
    }
    assert_eq!(left, 90_000 - 16_384, "nothing after the head was read");
}

#[tokio::test(start_paused = true)]
async fn bodies_that_lie_about_their_length_are_found_out() {
    let slot = Slot::default();
    let short = pump(
        &order(0, 50_000, 50_000),
        frames(&bundle(40_000), &[9000]),
        &slot,
    )
    .await;
    assert_eq!(short, Err(SourceError::Broken.into()));
    assert_eq!(
        slot.upload().offset,
        32_768,
        "whole chunks are kept, to go on from"
    );
    let long = pump(
        &order(0, 100, 100),
        frames(&bundle(101), &[101]),
        &Slot::default(),
    )
    .await;
    assert_eq!(long, Err(SourceError::TooLong.into()));
    let nameless = Order {
        id: None,
        ..order(5, 5, 10)
    };
    let lost = pump(&nameless, frames(&bundle(5), &[5]), &slot).await;
    assert_eq!(lost, Err(Failure::NoId));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_taken_and_a_silent_one_given_up() {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let bytes = bundle(40_000);
    let slot = Slot::default();
    let trickle = async {
        for part in bytes[..39_000].chunks(1000) {
            tokio::time::sleep(PATIENCE - Duration::from_secs(1)).await;
            sender
                .send_data(Bytes::copy_from_slice(part))
                .await
                .unwrap();
        }
        std::future::pending::<()>().await;
    };
    let order = order(0, 40_000, 40_000);
    let done = tokio::select! {
        done = pump(&order, body, &slot) => done,
        () = trickle => unreachable!(),
    };
    assert_eq!(done, Err(SourceError::Stalled.into()));
    assert_eq!(slot.upload().offset, 32_768);
}

/// An update device whose card takes nothing.
struct Stuck(Slot);

impl Installer for Stuck {
    fn begin(&self, begin: &Begin) -> impl Future<Output = Result<Upload, WireError>> + Send {
        self.0.begin(begin)
    }

    fn write(&self, _: &Chunk) -> impl Future<Output = Result<Upload, WireError>> + Send {
        std::future::pending()
    }

    fn finish(&self, _: &UploadRef) -> impl Future<Output = Result<(), WireError>> + Send {
        std::future::pending()
    }

    fn stands(&self, _: &Upload, _: &Piece) {}
}

#[tokio::test(start_paused = true)]
async fn a_slow_card_slows_the_visitor_and_fills_no_memory() {
    let bytes = bundle(4_000_000);
    let mut body = frames(&bytes, &[16_384]);
    let stuck = Stuck(Slot::default());
    let order = order(0, 4_000_000, 4_000_000);
    let waiting = tokio::time::timeout(PATIENCE * 10, pump(&order, &mut body, &stuck)).await;
    assert!(
        waiting.is_err(),
        "it waits for the device, not for the visitor"
    );
    let mut unread = 0;
    while let Some(Ok(frame)) = http_body_util::BodyExt::frame(&mut body).await {
        unread += frame.into_data().unwrap_or_default().len();
    }
    assert_eq!(4_000_000 - unread, MAX_CHUNK, "one chunk was read");
}

proptest! {
    #[test]
    fn in_any_frames_from_any_place_the_device_gets_the_bundle(
        length in 1usize..150_000,
        held in 0usize..150_000,
        sizes in proptest::collection::vec(1usize..40_000, 1..8),
    ) {
        let bytes = bundle(length);
        let slot = Slot::holding(&bytes[..held.min(length)]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let done = runtime.block_on(pump(&order(0, length as u64, length as u64), frames(&bytes, &sizes), &slot));
        prop_assert_eq!(done.unwrap().offset, length as u64);
        prop_assert!(*slot.kept.borrow() == bytes);
    }
}
