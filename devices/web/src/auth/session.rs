//! Who is logged in. Pure, but for the file that lets sessions outlive this process.

use super::token::{Token, TokenHash};
use crate::{clock::Moment, store};
use serde::{Deserialize, Serialize};
use std::{io, path::Path, time::Duration};

/// A session that nobody used for so long is over.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// No session lives longer, used or not.
const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Browsers logged in at the same time; the one unused for longest makes room.
const MAX: usize = 32;
/// How old the stored "last used" may get: a write per request would be waste.
const SAVE_EVERY: Duration = Duration::from_secs(60);
/// The file in the run directory.
pub const FILE: &str = "sessions.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    hash: TokenHash,
    opened: Moment,
    used: Moment,
}

impl Session {
    /// A session "used later than now" is of an earlier boot.
    fn alive(&self, now: Moment) -> bool {
        self.used <= now && now.since(self.used) < IDLE && now.since(self.opened) < LIFE
    }
}

/// All open sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Vec<Session>,
    saved: Option<Moment>,
}

impl Sessions {
    /// Those that an earlier life of this process left. What cannot be read is nobody.
    pub fn load(folder: &Path, now: Moment) -> Self {
        let text = store::read(&folder.join(FILE))
            .ok()
            .flatten()
            .unwrap_or_default();
        let mut open: Vec<Session> = serde_json::from_str(&text).unwrap_or_default();
        open.retain(|session| session.alive(now));
        open.truncate(MAX);
        Self {
            open,
            saved: Some(now),
        }
    }

    /// Writes them down.
    pub fn save(&mut self, folder: &Path, now: Moment) -> io::Result<()> {
        self.saved = Some(now);
        store::replace(&folder.join(FILE), &serde_json::to_vec(&self.open)?)
    }

    /// Whether enough has changed by mere use to write it down.
    pub fn save_is_due(&self, now: Moment) -> bool {
        self.saved
            .is_none_or(|saved| now.since(saved) >= SAVE_EVERY)
    }

    /// Somebody gave the right password.
    pub fn open(&mut self, token: &Token, now: Moment) {
        self.open.retain(|session| session.alive(now));
        if self.open.len() >= MAX {
            self.open.sort_by_key(|session| session.used);
            self.open.remove(0);
        }
        self.open.push(Session {
            hash: token.hash(),
            opened: now,
            used: now,
        });
    }

    /// Whether the token's session is open; if so, it was used now.
    pub fn touch(&mut self, hash: TokenHash, now: Moment) -> bool {
        let found = self
            .open
            .iter_mut()
            .find(|session| session.hash == hash && session.alive(now));
        found.map(|session| session.used = now).is_some()
    }

    /// Logged out.
    pub fn close(&mut self, hash: TokenHash) {
        self.open.retain(|session| session.hash != hash);
    }

    /// The password changed: only who changed it stays.
    pub fn close_others(&mut self, hash: TokenHash) {
        self.open.retain(|session| session.hash == hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment(1_000_000);

    impl Sessions {
        fn is_open(&self, hash: TokenHash, now: Moment) -> bool {
            self.open
                .iter()
                .any(|session| session.hash == hash && session.alive(now))
        }
    }

    fn opened() -> (Sessions, Token) {
        let (mut sessions, token) = (Sessions::default(), Token::fresh().unwrap());
        sessions.open(&token, START);
        (sessions, token)
    }

    #[test]
    fn an_idle_session_ends_and_a_used_one_does_not() {
        let (mut sessions, token) = opened();
        let almost = START.after(IDLE - Duration::from_secs(1));
        assert!(sessions.touch(token.hash(), almost));
        assert!(sessions.touch(token.hash(), almost.after(IDLE - Duration::from_secs(1))));
        assert!(!sessions.touch(token.hash(), almost.after(2 * IDLE)));
    }

    #[test]
    fn use_does_not_make_it_live_for_ever() {
        let (mut sessions, token) = opened();
        let mut now = START;
        while now.since(START) < LIFE {
            assert!(sessions.touch(token.hash(), now));
            now = now.after(Duration::from_secs(3600));
        }
        assert!(!sessions.touch(token.hash(), now));
    }

    #[test]
    fn a_logout_ends_one_and_a_change_ends_the_others() {
        let (mut sessions, one) = opened();
        let (two, three) = (Token::fresh().unwrap(), Token::fresh().unwrap());
        sessions.open(&two, START);
        sessions.open(&three, START);
        sessions.close(one.hash());
        assert!(!sessions.is_open(one.hash(), START) && sessions.is_open(two.hash(), START));
        sessions.close_others(two.hash());
        assert!(sessions.is_open(two.hash(), START) && !sessions.is_open(three.hash(), START));
    }

    #[test]
    fn the_least_used_makes_room() {
        let (mut sessions, first) = opened();
        for n in 0..MAX as u64 {
            sessions.open(
                &Token::fresh().unwrap(),
                START.after(Duration::from_secs(n + 1)),
            );
        }
        assert_eq!(sessions.open.len(), MAX);
        assert!(!sessions.is_open(first.hash(), START.after(Duration::from_secs(60))));
    }

    #[test]
    fn sessions_outlive_the_process_but_not_the_boot() {
        let folder = tempfile::tempdir().unwrap();
        let (mut sessions, token) = opened();
        sessions.save(folder.path(), START).unwrap();
        assert!(Sessions::load(folder.path(), START).is_open(token.hash(), START));
        assert!(!Sessions::load(folder.path(), Moment(5)).is_open(token.hash(), Moment(5)));
    }

    #[test]
    fn a_damaged_file_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(Sessions::load(folder.path(), START).open.is_empty());
    }
}
