//! Uploads: begun, written, finished, forgotten.

use super::{files::Ended, Engine};
use crate::{
    core::{
        error::StorageError,
        hash::Hash,
        record::{Known, Since},
        upload::{accept, parse, Plan},
    },
    library::{Intake, Verify, MAX_UPLOADS},
};
use dkvm_wire::vocab::storage::{Finished, PutAt, PutBegin, PutChunk, PutFinish};

/// An upload whose hash is being read back, and what the uploader says that it is.
#[derive(Debug)]
pub struct Reading {
    verify: Verify,
    wanted: Option<Hash>,
}

impl Reading {
    /// Whether it is of that upload.
    pub fn is_of(&self, id: &str) -> bool {
        self.verify.id == id
    }
}

/// How a finish goes.
#[derive(Debug)]
pub enum Finish {
    /// It is an image.
    Done(Finished),
    /// It is read back first, or goes onto its drive: [`Engine::go_on`].
    GoesOn,
}

impl Engine {
    /// Where the upload stands; what is finished already stands at its end.
    pub fn begin(&mut self, begin: &PutBegin) -> Result<PutAt, StorageError> {
        let plan = Plan::of(begin)?;
        let id = plan.id();
        if let Some(intake) = self.uploads.get_mut(&id) {
            // Whether a drive may be taken out is said each time.
            intake.plan.onto = plan.onto;
            let offset = intake.offset;
            return Ok(PutAt { id, offset });
        }
        if self.is_there(&plan, &id) {
            let offset = plan.size;
            return Ok(PutAt { id, offset });
        }
        self.refresh();
        match &plan.onto {
            Some(onto) => {
                self.admit_file(&plan, onto)?;
            }
            None => self.admit(&plan.name, plan.size)?,
        }
        if self.uploads.len() >= MAX_UPLOADS {
            return Err(StorageError::TooManyUploads { most: MAX_UPLOADS });
        }
        let intake = Intake::create(self.library.incoming(), plan)?;
        self.uploads.insert(id.clone(), intake);
        self.refresh();
        Ok(PutAt { id, offset: 0 })
    }

    /// Whether it became an image, or just now a file, and is that still.
    fn is_there(&self, plan: &Plan, id: &str) -> bool {
        match &plan.onto {
            None => {
                let finished = self.record.finished(id);
                finished.is_some_and(|(name, _)| self.library.size(name) == Some(plan.size))
            }
            Some(_) => self.placed.as_ref().is_some_and(|(placed, _)| placed == id),
        }
    }

    /// The next bytes.
    pub fn write(&mut self, chunk: &PutChunk) -> Result<PutAt, StorageError> {
        let intake = self.uploads.get_mut(&chunk.id);
        let intake = intake.ok_or(StorageError::NoUpload)?;
        accept(
            &intake.plan,
            intake.offset,
            (chunk.offset, chunk.data.len()),
        )?;
        intake.write(&chunk.data)?;
        Ok(PutAt {
            id: chunk.id.clone(),
            offset: intake.offset,
        })
    }

    /// All is there.
    pub fn finish(&mut self, finish: &PutFinish) -> Result<Finish, StorageError> {
        let wanted = parse(finish.sha256.as_deref())?;
        if self.is_put(&finish.id) {
            return Ok(Finish::GoesOn);
        }
        let Some(intake) = self.uploads.get(&finish.id) else {
            return self.finished_before(&finish.id, wanted).map(Finish::Done);
        };
        let (offset, size) = (intake.offset, intake.plan.size);
        if offset < size {
            return Err(StorageError::NotWhole { offset, size });
        }
        if let Some(hash) = intake.hash() {
            return self.complete(&finish.id, hash, wanted);
        }
        if !self.reading.iter().any(|reading| reading.is_of(&finish.id)) {
            let verify = intake.verify();
            self.reading.push(Reading { verify, wanted });
        }
        Ok(Finish::GoesOn)
    }

