//! `/api/video`: the newest picture, as often as the page has room for one.

use super::{
    frame::{encode, push_head, Message, Opcode, MAX_HEAD},
    link::{Ending, Read, Write},
};
use crate::{
    clock::monotonic_ns,
    state::{Picture, Shown, Viewer, MAX_HOLD},
};
use dkvm_wire::vocab::{page::VIDEO_HEAD_LEN, video::FrameInfo};
use std::{future::poll_fn, io, io::IoSlice, pin::Pin};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{mpsc, Semaphore},
    time::sleep,
};

/// Pictures under way: one that is shown while the next travels.
const CREDITS: usize = 2;
/// Pings that wait for their answer.
pub(super) const PINGS: usize = 4;

/// Until one side ends it.
pub async fn run(viewer: Viewer, reader: &mut Read, write: &mut Write) -> Ending {
    let credits = Semaphore::new(CREDITS);
    let (pings, mut pinged) = mpsc::channel(PINGS);
    tokio::select! {
        ending = listen(reader, || give(&credits), &pings) => ending,
        ending = show(viewer, write, &credits, &mut pinged) => ending,
    }
}

/// What the page says: `shown` for each picture, and no more.
pub(super) async fn listen(
    reader: &mut Read,
    shown: impl Fn(),
    pings: &mpsc::Sender<Vec<u8>>,
) -> Ending {
    loop {
        match reader.next().await {
            Ok(Message::Binary(bytes)) if bytes.is_empty() => shown(),
            Ok(Message::Binary(_) | Message::Text(_)) => {
                return Ending::policy(
                    "this socket takes empty binary messages only: one for each picture shown",
                );
            }
            // More pings than can be answered are a flood; one answer is enough for all of them.
            Ok(Message::Ping(payload)) => drop(pings.try_send(payload)),
            Ok(Message::Pong) => {}
            Ok(Message::Close) => return Ending::Closed,
            Err(ending) => return ending,
        }
    }
}

/// A page that answers more than it was sent gains nothing by it.
fn give(credits: &Semaphore) {
    if credits.available_permits() < CREDITS {
        credits.add_permits(1);
    }
}

async fn show(
    mut viewer: Viewer,
    write: &mut Write,
    credits: &Semaphore,
    pings: &mut mpsc::Receiver<Vec<u8>>,
) -> Ending {
    loop {
        let done = tokio::select! {
            picture = next(&mut viewer, credits) => send(&viewer, &picture, write).await,
            Some(payload) = pings.recv() => write.write_all(&encode(Opcode::Pong, &payload)).await,
        };
        let done = match done {
            Ok(()) => write.flush().await,
            error => error,
        };
        if let Err(error) = done {
            return error.into();
        }
    }
}

/// Credit first: the picture is then the newest of that moment. Cancel-safe: nothing is spent before both are there.
async fn next(viewer: &mut Viewer, credits: &Semaphore) -> std::sync::Arc<Picture> {
    let credit = credits.acquire().await;
    let picture = viewer.next().await;
    // Closed it is never.
    if let Ok(credit) = credit {
        credit.forget();
    }
    picture
}

/// Head of the WebSocket frame and of the picture.
fn head(info: &FrameInfo, jpeg: usize, now_ns: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(MAX_HEAD + VIDEO_HEAD_LEN);
    push_head(&mut head, Opcode::Binary, VIDEO_HEAD_LEN + jpeg);
    push_info(&mut head, info, now_ns);
    head
}

/// What every picture's head says.
pub(super) fn push_info(head: &mut Vec<u8>, info: &FrameInfo, now_ns: u64) {
    for field in [info.sequence, info.captured_ns, now_ns] {
        head.extend_from_slice(&field.to_le_bytes());
    }
    for field in [info.width, info.height] {
        head.extend_from_slice(&field.to_le_bytes());
    }
}

/// Straight from shared memory into the TLS record. When a newer picture is there, or it takes long, the lease
/// goes back, and the rest comes from a copy.
async fn send(viewer: &Viewer, picture: &Picture, write: &mut Write) -> io::Result<()> {
    let mut shown = picture.look();
    let head = head(&picture.info, shown.len(), monotonic_ns());
    let mut superseded = std::pin::pin!(viewer.superseded());
    let mut long = std::pin::pin!(sleep(MAX_HOLD));
    let mut sent = 0;
    while sent < head.len() + shown.len() {
        tokio::select! {
            biased;
            written = write_some(write, &head, &shown, sent) => sent += written?,
            () = &mut superseded, if shown.is_leased() => shown = Shown::Copied(picture.copy()),
            () = &mut long, if shown.is_leased() => shown = Shown::Copied(picture.copy()),
        }
    }
    Ok(())
}

/// Writes on from byte `sent`.
async fn write_some(write: &mut Write, head: &[u8], body: &[u8], sent: usize) -> io::Result<usize> {
    let rest = [
        IoSlice::new(head.get(sent..).unwrap_or_default()),
        IoSlice::new(&body[sent.saturating_sub(head.len())..]),
    ];
    match poll_fn(|cx| Pin::new(&mut *write).poll_write_vectored(cx, &rest)).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        written => Ok(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_as_the_vocabulary_says() {
        let info = serde_json::json!({
            "sequence": 1, "captured_ns": 2, "width": 4, "height": 5, "stride": 0, "format": "MJPG"
        });
        let head = head(&serde_json::from_value(info).unwrap(), 1000, 3);
        assert_eq!(head[..4], [0x82, 126, 4, 8]);
        assert_eq!(head.len(), 4 + VIDEO_HEAD_LEN);
        assert_eq!(head[4..12], 1u64.to_le_bytes());
        assert_eq!(head[12..20], 2u64.to_le_bytes());
        assert_eq!(head[20..28], 3u64.to_le_bytes());
        assert_eq!(
            (&head[28..32], &head[32..36]),
            (&4u32.to_le_bytes()[..], &5u32.to_le_bytes()[..])
        );
    }

    #[test]
    fn credit_cannot_be_hoarded() {
        let credits = Semaphore::new(CREDITS);
        for _ in 0..100 {
            give(&credits);
        }
        assert_eq!(credits.available_permits(), CREDITS);
    }
}
