//! From a body to the storage device: chunk after chunk, several under way at a time, because a call's way there and back is
//! longer than its work.

use super::{
    piece::Piece,
    source::{Source, SourceError},
};
use bytes::Bytes;
use dkvm_wire::{
    vocab::storage::{Finished, PutAt, PutBegin, PutChunk, PutFinish, Taken, MAX_CHUNK, WINDOW},
    ErrorCode, WireError,
};
use hyper::body::Body;
use std::{collections::VecDeque, future::Future, pin::Pin};
use thiserror::Error;

/// A chunk under way: sent already, its answer not there yet.
pub type Written = Pin<Box<dyn Future<Output = Result<PutAt, WireError>> + Send>>;

/// Who keeps images: the storage device.
pub trait Library {
    /// `storage.put.begin`
    fn begin(&self, begin: &PutBegin) -> impl Future<Output = Result<PutAt, WireError>> + Send;
    /// `storage.put.write`; it is sent before this returns.
    fn write(&self, chunk: &PutChunk) -> Written;
    /// `storage.put.finish`
    fn finish(
        &self,
        finish: &PutFinish,
    ) -> impl Future<Output = Result<Finished, WireError>> + Send;
}

/// Why it did not go in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageFailure {
    /// The visitor's side.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The storage device's side.
    #[error(transparent)]
    Refused(#[from] WireError),
}

/// Takes one body in. Where the upload stands after it: before the body's place when it is not that far yet, and nothing was taken then.
pub async fn take_image<B, L>(
    (begin, piece): (&PutBegin, &Piece),
    body: B,
    library: &L,
) -> Result<Taken, ImageFailure>
where
    B: Body<Data = Bytes> + Unpin,
    L: Library + Sync,
{
    let at = library.begin(begin).await?;
    if at.offset < piece.offset {
        return Ok(stands(at, None));
    }
    let mut source = Source::new(body, piece.length);
    // What is there already is not written again.
    source.skip(at.offset - piece.offset).await?;
    let at = write_all(at, &mut source, library).await?;
    if at.offset < piece.size {
        return Ok(stands(at, None));
    }
    let finish = PutFinish {
        id: at.id.clone(),
        sha256: begin.sha256.clone(),
    };
    match library.finish(&finish).await {
        Ok(finished) => Ok(stands(at, Some(finished.sha256))),
        // It is read back for longer than a call may take; its end is told by the device's state.
        Err(error) if error.code == ErrorCode::Timeout => Ok(stands(at, None)),
        Err(error) => Err(error.into()),
    }
}

fn stands(at: PutAt, sha256: Option<String>) -> Taken {
    Taken {
        id: at.id,
        offset: at.offset,
        sha256,
    }
}

