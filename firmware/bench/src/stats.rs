//! Latencies in numbers.

use serde::{Deserialize, Serialize};

/// What a consumer tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Frames measured.
    pub frames: usize,
    /// Frames that the producer numbered and that never came.
    pub lost: u64,
    /// Middle of the latencies, ns.
    pub median_ns: u64,
    /// 99 of 100 are below, ns.
    pub p99_ns: u64,
    /// The worst, ns.
    pub max_ns: u64,
}

/// Collects one latency per frame, after the warm-up.
#[derive(Debug)]
pub struct Latencies {
    wanted: usize,
    skip: usize,
    all: Vec<u64>,
    last: Option<u64>,
    lost: u64,
}

impl Latencies {
    pub fn new(wanted: usize, skip: usize) -> Self {
        Self {
            wanted,
            skip,
            all: Vec::with_capacity(wanted),
            last: None,
            lost: 0,
        }
    }

    /// Adds a frame; `Some` once, when all are there.
    pub fn add(&mut self, sequence: u64, latency_ns: u64) -> Option<Report> {
        if self.skip > 0 {
            self.skip -= 1;
            self.last = Some(sequence);
            return None;
        }
        if self.all.len() == self.wanted {
            return None;
        }
        let expected = self.last.map_or(sequence, |last| last + 1);
        self.lost += sequence.saturating_sub(expected);
        self.last = Some(sequence);
        self.all.push(latency_ns);
        (self.all.len() == self.wanted).then(|| self.report())
    }

    fn report(&mut self) -> Report {
        self.all.sort_unstable();
        let at = |percent: usize| {
            self.all
                .get((self.all.len() - 1) * percent / 100)
                .copied()
                .unwrap_or(0)
        };
        let (frames, lost) = (self.all.len(), self.lost);
        Report {
            frames,
            lost,
            median_ns: at(50),
            p99_ns: at(99),
            max_ns: at(100),
        }
    }
}

/// Several consumers as one: the median of medians would hide the slowest, so the worst of each counts.
pub fn worst(reports: &[Report]) -> Report {
    let max = |field: fn(&Report) -> u64| reports.iter().map(field).max().unwrap_or(0);
    Report {
        frames: reports.iter().map(|r| r.frames).min().unwrap_or(0),
        lost: max(|r| r.lost),
        median_ns: max(|r| r.median_ns),
        p99_ns: max(|r| r.p99_ns),
        max_ns: max(|r| r.max_ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_is_left_out_and_gaps_are_counted() {
        let mut latencies = Latencies::new(4, 1);
        let got: Vec<_> = [(1, 9999), (2, 40), (3, 10), (6, 30), (7, 20), (8, 5)]
            .into_iter()
            .filter_map(|(sequence, latency)| latencies.add(sequence, latency))
            .collect();
        assert_eq!(got.len(), 1);
        assert_eq!(
            (got[0].frames, got[0].lost, got[0].median_ns, got[0].max_ns),
            (4, 2, 20, 40)
        );
    }
}
