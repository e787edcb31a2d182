//! Which node's nonsense gets a line in the log. Pure.

use super::turns::Turns;
use crate::clock::Moment;
use std::{collections::BTreeMap, time::Duration};

/// A line about a node so often: the log is everybody's.
const EVERY: Duration = Duration::from_secs(60);
/// Nodes that are remembered; as many can be paired.
const MAX_NODES: usize = 64;

/// About whom a line was written, and when.
#[derive(Debug, Default)]
pub struct Complaints(BTreeMap<String, Turns>);

impl Complaints {
    /// Whether a line is to be written about this node now.
    pub fn note(&mut self, node: &str, now: Moment) -> bool {
        if let Some(turns) = self.0.get_mut(node) {
            return turns.take(1, now);
        }
        if self.0.len() >= MAX_NODES {
            // Names of nodes come and go.
            self.0.retain(|_, turns| turns.next(1) > now);
        }
        let has_room = self.0.len() < MAX_NODES;
        if has_room {
            let mut turns = Turns::new(1, EVERY, now);
            turns.take(1, now);
            self.0.insert(node.to_owned(), turns);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_gets_a_line_a_minute_and_not_one_more() {
        let mut complaints = Complaints::default();
        let lines = (0..180_000).filter(|ms| complaints.note("lab", Moment(*ms)));
        assert_eq!(lines.count(), 3);
        assert!(complaints.note("office", Moment(0)));
    }

    #[test]
    fn names_without_end_are_bounded() {
        let mut complaints = Complaints::default();
        let line = |complaints: &mut Complaints, n: usize, ms| {
            complaints.note(&format!("n{n}"), Moment(ms))
        };
        let lines = (0..1000).filter(|n| line(&mut complaints, *n, 5));
        assert_eq!(lines.count(), MAX_NODES);
        assert!(line(&mut complaints, 2000, 60_005));
        assert!(complaints.0.len() <= MAX_NODES);
    }
}