async fn write_all<B, L>(
    mut at: PutAt,
    source: &mut Source<B>,
    library: &L,
) -> Result<PutAt, ImageFailure>
where
    B: Body<Data = Bytes> + Unpin,
    L: Library,
{
    let mut under_way: VecDeque<Written> = VecDeque::with_capacity(WINDOW);
    loop {
        let data = source.next(MAX_CHUNK).await?;
        if under_way.len() == WINDOW || data.is_empty() {
            match under_way.pop_front() {
                Some(first) => drop(first.await?),
                None => return Ok(at),
            }
        }
        if data.is_empty() {
            continue;
        }
        let length = data.len() as u64;
        under_way.push_back(library.write(&PutChunk {
            id: at.id.clone(),
            offset: at.offset,
            data: data.to_vec(),
        }));
        at.offset += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use proptest::prelude::*;
    use std::sync::{Arc, Mutex};

    /// A storage device that keeps what it gets.
    #[derive(Default)]
    struct Shelf {
        kept: Mutex<Vec<u8>>,
        under_way: Arc<Mutex<usize>>,
        most: Arc<Mutex<usize>>,
        full_at: Option<usize>,
    }

    impl Shelf {
        fn at(&self) -> PutAt {
            PutAt {
                id: "u1".into(),
                offset: self.kept.lock().unwrap().len() as u64,
            }
        }
    }

    impl Library for Shelf {
        fn begin(&self, _: &PutBegin) -> impl Future<Output = Result<PutAt, WireError>> + Send {
            std::future::ready(Ok(self.at()))
        }

        fn write(&self, chunk: &PutChunk) -> Written {
            assert!(!chunk.data.is_empty() && chunk.data.len() <= MAX_CHUNK);
            let wanted = self.at();
            let full = self
                .full_at
                .is_some_and(|full| wanted.offset as usize >= full);
            if full || chunk.offset != wanted.offset {
                let error = WireError::new(ErrorCode::Exhausted, "full");
                return Box::pin(std::future::ready(Err(error)));
            }
            self.kept.lock().unwrap().extend_from_slice(&chunk.data);
            let now = {
                let mut under_way = self.under_way.lock().unwrap();
                *under_way += 1;
                *under_way
            };
            let mut most = self.most.lock().unwrap();
            *most = now.max(*most);
            let (under_way, at) = (self.under_way.clone(), self.at());
            Box::pin(async move {
                *under_way.lock().unwrap() -= 1;
                Ok(at)
            })
        }

        fn finish(
            &self,
            _: &PutFinish,
        ) -> impl Future<Output = Result<Finished, WireError>> + Send {
            let finished = Finished {
                name: "a".into(),
                sha256: "9f".into(),
            };
            std::future::ready(Ok(finished))
        }
    }

    fn begin(size: u64) -> PutBegin {
        PutBegin {
            name: "a".into(),
            size,
            sha256: None,
            tag: String::new(),
            onto: None,
        }
    }

    async fn send(
        shelf: &Shelf,
        whole: &[u8],
        part: (usize, usize),
    ) -> Result<Taken, ImageFailure> {
        let (from, to) = part;
        let size = whole.len() as u64;
        let piece = Piece {
            offset: from as u64,
            length: (to - from) as u64,
            size,
        };
        let body = Full::new(Bytes::copy_from_slice(&whole[from..to]));
        take_image((&begin(size), &piece), body, shelf).await
    }

    #[tokio::test]
    async fn as_many_are_under_way_as_may_and_all_arrive() {
        let (shelf, whole) = (Shelf::default(), vec![7; MAX_CHUNK * 20 + 5]);
        let taken = send(&shelf, &whole, (0, whole.len())).await.unwrap();
        assert_eq!(
            (taken.offset, taken.sha256.as_deref()),
            (whole.len() as u64, Some("9f"))
        );
        assert!(*shelf.kept.lock().unwrap() == whole);
        assert_eq!(*shelf.most.lock().unwrap(), WINDOW);
    }

    #[tokio::test]
    async fn a_part_from_further_on_is_not_taken_and_told_where_to_go_on() {
        let (shelf, whole) = (Shelf::default(), vec![7; 100]);
        let taken = send(&shelf, &whole, (50, 100)).await.unwrap();
        assert_eq!((taken.offset, taken.sha256), (0, None));
        assert!(shelf.kept.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_the_device_refuses_ends_it() {
        let shelf = Shelf {
            full_at: Some(MAX_CHUNK * 2),
            ..Shelf::default()
        };
        let whole = vec![7; MAX_CHUNK * 20];
        let failed = send(&shelf, &whole, (0, whole.len())).await.unwrap_err();
        assert!(matches!(failed, ImageFailure::Refused(error) if error.message == "full"));
    }

    proptest! {
        #[test]
        fn any_parts_in_any_order_make_the_whole(parts in prop::collection::vec((0..3000usize, 0..3000usize), 1..12)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let (shelf, whole) = (Shelf::default(), (0..3000u32).map(|n| n as u8).collect::<Vec<_>>());
            for (from, length) in parts {
                let to = (from + length + 1).min(whole.len());
                let taken = runtime.block_on(send(&shelf, &whole, (from, to))).unwrap();
                prop_assert_eq!(taken.offset as usize, shelf.kept.lock().unwrap().len());
            }
            let taken = runtime.block_on(send(&shelf, &whole, (0, whole.len()))).unwrap();
            prop_assert!(taken.sha256.is_some());
            prop_assert!(*shelf.kept.lock().unwrap() == whole);
        }
    }
}
