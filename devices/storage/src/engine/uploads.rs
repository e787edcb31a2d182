//! Uploads: begun, written, finished, forgotten.

use super::Engine;
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
    /// It is read back first: [`Engine::go_on`].
    ReadingBack,
}

impl Engine {
    /// Where the upload stands; what is finished already stands at its end.
    pub fn begin(&mut self, begin: &PutBegin) -> Result<PutAt, StorageError> {
        let plan = Plan::of(begin)?;
        let id = plan.id();
        if let Some(intake) = self.uploads.get(&id) {
            let offset = intake.offset;
            return Ok(PutAt { id, offset });
        }
        if let Some((name, _)) = self.record.finished(&id) {
            if self.library.size(name) == Some(plan.size) {
                return Ok(PutAt {
                    id,
                    offset: plan.size,
                });
            }
        }
        self.refresh();
        self.admit(&plan.name, plan.size)?;
        if self.uploads.len() >= MAX_UPLOADS {
            return Err(StorageError::TooManyUploads { most: MAX_UPLOADS });
        }
        let intake = Intake::create(self.library.incoming(), plan)?;
        self.uploads.insert(id.clone(), intake);
        self.refresh();
        Ok(PutAt { id, offset: 0 })
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
        let Some(intake) = self.uploads.get(&finish.id) else {
            return self.finished_before(&finish.id, wanted).map(Finish::Done);
        };
        let (offset, size) = (intake.offset, intake.plan.size);
        if offset < size {
            return Err(StorageError::NotWhole { offset, size });
        }
        if let Some(hash) = intake.hash() {
            return self.complete(&finish.id, hash, wanted).map(Finish::Done);
        }
        if !self.reading.iter().any(|reading| reading.is_of(&finish.id)) {
            let verify = intake.verify();
            self.reading.push(Reading { verify, wanted });
        }
        Ok(Finish::ReadingBack)
    }

    /// The answer to who asks again because the first answer was lost; not to who has another file of that name, size and time.
    fn finished_before(&self, id: &str, wanted: Option<Hash>) -> Result<Finished, StorageError> {
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

    /// A piece of reading back; what was finished by it.
    pub fn go_on(&mut self) -> Option<(String, Result<Finished, StorageError>)> {
        let reading = self.reading.first_mut()?;
        let (id, wanted) = (reading.verify.id.clone(), reading.wanted);
        let result = match reading.verify.go_on() {
            Ok(None) => return None,
            Ok(Some(hash)) => self.complete(&id, hash, wanted),
            Err(error) => Err(error),
        };
        // By its name: a completion that forgot the upload has forgotten its reading too.
        self.reading.retain(|reading| !reading.is_of(&id));
        Some((id, result))
    }

    fn complete(
        &mut self,
        id: &str,
        got: Hash,
        said: Option<Hash>,
    ) -> Result<Finished, StorageError> {
        let intake = self.uploads.get_mut(id).ok_or(StorageError::NoUpload)?;
        let promises = [intake.plan.sha256, said].into_iter().flatten();
        if let Some(wanted) = promises.into_iter().find(|wanted| *wanted != got) {
            self.abort(id)?;
            return Err(StorageError::OtherHash { wanted, got });
        }
        intake.flush()?;
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
        let intake = self.uploads.remove(id).ok_or(StorageError::NoUpload)?;
        intake.remove();
        self.reading.retain(|reading| !reading.is_of(id));
        self.refresh();
        Ok(())
    }
}
