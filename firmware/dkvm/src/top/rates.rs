//! From two samples of the kernel's counters to what happens per second. Pure.

use dkvm_wire::service::{DeviceInfo, KernelInfo, MemoryStats, Phase};
use dkvm_wire::DeviceName;
use serde::Serialize;

/// What the kernel said at one moment.
#[derive(Debug, Clone)]
pub struct Sample {
    pub kernel: KernelInfo,
    pub memory: MemoryStats,
    pub devices: Vec<DeviceInfo>,
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picture {
    pub kernel: KernelInfo,
    pub memory: MemoryStats,
    pub devices: Vec<Row>,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub name: DeviceName,
    pub phase: Phase,
    pub detail: Option<String>,
    pub uptime_ms: u64,
    /// Starts after the first.
    pub restarts: u32,
    pub deaths: u32,
    /// Events routed from it, per second.
    pub events_out: f64,
    /// Events routed to it, per second.
    pub events_in: f64,
    /// Events with leases routed from it, per second.
    pub frames: f64,
    /// Stream events dropped on the way to it, since the kernel's start.
    pub dropped: u64,
    pub rss: u64,
    pub leases: u32,
}

impl Picture {
    /// The picture at `now`, with rates since `before` if that is of the same kernel.
    pub fn between(before: Option<&Sample>, now: &Sample) -> Self {
        let before = before.filter(|before| before.kernel.boot == now.kernel.boot);
        let elapsed_ms = before.map_or(0, |b| {
            now.kernel.uptime_ms.saturating_sub(b.kernel.uptime_ms)
        });
        let row = |device: &DeviceInfo| {
            let old = before.and_then(|b| b.devices.iter().find(|old| old.name == device.name));
            Row::new(old, device, elapsed_ms)
        };
        Self {
            kernel: now.kernel.clone(),
            memory: now.memory.clone(),
            devices: now.devices.iter().map(row).collect(),
        }
    }
}

impl Row {
    fn new(old: Option<&DeviceInfo>, now: &DeviceInfo, elapsed_ms: u64) -> Self {
        let rate = |count: fn(&DeviceInfo) -> u64| {
            old.map_or(0.0, |old| {
                per_second(count(now).saturating_sub(count(old)), elapsed_ms)
            })
        };
        Self {
            name: now.name.clone(),
            phase: now.phase,
            detail: now.detail.clone(),
            uptime_ms: now.uptime_ms,
            restarts: now.generation.0.saturating_sub(1),
            deaths: now.deaths,
            events_out: rate(|d| d.events_out),
            events_in: rate(|d| d.events_in),
            frames: rate(|d| d.frames_out),
            dropped: now.dropped,
            rss: now.rss,
            leases: now.leases,
        }
    }
}

/// One digit behind the point is all that a second of counting can tell.
#[allow(clippy::cast_precision_loss)]
fn per_second(count: u64, elapsed_ms: u64) -> f64 {
    if elapsed_ms == 0 {
        return 0.0;
    }
    (count as f64 * 10_000.0 / elapsed_ms as f64).round() / 10.0
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use dkvm_wire::service::Desired;
    use dkvm_wire::Generation;

    pub fn device(name: &str, events: u64, frames: u64) -> DeviceInfo {
        DeviceInfo {
            name: DeviceName::try_from(name).unwrap(),
            desired: Desired::Up,
            phase: Phase::Running,
            detail: None,
            generation: Generation(3),
            pid: Some(7),
            uptime_ms: 61_000,
            deaths: 2,
            events_out: events,
            events_in: events / 2,
            frames_out: frames,
            dropped: 1,
            rss: 3 << 20,
            leases: 2,
        }
    }

    pub fn sample(boot: &str, uptime_ms: u64, devices: Vec<DeviceInfo>) -> Sample {
        let (version, node, boot) = ("0.1.0".to_owned(), "pi".to_owned(), boot.to_owned());
        let kernel = KernelInfo {
            version,
            node,
            uptime_ms,
            boot,
            ..KernelInfo::default()
        };
        let memory = MemoryStats {
            bytes: 32 << 20,
            budget: 96 << 20,
            pools: 1,
            leases: 4,
            granted: 2,
        };
        Sample {
            kernel,
            memory,
            devices,
        }
    }

    #[test]
    fn rates_are_per_second_of_the_kernels_clock() {
        let before = sample("a", 1_000, vec![device("capture", 100, 10)]);
        let now = sample("a", 3_000, vec![device("capture", 220, 130)]);
        let row = &Picture::between(Some(&before), &now).devices[0];
        assert_eq!(
            (row.events_out, row.events_in, row.frames, row.restarts),
            (60.0, 30.0, 60.0, 2)
        );
    }

    #[test]
    fn nothing_is_said_of_rates_across_a_restart_of_the_kernel_or_of_a_new_device() {
        let before = sample("a", 1_000, vec![device("capture", 100, 10)]);
        let rebooted = sample("b", 3_000, vec![device("capture", 220, 130)]);
        assert_eq!(
            Picture::between(Some(&before), &rebooted).devices[0].frames,
            0.0
        );
        let newcomer = sample("a", 3_000, vec![device("web", 220, 130)]);
        assert_eq!(
            Picture::between(Some(&before), &newcomer).devices[0].frames,
            0.0
        );
        assert_eq!(Picture::between(None, &before).devices[0].events_out, 0.0);
    }

    #[test]
    fn two_samples_of_one_millisecond_are_no_division_by_zero() {
        let one = sample("a", 1_000, vec![device("capture", 100, 10)]);
        let two = sample("a", 1_000, vec![device("capture", 200, 10)]);
        assert_eq!(
            Picture::between(Some(&one), &two).devices[0].events_out,
            0.0
        );
    }
}
