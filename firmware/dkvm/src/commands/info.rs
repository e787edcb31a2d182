//! `dkvm info`

use super::Session;
use crate::error::CliError;
use crate::format::{bytes, count, duration};
use crate::output::{self, Form};
use dkvm_wire::service::{methods, ImageInfo, KernelInfo, MemoryStats, Nothing, Slot};
use dkvm_wire::vocab::peer::{self, PeerState};
use serde::Serialize;

/// The answer as JSON.
#[derive(Serialize)]
struct Info {
    kernel: KernelInfo,
    memory: MemoryStats,
    /// SHA-256 of the node's key, where it talks to other nodes.
    fingerprint: Option<String>,
}

pub fn run(session: &mut Session, form: Form) -> Result<(), CliError> {
    let kernel = session.ask(methods::KERNEL_INFO)?;
    let memory = session.ask(methods::MEMORY_STATS)?;
    // A node without the device, or one that does not let us ask, has none to show.
    let method = format!("peer/{}", peer::methods::GET);
    let peers = session.call_once::<_, PeerState>(&method, &Nothing {});
    let fingerprint = peers.ok().map(|peers| peers.fingerprint);
    let info = Info {
        kernel,
        memory,
        fingerprint,
    };
    match form {
        Form::Json => output::json(&info),
        Form::Text => output::lines(&tell(&info)),
    }
}

fn tell(info: &Info) -> Vec<String> {
    let Info { kernel, memory, .. } = info;
    let mut lines = vec![
        format!("node     {}", output::harmless(&kernel.node)),
        format!("version  {}", output::harmless(&kernel.version)),
        format!("up       {}", duration(kernel.uptime_ms)),
        format!("boot     {}", output::harmless(&kernel.boot)),
        format!("memory   {}", memory_line(memory)),
    ];
    lines.extend(kernel.image.as_ref().map(image_line));
    let key = info.fingerprint.as_ref();
    lines.extend(key.map(|key| format!("key      {}", output::harmless(key))));
    let notices = kernel.notices.iter();
    lines.extend(notices.map(|text| format!("notice   {}", output::harmless(text))));
    lines
}

fn image_line(image: &ImageInfo) -> String {
    let slot = |slot| match slot {
        Slot::A => "A",
        Slot::B => "B",
    };
    let trial = if image.slot == image.committed {
        String::new()
    } else {
        format!(
            ", on trial: the next power-on starts {}",
            slot(image.committed)
        )
    };
    format!(
        "image    {} for {}, slot {}{trial}",
        output::harmless(&image.version),
        output::harmless(&image.board),
        slot(image.slot),
    )
}

/// Shared memory in one line.
pub fn memory_line(memory: &MemoryStats) -> String {
    let (used, budget) = (bytes(memory.bytes), bytes(memory.budget));
    let (pools, leases) = (
        count(memory.pools as usize, "pool"),
        count(memory.leases as usize, "lease"),
    );
    format!(
        "{used} of {budget} in {pools}, {leases} ({} granted ahead)",
        memory.granted
    )
}
