use crate::config::Far;
use dkvm_wire::service::Want;
use dkvm_wire::QueueClass;

/// Topics that a device may name in `consumes`, and in `want`; more would make each table walk long.
const MOST: usize = 256;

/// What a device said that it wants.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    consumes: Vec<String>,
    /// What it said by `want`, which overrides the default of the class.
    said: Vec<Said>,
}

#[derive(Debug)]
struct Said {
    topic: String,
    /// Of this source alone.
    from: Option<String>,
    wanted: Wanted,
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

    /// `want`. What is said of all sources takes back what was said of single ones. Returns whether anything changed.
    pub(crate) fn say(&mut self, want: &Want) -> bool {
        let wanted = if want.want { Wanted::Yes } else { Wanted::No };
        let before = self.said.len();
        if want.from.is_none() {
            self.said
                .retain(|said| said.topic != want.topic || said.from.is_none());
        }
        let cleared = self.said.len() != before;
        let like = |said: &&mut Said| said.topic == want.topic && said.from == want.from;
        if let Some(said) = self.said.iter_mut().find(like) {
            return std::mem::replace(&mut said.wanted, wanted) != wanted || cleared;
        }
        if self.said.len() >= MOST {
            self.forget_needless();
        }
        let room = self.said.len() < MOST;
        if room {
            self.said.push(Said {
                topic: want.topic.clone(),
                from: want.from.clone(),
                wanted,
            });
        }
        room
    }

    /// A stream that it took of one source and gave up, where it does not want all: that says no more than nothing does. Of another
    /// class it is what counts least.
    fn forget_needless(&mut self) {
        let wants_all = |topic: &str| {
            let mut said = self.said_of(topic);
            said.any(|said| said.from.is_none() && said.wanted == Wanted::Yes)
        };
        let needless = self.said.iter().position(|said| {
            said.from.is_some() && said.wanted == Wanted::No && !wants_all(&said.topic)
        });
        if let Some(at) = needless {
            self.said.remove(at);
        }
    }

    /// Whether an event of a source is to be sent to it: everything it consumes, but streams only after a `want`.
    pub(crate) fn takes(&self, topic: &str, class: QueueClass, from: &str) -> bool {
        if !self.consumes(topic) {
            return false;
        }
        let of_it = self
            .said_of(topic)
            .find(|said| said.from.as_deref() == Some(from));
        match of_it {
            Some(said) => said.wanted == Wanted::Yes,
            None => self.takes_all(topic, class),
        }
    }

    /// The same of sources that it has said nothing of in particular.
    pub(crate) fn takes_all(&self, topic: &str, class: QueueClass) -> bool {
        let of_all = self.said_of(topic).find(|said| said.from.is_none());
        self.consumes(topic)
            && of_all.map_or(class != QueueClass::Stream, |said| {
                said.wanted == Wanted::Yes
            })
    }

    /// The devices of other nodes of which it wants a topic in particular, of those that a route means.
    pub(crate) fn singled_out<'s>(
        &'s self,
        topic: &'s str,
        route: &'s Far,
    ) -> impl Iterator<Item = &'s str> {
        let wanted = self
            .said_of(topic)
            .filter(|said| said.wanted == Wanted::Yes);
        wanted
            .filter_map(|said| said.from.as_deref())
            .filter(|from| route.covers(from) && self.consumes(topic))
    }

    fn consumes(&self, topic: &str) -> bool {
        self.consumes.iter().any(|pattern| matches(pattern, topic))
    }

    fn said_of<'s>(&'s self, topic: &'s str) -> impl Iterator<Item = &'s Said> {
        self.said.iter().filter(move |said| said.topic == topic)
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

    fn want(topic: &str, want: bool, from: Option<&str>) -> Want {
        Want {
            topic: topic.into(),
            want,
            from: from.map(str::to_owned),
        }
    }

    #[test]
    fn streams_wait_for_a_want() {
        let mut interest = Interest::new(vec!["video.*".into(), "keys".into()]);
        let takes = |interest: &Interest, topic, class| interest.takes(topic, class, "a");
        assert!(takes(&interest, "video.state", State) && takes(&interest, "keys", Input));
        assert!(!takes(&interest, "video.raw", Stream) && !takes(&interest, "other", State));
        let raw = want("video.raw", true, None);
        assert!(interest.say(&raw) && !interest.say(&raw));
        assert!(takes(&interest, "video.raw", Stream));
        assert!(interest.say(&want("keys", false, None)) && !takes(&interest, "keys", Input));
    }

    #[test]
    fn a_want_may_be_of_one_source_alone() {
        let mut interest = Interest::new(vec!["v".into(), "s".into()]);
        let of = |interest: &Interest| ["o/h", "l/h"].map(|from| interest.takes("v", Stream, from));
        assert!(interest.say(&want("v", true, Some("o/h"))));
        assert_eq!(of(&interest), [true, false]);
        assert!(!interest.takes_all("v", Stream));
        let any = Far::parse("*/h").expect("a name");
        assert!(interest.singled_out("v", &any).eq(["o/h"]));
        interest.say(&want("v", true, None));
        assert_eq!(of(&interest), [true, true]);
        assert_eq!(interest.singled_out("v", &any).count(), 0);
        interest.say(&want("v", false, Some("o/h")));
        assert_eq!(of(&interest), [false, true]);
        assert!(interest.say(&want("v", false, None)));
        assert_eq!(of(&interest), [false, false]);
        interest.say(&want("s", false, Some("o/h")));
        assert!(!interest.takes("s", State, "o/h") && interest.takes("s", State, "l/h"));
    }

    #[test]
    fn who_watches_one_after_another_goes_on_being_heard() {
        let mut interest = Interest::new(vec!["v".into()]);
        for n in 0..1000 {
            let from = format!("n{n}/h");
            assert!(interest.say(&want("v", true, Some(&from))), "{n}");
            assert!(interest.takes("v", Stream, &from));
            assert!(interest.say(&want("v", false, Some(&from))));
            assert!(!interest.takes("v", Stream, &from));
        }
        assert!(!interest.takes("v", Stream, "n0/h"));
    }

    #[test]
    fn a_want_does_not_override_consumes_and_is_bounded() {
        let mut interest = Interest::new(Vec::new());
        for n in 0..1000 {
            interest.say(&want(&format!("t{n}"), true, None));
        }
        assert_eq!(interest.said.len(), MOST);
        assert!(!interest.takes("t1", State, "a"));
    }
}
