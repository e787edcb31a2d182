//! How far it is over all connections: of which version of the file, and how often it may be tried again.

use super::source::Source;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Waits between tries, longer each time.
const WAITS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];
/// Tries without a byte: some quarter of an hour, in which a line or a server comes back.
const TRIES: usize = 40;
/// The same before a server was reached at all, which is most often a name that was mistyped: some minute.
const FIRST_TRIES: usize = 6;

/// A file, as its server tells of it. Bytes of two versions are never put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Bytes in all.
    pub size: u64,
    /// The server's own mark; none where the hash will tell, so that another mirror may go on.
    pub mark: String,
}

impl Version {
    /// What the server tells of what was asked for.
    pub fn of(source: &Source, size: u64, tag: &str) -> Self {
        let mark = match source.sha256 {
            Some(_) => String::new(),
            None => tag.to_owned(),
        };
        Self { size, mark }
    }

    /// Whether it can be known of bytes from another connection that they are of the same version.
    pub fn is_told(&self, source: &Source) -> bool {
        source.sha256.is_some() || !self.mark.is_empty()
    }

    /// For the image library, whose tags are short: the same for the same version at the same address.
    pub fn tag(&self, url: &str) -> String {
        let hash = Sha256::new()
            .chain_update(url)
            .chain_update([0])
            .chain_update(&self.mark)
            .finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What is known of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The server told.
    Sure(Version),
    /// It told, and then something else: it is asked anew.
    Doubted(Version),
}

/// Whether an earlier life of the device was at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Resumed {
    Yes,
    #[default]
    No,
}

/// Over all connections.
#[derive(Debug, Default)]
pub struct Progress {
    /// Of the file.
    pub known: Known,
    /// The upload, once there is one.
    pub id: Option<String>,
    patient: Patient,
    /// The farthest that it was.
    best: u64,
    /// Tries without a byte beyond that.
    tries: usize,
}

#[derive(Debug, Clone, Copy, Default)]
enum Patient {
    Yes,
    /// Perhaps the name is wrong.
    #[default]
    No,
}

impl Progress {
    /// At the start.
    pub fn new(resumed: Resumed) -> Self {
        let patient = match resumed {
            Resumed::Yes => Patient::Yes,
            Resumed::No => Patient::No,
        };
        Self {
            patient,
            ..Self::default()
        }
    }

    /// The version, where it is certain.
    pub fn sure(&self) -> Option<Version> {
        match &self.known {
            Known::Sure(version) => Some(version.clone()),
            _ => None,
        }
    }

    /// The server says something else now.
    pub fn doubt(&mut self) {
        if let Some(version) = self.sure() {
            self.known = Known::Doubted(version);
        }
    }

    /// The server was asked from the beginning; returns the upload of the version that it had before, which is of no use.
    pub fn learn(&mut self, version: Version) -> Option<String> {
        let known = std::mem::replace(&mut self.known, Known::Sure(version.clone()));
        match known {
            Known::Doubted(before) if before != version => self.id.take(),
            _ => None,
        }
    }

    /// There is an upload: server and library were reached.
    pub fn begun(&mut self, id: &str) {
        self.id = Some(id.to_owned());
        self.patient = Patient::Yes;
    }

    /// It is so far.
    pub fn at(&mut self, offset: u64) {
        if offset > self.best {
            self.tries = 0;
            self.best = offset;
        }
    }

    /// Whether it may be tried again, which counts as a try.
    pub fn may_try(&mut self) -> bool {
        self.tries += 1;
        self.tries
            <= match self.patient {
                Patient::Yes => TRIES,
                Patient::No => FIRST_TRIES,
            }
    }

    /// How long to wait before.
    pub fn wait(&self) -> Duration {
        let index = self.tries.saturating_sub(1).min(WAITS.len() - 1);
        WAITS[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(url: String) -> Source {
        Source {
            url,
            image: "x".into(),
            sha256: None,
        }
    }

    #[test]
    fn tries_are_counted_from_the_last_byte_and_have_an_end() {
        let tries = |mut progress: Progress| (0..1000).take_while(|_| progress.may_try()).count();
        assert_eq!(tries(Progress::new(Resumed::No)), FIRST_TRIES);
        assert_eq!(tries(Progress::new(Resumed::Yes)), TRIES);
        let mut progress = Progress::new(Resumed::No);
        progress.begun("4c");
        assert!(progress.may_try());
        assert_eq!(progress.wait(), WAITS[0]);
        assert!(progress.may_try());
        assert_eq!(progress.wait(), WAITS[1]);
        progress.at(5);
        assert!(progress.may_try());
        assert_eq!(progress.wait(), WAITS[0]);
        // What was there before is no progress.
        progress.at(3);
        progress.at(5);
        assert_eq!(tries(progress), TRIES - 1);
    }

    #[test]
    fn a_tag_of_the_longest_address_is_short_and_its_own() {
        let longest = "https://a.b/".to_owned() + &"x".repeat(2036);
        let version = |tag: &str| Version::of(&source(longest.clone()), 5, tag);
        let tag = version("\"one\"").tag(&longest);
        assert_eq!(tag.len(), 64);
        assert_eq!(tag, version("\"one\"").tag(&longest));
        assert_ne!(tag, version("\"two\"").tag(&longest));
        assert_ne!(tag, version("\"one\"").tag(&longest[1..]));
    }

    #[test]
    fn an_upload_of_another_version_is_given_up_and_of_the_same_is_kept() {
        let version = |tag: &str| Version::of(&source("u".into()), 5, tag);
        for (now, given_up) in [("a", None), ("b", Some("4c".to_owned()))] {
            let mut progress = Progress::default();
            assert_eq!(progress.learn(version("a")), None);
            progress.begun("4c");
            progress.doubt();
            assert_eq!(progress.sure(), None);
            assert_eq!(progress.learn(version(now)), given_up);
            assert_eq!(progress.sure(), Some(version(now)));
        }
    }
}
