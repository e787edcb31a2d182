//! Which interfaces forward because of us. Linux's own switch for all (`ip_forward`) is never touched: only the interface to
//! the target and those that lead on forward, and only while somebody wants it.

use crate::keep::{text, Keep};
use dkvm_network::{
    backend::{Backend, Change, Forwarding},
    core::seen::Seen,
};
use std::path::Path;

/// A number's longest text.
const MOST: u64 = 32;

/// Those of the wanted that forward because of us: not those that do already.
pub fn plan(keep: &Keep, wanted: &[String]) -> Vec<String> {
    let opened = keep.opened();
    let ours = |name: &&String| opened.contains(name) || !forwards(name);
    wanted.iter().filter(ours).cloned().collect()
}

/// Makes those forward, and takes it back from all others that did because of us.
pub async fn allow(backend: &mut Backend, keep: &Keep, seen: &[Seen], wanted: &[String]) {
    let before = keep.opened();
    let now = plan(keep, wanted);
    if now != before {
        if let Err(error) = keep.set_opened(&now) {
            dkvm_sdk::warn!("cannot remember which interfaces forward: {error}");
        }
    }
    let index = |name: &String| {
        seen.iter()
            .find(|one| one.name == *name)
            .map(|one| one.index)
    };
    for name in before.iter().filter(|name| !now.contains(name)) {
        turn(backend, name, index(name), Forwarding::Off).await;
    }
    for name in now.iter().filter(|name| !forwards(name)) {
        turn(backend, name, index(name), Forwarding::On).await;
    }
}

async fn turn(backend: &mut Backend, name: &str, index: Option<u32>, forwarding: Forwarding) {
    // One that is gone forwards nothing.
    let Some(index) = index else { return };
    let change = Change::Forward(forwarding);
    if let Err(error) = backend.change(index, change).await {
        dkvm_sdk::warn!("{name} {change}: {error}");
    }
}

fn forwards(name: &str) -> bool {
    let path = Path::new("/proc/sys/net/ipv4/conf")
        .join(name)
        .join("forwarding");
    text(&path, MOST).trim() == "1"
}

/// One of the interface's counters.
pub fn bytes(name: &str, which: &str) -> u64 {
    let path = Path::new("/sys/class/net")
        .join(name)
        .join("statistics")
        .join(which);
    text(&path, MOST).trim().parse().unwrap_or_default()
}
