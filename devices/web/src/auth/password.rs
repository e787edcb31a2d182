//! The one password of this node: argon2id in a file of the state directory.

use super::hash;
use crate::store;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Shortest password that is taken at set-up, characters.
pub const MIN_LENGTH: usize = 8;
/// Longest, bytes: no reason to hash a novel.
pub const MAX_LENGTH: usize = 1024;
/// Hashes under way at a time: each takes 19 MiB and a core.
const AT_ONCE: usize = 1;
/// Visitors that wait for their turn.
const MAX_WAITING: usize = 8;
/// The file in the state directory.
pub const FILE: &str = "password";

/// Why a password was not set, changed or checked.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Not for use.
    #[error(
        "the password has to have at least {MIN_LENGTH} characters and at most {MAX_LENGTH} bytes"
    )]
    Length,
    /// Somebody was first.
    #[error("a password is set already: log in with it")]
    AlreadySet,
    /// Too early.
    #[error("no password is set yet: open the page and set one")]
    NotSet,
    /// Many log in at once.
    #[error("too many people are logging in at this moment: try again in a few seconds")]
    Busy,
    /// The file cannot be read; to go on would let anybody set a new password.
    #[error("the password file {path} cannot be read ({reason}): mend its owner and mode, or remove it to set a new password")]
    Read {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file cannot be written.
    #[error("the password cannot be stored in {path} ({source}): make the folder writable for the web device")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// argon2 or Linux failed.
    #[error("hashing the password failed: {0}")]
    Hash(String),
}

/// The password's hash, in memory and in its file.
pub struct Keeper {
    path: PathBuf,
    hash: Mutex<Option<Arc<str>>>,
    turn: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Keeper {
    /// Reads the file; without one no password is set yet.
    pub fn load(folder: &Path) -> Result<Self, PasswordError> {
        let path = folder.join(FILE);
        let read = |reason: String| PasswordError::Read {
            path: path.clone(),
            reason,
        };
        let text = store::read(&path).map_err(|error| read(error.to_string()))?;
        let hash = text.map(|text| Arc::from(text.trim()));
        if let Some(hash) = &hash {
            hash::check(hash).map_err(read)?;
        }
        Ok(Self {
            path,
            hash: Mutex::new(hash),
            turn: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Semaphore::new(MAX_WAITING),
        })
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        crate::lock(&self.hash).is_some()
    }

    /// Sets the first one. Of several visitors at once, one wins.
    pub async fn set_first(&self, password: String) -> Result<(), PasswordError> {
        if self.is_set() {
            return Err(PasswordError::AlreadySet);
        }
        let hash = self.hash_of(password).await?;
        store::create(&self.path, hash.as_bytes()).map_err(|error| self.refused(error))?;
        *crate::lock(&self.hash) = Some(hash.into());
        Ok(())
    }

    /// Whether `password` is the one.
    pub async fn check(&self, password: String) -> Result<bool, PasswordError> {
        let hash = crate::lock(&self.hash)
            .clone()
            .ok_or(PasswordError::NotSet)?;
        self.blocking(move || verify(&password, &hash)).await
    }

    /// Sets another one; whoever asks has shown the old one.
    pub async fn change(&self, password: String) -> Result<(), PasswordError> {
        let hash = self.hash_of(password).await?;
        store::replace(&self.path, hash.as_bytes()).map_err(|error| self.refused(error))?;
        *crate::lock(&self.hash) = Some(hash.into());
        Ok(())
    }

    async fn hash_of(&self, password: String) -> Result<String, PasswordError> {
        if password.chars().count() < MIN_LENGTH || password.len() > MAX_LENGTH {
            return Err(PasswordError::Length);
        }
        self.blocking(move || hash::make(&password).map_err(PasswordError::Hash))
            .await
    }

    fn refused(&self, source: io::Error) -> PasswordError {
        match source.kind() {
            io::ErrorKind::AlreadyExists => PasswordError::AlreadySet,
            _ => PasswordError::Write {
                path: self.path.clone(),
                source,
            },
        }
    }

    /// Runs `work` beside the event loop, one at a time. The turn goes along, so that visitors who leave
    /// while they are served do not make room for more work.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| PasswordError::Busy)?;
        let turn = self
            .turn
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await
            .map_err(|error| PasswordError::Hash(error.to_string()))?
    }
}

/// A password too long was never set.
fn verify(password: &str, line: &str) -> Result<bool, PasswordError> {
    if password.len() > MAX_LENGTH {
        return Ok(false);
    }
    hash::verify(password, line).map_err(PasswordError::Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<F: std::future::Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn the_first_wins_and_the_file_remembers() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::load(folder.path()).unwrap();
        run(async {
            assert!(matches!(
                keeper.check("x".into()).await,
                Err(PasswordError::NotSet)
            ));
            let (one, two) = tokio::join!(
                keeper.set_first("password-1".into()),
                keeper.set_first("password-2".into())
            );
            one.unwrap();
            assert!(matches!(two, Err(PasswordError::AlreadySet)));
            let again = Keeper::load(folder.path()).unwrap();
            assert!(again.check("password-1".into()).await.unwrap());
            assert!(!again.check("password-2".into()).await.unwrap());
        });
    }

    #[test]
    fn a_change_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::load(folder.path()).unwrap();
        run(async {
            keeper.set_first("password-1".into()).await.unwrap();
            keeper.change("password-2".into()).await.unwrap();
            assert!(Keeper::load(folder.path())
                .unwrap()
                .check("password-2".into())
                .await
                .unwrap());
        });
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::load(folder.path()).unwrap();
        for password in [
            "1234567".to_owned(),
            "ü".repeat(7),
            "x".repeat(MAX_LENGTH + 1),
        ] {
            assert!(matches!(
                run(keeper.set_first(password)),
                Err(PasswordError::Length)
            ));
        }
    }

    #[test]
    fn a_damaged_file_does_not_mean_that_anybody_may_set_a_password() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "garbage").unwrap();
        let error = Keeper::load(folder.path()).err().unwrap();
        assert!(
            error
                .to_string()
                .contains("remove it to set a new password"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::load(&folder.path().join("missing")).unwrap();
        let error = run(keeper.set_first("password-1".into())).unwrap_err();
        assert!(
            error.to_string().contains("make the folder writable"),
            "{error}"
        );
        assert!(!keeper.is_set());
    }
}
