use dkvm_wire::service::LogLine;
use std::collections::VecDeque;

/// Lines kept for `log.tail`: a screen or two of each device.
const KEPT: usize = 1000;

/// The last lines of all.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    lines: VecDeque<LogLine>,
}

impl Ring {
    pub(crate) fn push(&mut self, line: LogLine) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The newest `limit` lines, of one device or all, oldest first.
    pub(crate) fn tail(&self, of: Option<&str>, limit: usize) -> Vec<LogLine> {
        let matching = self
            .lines
            .iter()
            .rev()
            .filter(|line| of.is_none_or(|name| line.device == name));
        let mut lines: Vec<_> = matching.take(limit).cloned().collect();
        lines.reverse();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::{service::Level, Generation};

    fn line(device: &str, n: usize) -> LogLine {
        LogLine {
            at_uptime_ms: 0,
            device: device.into(),
            generation: Generation(1),
            level: Level::Info,
            text: n.to_string(),
        }
    }

    #[test]
    fn the_newest_come_oldest_first() {
        let mut ring = Ring::default();
        for n in 0..KEPT + 10 {
            ring.push(line(if n % 2 == 0 { "a" } else { "b" }, n));
        }
        let texts =
            |lines: Vec<LogLine>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts(ring.tail(None, 2)), ["1008", "1009"]);
        assert_eq!(texts(ring.tail(Some("a"), 2)), ["1006", "1008"]);
        assert_eq!(ring.tail(None, usize::MAX).len(), KEPT);
    }
}
