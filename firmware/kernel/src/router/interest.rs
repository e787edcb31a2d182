use dkvm_wire::QueueClass;

/// Topics that a device may name in `consumes`, and in `want`; more would make each table walk long.
const MOST: usize = 256;

/// What a device said that it wants.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    consumes: Vec<String>,
    /// What it said by `want`, which overrides the default of the class.
    said: Vec<(String, Wanted)>,
}

/// Whether a topic is wanted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Yes,
    No,
}

impl Interest {
    pub(crate) fn new(mut consumes: Vec<String>) -> Self {
        consumes.truncate(MOST);
        Self {
            consumes,
            said: Vec::new(),
        }
    }

    /// `want`. Returns whether anything changed.
    pub(crate) fn say(&mut self, topic: &str, want: bool) -> bool {
        let wanted = if want { Wanted::Yes } else { Wanted::No };
        if let Some((_, before)) = self.said.iter_mut().find(|(of, _)| of == topic) {
            return std::mem::replace(before, wanted) != wanted;
        }
        let room = self.said.len() < MOST;
        if room {
            self.said.push((topic.to_owned(), wanted));
        }
        room
    }

    /// Whether an event is to be sent to it: everything it consumes, but streams only after a `want`.
    pub(crate) fn takes(&self, topic: &str, class: QueueClass) -> bool {
        if !self.consumes.iter().any(|pattern| matches(pattern, topic)) {
            return false;
        }
        match self.said.iter().find(|(of, _)| of == topic) {
            Some((_, wanted)) => *wanted == Wanted::Yes,
            None => class != QueueClass::Stream,
        }
    }
}

fn matches(pattern: &str, topic: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == topic, |prefix| topic.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use QueueClass::{Input, State, Stream};

    #[test]
    fn streams_wait_for_a_want() {
        let mut interest = Interest::new(vec!["video.*".into(), "keys".into()]);
        assert!(interest.takes("video.state", State) && interest.takes("keys", Input));
        assert!(!interest.takes("video.raw", Stream) && !interest.takes("other", State));
        assert!(interest.say("video.raw", true) && !interest.say("video.raw", true));
        assert!(interest.takes("video.raw", Stream));
        assert!(interest.say("keys", false) && !interest.takes("keys", Input));
    }

    #[test]
    fn a_want_does_not_override_consumes_and_is_bounded() {
        let mut interest = Interest::new(Vec::new());
        for n in 0..1000 {
            interest.say(&format!("t{n}"), true);
        }
        assert_eq!(interest.said.len(), MOST);
        assert!(!interest.takes("t1", State));
    }
}
