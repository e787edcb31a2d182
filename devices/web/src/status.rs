//! Whether the device is usable, and what is wrong: told to the kernel on each change.

use std::collections::BTreeMap;
use tokio::sync::watch;

/// Who has something to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The HTTPS listener.
    Https,
    /// The listener that redirects.
    Http,
    /// The certificate.
    Certificate,
}

/// What each part says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    said: BTreeMap<Part, Option<String>>,
}

impl Status {
    /// `Ok` to be ready, or a sentence to be degraded; `None` while the listener has not said anything.
    pub fn verdict(&self) -> Option<Result<(), String>> {
        self.said.get(&Part::Https)?;
        let wrong: Vec<&str> = self.said.values().filter_map(Option::as_deref).collect();
        Some(if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        })
    }
}

/// The place where parts say how they are.
#[derive(Debug, Clone)]
pub struct Board(watch::Sender<Status>);

impl Board {
    /// Nobody said anything yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(Status::default()))
    }

    /// Tells how a part is: `None` for well.
    pub fn say(&self, part: Part, wrong: Option<String>) {
        self.0
            .send_if_modified(|status| status.said.insert(part, wrong.clone()) != Some(wrong));
    }

    /// To be told of changes.
    pub fn listen(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_https_is_served_and_nothing_is_wrong() {
        let board = Board::new();
        let status = board.listen();
        let verdict = || status.borrow().verdict();
        board.say(Part::Certificate, Some("no certificate".into()));
        assert_eq!(verdict(), None);
        board.say(Part::Https, Some("port taken".into()));
        assert_eq!(verdict(), Some(Err("port taken; no certificate".into())));
        board.say(Part::Https, None);
        board.say(Part::Certificate, None);
        assert_eq!(verdict(), Some(Ok(())));
    }
}
