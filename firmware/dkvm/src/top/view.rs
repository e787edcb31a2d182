//! The picture as lines of text. Pure.

use super::rates::{Picture, Row};
use crate::commands::memory_line;
use crate::format::{bytes, duration, phase};
use crate::output::harmless;
use crate::table::{render, Align};

const HEAD: [(&str, Align); 11] = [
    ("NAME", Align::Left),
    ("STATE", Align::Left),
    ("UP", Align::Right),
    ("RESTARTS", Align::Right),
    ("EV OUT/S", Align::Right),
    ("EV IN/S", Align::Right),
    ("FRAMES/S", Align::Right),
    ("DROPPED", Align::Right),
    ("MEM", Align::Right),
    ("LEASES", Align::Right),
    ("DETAIL", Align::Left),
];

/// Two lines on the kernel, an empty one, the table.
pub fn lines(picture: &Picture) -> Vec<String> {
    let kernel = &picture.kernel;
    let (node, version) = (harmless(&kernel.node), harmless(&kernel.version));
    let mut lines = vec![
        format!("{node}  dkvm {version}  up {}", duration(kernel.uptime_ms)),
        format!("shared memory: {}", memory_line(&picture.memory)),
        String::new(),
    ];
    lines.extend(render(
        HEAD,
        &picture.devices.iter().map(row).collect::<Vec<_>>(),
    ));
    lines
}

fn row(device: &Row) -> [String; 11] {
    [
        device.name.to_string(),
        phase(device.phase).to_owned(),
        if device.uptime_ms == 0 {
            "-".to_owned()
        } else {
            duration(device.uptime_ms)
        },
        device.restarts.to_string(),
        format!("{:.1}", device.events_out),
        format!("{:.1}", device.events_in),
        format!("{:.1}", device.frames),
        device.dropped.to_string(),
        bytes(device.rss),
        device.leases.to_string(),
        device.detail.as_deref().map(harmless).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::rates::tests::{device, sample};
    use super::*;

    #[test]
    fn the_picture_as_it_is_printed() {
        let before = sample(
            "a",
            1_000,
            vec![device("capture", 0, 0), device("web", 0, 0)],
        );
        let now = sample(
            "a",
            2_000,
            vec![device("capture", 120, 60), device("web", 7, 0)],
        );
        let lines = lines(&Picture::between(Some(&before), &now));
        let expected = [
            "pi  dkvm 0.1.0  up 2s",
            "shared memory: 32.0 M of 96.0 M in 1 pool, 4 leases (2 granted ahead)",
            "",
            "NAME     STATE        UP  RESTARTS  EV OUT/S  EV IN/S  FRAMES/S  DROPPED    MEM  LEASES  DETAIL",
            "capture  running  1m 01s         2     120.0     60.0      60.0        1  3.0 M       2",
            "web      running  1m 01s         2       7.0      3.0       0.0        1  3.0 M       2",
        ];
        assert_eq!(lines, expected);
    }
}