    /// The answer to who asks again because the first answer was lost; not to who has another file of that name, size and time.
    fn finished_before(&self, id: &str, wanted: Option<Hash>) -> Result<Finished, StorageError> {
        let placed = self.placed.as_ref().filter(|(placed, _)| placed == id);
        if let Some((_, finished)) = placed {
            return Ok(finished.clone());
        }
        let (name, hash) = self.record.finished(id).ok_or(StorageError::NoUpload)?;
        if wanted.is_some_and(|wanted| wanted != hash) {
            return Err(StorageError::Exists(name.clone()));
        }
        Ok(Finished {
            name: name.to_string(),
            sha256: hash.to_string(),
        })
    }

    /// Whether something is being read back.
    pub fn is_reading(&self) -> bool {
        !self.reading.is_empty()
    }

    /// A piece of reading back, or a look at the drive whose files change; what came to its end by it.
    pub fn go_on(&mut self) -> Option<Ended> {
        self.look_at_change().or_else(|| self.read_on())
    }

    fn read_on(&mut self) -> Option<Ended> {
        let reading = self.reading.first_mut()?;
        let (id, wanted) = (reading.verify.id.clone(), reading.wanted);
        let result = match reading.verify.go_on() {
            Ok(None) => return None,
            Ok(Some(hash)) => self.complete(&id, hash, wanted),
            Err(error) => Err(error),
        };
        // By its name: a completion that forgot the upload has forgotten its reading too.
        self.reading.retain(|reading| !reading.is_of(&id));
        match result {
            Ok(Finish::GoesOn) => None,
            Ok(Finish::Done(finished)) => Some(Ended::Put(id, Ok(finished))),
            Err(error) => Some(Ended::Put(id, Err(error))),
        }
    }

    fn complete(
        &mut self,
        id: &str,
        got: Hash,
        said: Option<Hash>,
    ) -> Result<Finish, StorageError> {
        let intake = self.uploads.get_mut(id).ok_or(StorageError::NoUpload)?;
        let promises = [intake.plan.sha256, said].into_iter().flatten();
        if let Some(wanted) = promises.into_iter().find(|wanted| *wanted != got) {
            self.abort(id)?;
            return Err(StorageError::OtherHash { wanted, got });
        }
        intake.flush()?;
        if let Some(onto) = intake.plan.onto.clone() {
            let finished = Finished {
                name: intake.plan.label(),
                sha256: got.to_string(),
            };
            self.put_file(&onto, finished, id)?;
            return Ok(Finish::GoesOn);
        }
        self.publish(id, got).map(Finish::Done)
    }

    /// It becomes an image.
    fn publish(&mut self, id: &str, got: Hash) -> Result<Finished, StorageError> {
        let intake = self.uploads.get(id).ok_or(StorageError::NoUpload)?;
        let (name, path) = (intake.plan.name.clone(), intake.path());
        if self.library.size(&name).is_some() {
            return Err(StorageError::Exists(name));
        }
        // Before its name: an image that is there has its hash.
        let known = Known {
            sha256: Some(got),
            upload: id.to_owned(),
            since: Since::Unchanged,
        };
        self.record.images.insert(name.clone(), known);
        self.save()?;
        self.library.publish(&path, &name)?;
        if let Some(intake) = self.uploads.remove(id) {
            intake.remove();
        }
        self.refresh();
        Ok(Finished {
            name: name.to_string(),
            sha256: got.to_string(),
        })
    }

    /// Forgets an upload.
    pub fn abort(&mut self, id: &str) -> Result<(), StorageError> {
        let intake = self.uploads.get(id).ok_or(StorageError::NoUpload)?;
        if let Some(onto) = intake.plan.onto.as_ref().filter(|_| self.is_put(id)) {
            return Err(StorageError::Changing(onto.drive.clone()));
        }
        if let Some(intake) = self.uploads.remove(id) {
            intake.remove();
        }
        self.reading.retain(|reading| !reading.is_of(id));
        self.refresh();
        Ok(())
    }
}
