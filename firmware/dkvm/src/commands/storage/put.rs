//! Sending an image, or a file onto a drive, several chunks under way, from where an earlier try stopped.

use super::super::update::progress::Progress;
use super::{ask, Session, DEVICE};
use crate::args::CopyTo;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_kernel::client::ClientError;
use dkvm_wire::vocab::storage::{
    methods, Finished, Onto, PutAt, PutBegin, PutChunk, PutFinish, MAX_CHUNK, WINDOW,
};
use dkvm_wire::{ErrorCode, RequestId};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// So often an upload that was interrupted is begun again without having moved: the device may have died, and takes a second; a
/// link to another node, the time in which somebody finds the cable.
const ATTEMPTS: u32 = 60;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

pub fn put(
    session: &mut Session,
    path: &Path,
    name: Option<String>,
    form: Form,
) -> Result<(), CliError> {
    send_whole(session, Image::open(path, name)?, form)
}

/// A file onto a FAT drive.
pub fn copy(session: &mut Session, to: CopyTo, form: Form) -> Result<(), CliError> {
    let mut image = Image::open(&to.file, to.name)?;
    let (drive, folder) = to.drive.split_once('/').unwrap_or((&to.drive, ""));
    image.begin.onto = Some(Onto {
        image: drive.to_owned(),
        folder: folder.to_owned(),
        take_out: to.take_out,
    });
    send_whole(session, image, form)
}

fn send_whole(session: &mut Session, mut image: Image, form: Form) -> Result<(), CliError> {
    let mut at: PutAt = ask(session, methods::PUT_BEGIN, &image.begin)?;
    let mut progress = Progress::new(image.begin.size, at.offset);
    let mut attempts = 0;
    while at.offset < image.begin.size {
        let before = at.offset;
        match send(session, &mut image, &mut at, &mut progress) {
            Ok(()) => {}
            Err(error) if attempts < ATTEMPTS && passes(&error) => {
                attempts = if at.offset > before { 0 } else { attempts + 1 };
                session.tell_lost(&error, "the upload goes on where it stopped");
                sleep(BETWEEN_ATTEMPTS);
                at = again(session, &image.begin, at)?;
            }
            Err(error) => return Err(error),
        }
    }
    progress.end("sent; its SHA-256 is compared");
    let finished = finish(session, &mut image, at.id)?;
    match form {
        Form::Json => output::json(&finished),
        Form::Text => output::line(&output::harmless(&format!(
            "{} is there, SHA-256 {}",
            finished.name, finished.sha256
        ))),
    }
}

/// From where it stands to the end, or to the first failure; `at` is what is answered for.
fn send(
    session: &mut Session,
    image: &mut Image,
    at: &mut PutAt,
    progress: &mut Progress,
) -> Result<(), CliError> {
    let method = format!("{DEVICE}/{}", methods::PUT_WRITE);
    let mut under_way: VecDeque<RequestId> = VecDeque::with_capacity(WINDOW);
    let mut sent = at.offset;
    while sent < image.begin.size || !under_way.is_empty() {
        if sent < image.begin.size && under_way.len() < WINDOW {
            let data = image.read(sent)?;
            let length = data.len() as u64;
            let id = at.id.clone();
            let chunk = PutChunk {
                id,
                offset: sent,
                data,
            };
            under_way.push_back(session.begin(&method, &chunk)?);
            sent += length;
        } else if let Some(first) = under_way.pop_front() {
            *at = session.answer(first, &method)?;
            progress.show(at.offset);
        }
    }
    Ok(())
}

/// A device that is not back yet is asked once more, later.
fn again(session: &mut Session, begin: &PutBegin, at: PutAt) -> Result<PutAt, CliError> {
    let begun = session.mend();
    match begun.and_then(|()| ask(session, methods::PUT_BEGIN, begin)) {
        Err(error) if passes(&error) => Ok(at),
        result => result,
    }
}

/// Whether trying again can help.
fn passes(error: &CliError) -> bool {
    error.is_lost_way()
        || matches!(error, CliError::Client(ClientError::Refused(error)) if error.retryable)
}

/// What several tries brought is read back, and a drive copied for a file, which may take longer than the kernel lets an answer take.
fn finish(session: &mut Session, image: &mut Image, id: String) -> Result<Finished, CliError> {
    let sha256 = Some(image.hash()?);
    let finish = PutFinish { id, sha256 };
    loop {
        match ask(session, methods::PUT_FINISH, &finish) {
            Err(CliError::Client(ClientError::Refused(error)))
                if error.code == ErrorCode::Timeout => {}
            result => return result,
        }
    }
}

/// A file, and the hash of it as far as it was read.
struct Image {
    file: File,
    path: PathBuf,
    begin: PutBegin,
    hash: Sha256,
    hashed: u64,
}

impl Image {
    fn open(path: &Path, name: Option<String>) -> Result<Self, CliError> {
        let read = |source| unread(path, source);
        // Before it is opened: a pipe would wait for who writes to it.
        if !fs::metadata(path).map_err(read)?.is_file() {
            let path = path.to_owned();
            return Err(CliError::NoFile { path });
        }
        let file = File::open(path).map_err(read)?;
        let found = file.metadata().map_err(read)?;
        let own = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            file,
            path: path.to_owned(),
            begin: PutBegin {
                name: name.or(own).unwrap_or_default(),
                size: found.len(),
                sha256: None,
                tag: format!("{}.{}", found.mtime(), found.mtime_nsec()),
                onto: None,
            },
            hash: Sha256::new(),
            hashed: 0,
        })
    }

    fn read(&mut self, offset: u64) -> Result<Vec<u8>, CliError> {
        let mut data = vec![0; MAX_CHUNK];
        let got = self.file.read_at(&mut data, offset);
        let got = got.and_then(|count| match count {
            0 => Err(io::Error::other("it became shorter meanwhile")),
            count => Ok(count),
        });
        data.truncate(got.map_err(|source| unread(&self.path, source))?);
        if offset == self.hashed {
            self.hash.update(&data);
            self.hashed += data.len() as u64;
        }
        Ok(data)
    }

    /// Of all of it: what an earlier try sent was not read by this one.
    fn hash(&mut self) -> Result<String, CliError> {
        while self.hashed < self.begin.size {
            self.read(self.hashed)?;
        }
        let hash = std::mem::take(&mut self.hash).finalize();
        Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn unread(path: &Path, source: io::Error) -> CliError {
    CliError::Read {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::process::Command;

    #[test]
    fn what_is_no_file_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success());
        for path in [folder.path(), &pipe, Path::new("/dev/null")] {
            let refused = Image::open(path, None).err().unwrap();
            assert!(matches!(refused, CliError::NoFile { .. }), "{refused}");
        }
        let file = folder.path().join("a.img");
        fs::write(&file, "abc").unwrap();
        let image = Image::open(&file, None).ok().unwrap();
        assert_eq!((image.begin.name.as_str(), image.begin.size), ("a.img", 3));
    }
}
