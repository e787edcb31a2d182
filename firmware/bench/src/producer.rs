//! The producer device: a frame every sixtieth of a second.

use crate::frame::{interval, now_ns, Painter, BYTES, TOPIC};
use dkvm_sdk::wire::vocab::video::{Colors, FrameInfo};
use dkvm_sdk::wire::QueueClass;
use dkvm_sdk::{FramePool, Identity, Incoming, Link, PoolError, PoolRequest};
use serde::Deserialize;
use tokio::time::{interval as every, MissedTickBehavior};

/// Enough for four readers that are one frame behind.
const POOL: PoolRequest = PoolRequest {
    slot_size: BYTES as u64,
    slots: 8,
    window: 3,
};

#[derive(Deserialize)]
struct Config {
    painter: Painter,
}

pub fn main() -> i32 {
    let identity = Identity {
        produces: &[(TOPIC, QueueClass::Stream)],
        ..Identity::new("bench-producer", env!("CARGO_PKG_VERSION"))
    };
    dkvm_sdk::main(identity, run)
}

async fn run(mut link: Link) -> Result<(), PoolError> {
    let painter = link
        .config::<Config>()
        .map_or(Painter::Cpu, |config| config.painter);
    // Ready first: the kernel answers the pool's request only to a device whose loop turns.
    let pool = FramePool::open(&link, POOL).await?;
    link.ready()?;
    let mut ticks = every(interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut sequence, mut wanted) = (0, false);
    loop {
        tokio::select! {
            incoming = link.next() => match incoming {
                Ok(Incoming::Demand { readers, .. }) => wanted = readers > 0,
                Ok(Incoming::Goodbye { .. }) | Err(_) => return Ok(()),
                Ok(_) => {}
            },
            _ = ticks.tick(), if wanted => {
                sequence += 1;
                publish(&pool, painter, sequence)?;
            }
        }
    }
}

/// No slot free: the frame is dropped, and the gap in the sequence tells.
fn publish(pool: &FramePool, painter: Painter, sequence: u64) -> Result<(), PoolError> {
    let Some(mut slot) = pool.take() else {
        return Ok(());
    };
    painter.paint(&mut slot.bytes_mut()[..BYTES], sequence);
    let info = FrameInfo {
        sequence,
        captured_ns: now_ns(),
        width: 1920,
        height: 1080,
        stride: 3840,
        format: "YUYV".to_owned(),
        colors: Colors::default(),
        unit: None,
    };
    pool.publish(TOPIC, &info, slot, BYTES)
}
