//! `/api/video?codec=h264`: one access unit after another, each page its own chain of them.

use super::{
    frame::{encode, push_head, Opcode, MAX_HEAD},
    link::{Ending, Read, Write},
    video,
};
use crate::{
    clock::monotonic_ns,
    state::{Unit, UnitViewer},
};
use dkvm_wire::vocab::page::{VIDEO_KEY, VIDEO_UNIT_HEAD_LEN};
use std::io;
use tokio::{io::AsyncWriteExt, sync::mpsc};

/// Until one side ends it.
pub async fn run(viewer: UnitViewer, reader: &mut Read, write: &mut Write) -> Ending {
    let (pings, mut pinged) = mpsc::channel(video::PINGS);
    tokio::select! {
        ending = video::listen(reader, || viewer.shown(), &pings) => ending,
        ending = show(&viewer, write, &mut pinged) => ending,
    }
}

async fn show(
    viewer: &UnitViewer,
    write: &mut Write,
    pings: &mut mpsc::Receiver<Vec<u8>>,
) -> Ending {
    loop {
        let sent = tokio::select! {
            unit = viewer.next() => send(&unit, write).await,
            Some(payload) = pings.recv() => write.write_all(&encode(Opcode::Pong, &payload)).await,
        };
        let done = match sent {
            Ok(()) => write.flush().await,
            error => error,
        };
        if let Err(error) = done {
            return error.into();
        }
    }
}

async fn send(unit: &Unit, write: &mut Write) -> io::Result<()> {
    write.write_all(&head(unit, monotonic_ns())).await?;
    write.write_all(&unit.bytes).await
}

/// Head of the WebSocket frame and of the unit.
fn head(unit: &Unit, now_ns: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(MAX_HEAD + VIDEO_UNIT_HEAD_LEN);
    push_head(
        &mut head,
        Opcode::Binary,
        VIDEO_UNIT_HEAD_LEN + unit.bytes.len(),
    );
    video::push_info(&mut head, &unit.info, now_ns);
    let flags = if unit.key { VIDEO_KEY } else { 0 };
    head.extend_from_slice(&flags.to_le_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::vocab::video::FrameInfo;

    #[test]
    fn the_head_is_a_pictures_and_the_flags() {
        let unit = |key| Unit {
            info: FrameInfo {
                sequence: 1,
                height: 5,
                ..FrameInfo::default()
            },
            key,
            bytes: vec![0; 1000].into(),
        };
        let head = head(&unit(true), 3);
        assert_eq!((head.len(), &head[..4]), (4 + 36, &[0x82, 126, 4, 12][..]));
        assert_eq!(head[4..12], 1_u64.to_le_bytes());
        assert_eq!(
            (&head[32..36], &head[36..]),
            (&5_u32.to_le_bytes()[..], &1_u32.to_le_bytes()[..])
        );
        assert_eq!(super::head(&unit(false), 3)[36..], [0; 4]);
    }
}
