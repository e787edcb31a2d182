//! Streaming a bundle to the device.

use super::progress::Progress;
use super::{ask, Session};
use crate::error::CliError;
use dkvm_bundle::Head;
use dkvm_kernel::client::ClientError;
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::update::{
    methods, Begin, Chunk, Downgrade, Stage, Upload, UploadRef, MAX_CHUNK, MAX_HEAD,
};
use dkvm_wire::ErrorCode;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// So often an upload that was interrupted is begun again without having moved: the device may have died, and takes a second; a
/// link to another node, the time in which somebody finds the cable.
const ATTEMPTS: u32 = 60;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
/// Between two looks at a card that is being read back.
const LOOK: Duration = Duration::from_millis(500);

/// Sends a bundle; gives its version when the other slot holds it whole.
pub fn send(
    session: &mut Session,
    bundle: &Bundle,
    downgrade: Downgrade,
) -> Result<String, CliError> {
    let begin = bundle.begin(downgrade);
    let mut upload: Upload = ask(session, methods::BEGIN, &begin)?;
    let mut progress = Progress::new(begin.size, upload.offset);
    let mut attempts = 0;
    while upload.offset < begin.size {
        match next(session, bundle, &upload) {
            Ok(further) => {
                attempts = 0;
                upload = further;
                progress.show(upload.offset);
            }
            Err(error) if attempts < ATTEMPTS && passes(&error) => {
                attempts += 1;
                session.tell_lost(&error, "the upload goes on where it stopped");
                sleep(BETWEEN_ATTEMPTS);
                upload = again(session, &begin, upload)?;
            }
            Err(error) => return Err(error),
        }
    }
    progress.end("sent; the card is read back and compared");
    finish(session, upload.id)?;
    Ok(bundle.head.manifest.version.to_string())
}

fn next(session: &mut Session, bundle: &Bundle, upload: &Upload) -> Result<Upload, CliError> {
    let chunk = Chunk {
        id: upload.id.clone(),
        offset: upload.offset,
        data: bundle.read(upload.offset)?,
    };
    ask(session, methods::WRITE, &chunk)
}

/// A device that is not back yet is asked once more, later.
fn again(session: &mut Session, begin: &Begin, upload: Upload) -> Result<Upload, CliError> {
    let begun = session.mend();
    match begun.and_then(|()| ask(session, methods::BEGIN, begin)) {
        Err(error) if passes(&error) => Ok(upload),
        result => result,
    }
}

/// Whether trying again can help: the device died, or was answered for by the kernel.
fn passes(error: &CliError) -> bool {
    let CliError::Client(ClientError::Refused(error)) = error else {
        return error.is_lost_way();
    };
    error.retryable || error.code == ErrorCode::Conflict
}

/// A slow card takes longer to read back than the kernel lets an answer take.
fn finish(session: &mut Session, id: String) -> Result<(), CliError> {
    match ask::<_, Nothing>(session, methods::FINISH, &UploadRef { id }) {
        Err(CliError::Client(ClientError::Refused(error))) if error.code == ErrorCode::Timeout => {}
        result => return result.map(drop),
    }
    loop {
        match super::state(session)?.stage {
            Stage::Verifying { .. } => sleep(LOOK),
            Stage::Staged { .. } => return Ok(()),
            _ => return Err(CliError::NotStaged),
        }
    }
}

/// A file that has a bundle's head and size.
pub struct Bundle {
    file: File,
    path: std::path::PathBuf,
    head: Head,
    first: Vec<u8>,
    size: u64,
}

impl Bundle {
    /// Reads the head.
    pub fn open(path: &Path) -> Result<Self, CliError> {
        let read = |source| CliError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let mut first = Vec::new();
        (&file)
            .take(MAX_HEAD as u64)
            .read_to_end(&mut first)
            .map_err(read)?;
        let head = Head::of_bundle(&first, size).map_err(|source| CliError::Bundle {
            path: path.to_owned(),
            source,
        })?;
        first.truncate(head.length);
        let path = path.to_owned();
        Ok(Self {
            file,
            path,
            head,
            first,
            size,
        })
    }

    fn begin(&self, downgrade: Downgrade) -> Begin {
        Begin {
            size: self.size,
            head: self.first.clone(),
            downgrade: downgrade == Downgrade::Allowed,
        }
    }

    fn read(&self, offset: u64) -> Result<Vec<u8>, CliError> {
        let mut data = vec![0; MAX_CHUNK];
        let got = self.file.read_at(&mut data, offset);
        let got = got.and_then(|count| match count {
            0 => Err(io::Error::other("it became shorter meanwhile")),
            count => Ok(count),
        });
        let count = got.map_err(|source| CliError::Read {
            path: self.path.clone(),
            source,
        })?;
        data.truncate(count);
        Ok(data)
    }
}
