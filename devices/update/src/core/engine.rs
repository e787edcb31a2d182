//! The order in which things are made lasting, on which everything depends when power is cut:
//!
//! 1. the record says that the other slot is empty;
//! 2. its partitions are written, and read back;
//! 3. the record says that it is whole and staged;
//! 4. the record says that it is tried, and the machine restarts into it once;
//! 5. `autoboot.txt` names it: from here on it starts;
//! 6. the record says that it is healthy.
//!
//! The running slot and the committed slot are never written.

use super::{
    error::{BoardError, UpdateError},
    health::Expected,
    record::{Held, Machine, Record, Trial},
    rules,
    upload::Upload,
};
use crate::backend::Board;
use dkvm_bundle::{verify, Hasher, Head, Part, PublicKeys};
use dkvm_wire::{
    service::Slot,
    vocab::update::{Downgrade, Stage, UpdateState},
};

// Whoever sends a head and whoever reads it agree on the longest.
const _: () = assert!(dkvm_bundle::MAX_HEAD == dkvm_wire::vocab::update::MAX_HEAD);

/// How much is written between two syncs: a card that is slow paces the upload, and finds little left to do at its end.
const SYNC_EVERY: u64 = 1 << 20;
/// What is read back at once.
const BLOCK: usize = 64 * 1024;
/// An upload that has not moved for this long may be replaced by another, ms.
const STALE_MS: u64 = 10_000;

/// Whether the kernel may start the other slot when this one does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// It holds an image that was healthy.
    There,
    /// It does not, or is about to be written.
    Gone,
}

/// What is kept: the record over restarts of the machine, the upload over those of the device.
pub trait Keep {
    /// Writes the record; it is lasting on return.
    fn save(&mut self, record: &Record) -> Result<(), BoardError>;
    /// Tells the kernel; it is lasting on return.
    fn set_fallback(&mut self, fallback: Fallback) -> Result<(), BoardError>;
    /// A new upload, or none.
    fn save_upload(&mut self, head: Option<&[u8]>);
    /// How far it is.
    fn save_offset(&mut self, offset: u64);
}

/// An update from its first byte to its commit.
pub struct Engine<B, K> {
    board: B,
    keep: K,
    machine: Machine,
    record: Record,
    upload: Option<Upload>,
    keys: PublicKeys,
    unsynced: u64,
    moved_at: u64,
    restarting: bool,
}

/// What `update.begin` brings.
#[derive(Debug)]
pub struct Begin<'a> {
    /// The bundle's first bytes.
    pub head: &'a [u8],
    /// Its size.
    pub size: u64,
    /// Whether an older image is taken.
    pub downgrade: Downgrade,
    /// The time, ms.
    pub now: u64,
}

impl<B: Board, K: Keep> Engine<B, K> {
    /// Goes on where the last life of the device, or of the machine, ended.
    pub fn start(
        (board, mut keep): (B, K),
        machine: Machine,
        keys: PublicKeys,
        (record, upload): (Record, Option<Upload>),
    ) -> Result<Self, BoardError> {
        let now = record.clone().at_start(&machine);
        save(&mut keep, &machine, &now)?;
        let free = now.held(machine.running.other()).is_none() && !machine.is_trial();
        Ok(Self {
            board,
            keep,
            machine,
            record: now,
            upload: upload.filter(|_| free),
            keys,
            unsynced: 0,
            moved_at: 0,
            restarting: false,
        })
    }

    /// Takes the head of a bundle; gives the upload.
    pub fn begin(&mut self, begin: Begin<'_>) -> Result<&Upload, UpdateError> {
        let head = Head::of_bundle(begin.head, begin.size)?;
        verify(&head, &self.keys)?;
        rules::check(&head.manifest, &self.machine, begin.downgrade)?;
        let target = self.target()?;
        self.check_room(target, &head)?;
        let id = head.manifest.id();
        if self.is_under_way(&id, begin.now)? {
            self.moved_at = begin.now;
            return self.upload.as_ref().ok_or(NO_UPLOAD);
        }
        let upload = match self.record.held(target) {
            Some(held) if held.id == id => Upload::whole(head),
            _ => self.empty(target, begin.head, head)?,
        };
        self.moved_at = begin.now;
        Ok(self.upload.insert(upload))
    }

    /// The next bytes.
    pub fn write(
        &mut self,
        id: &str,
        offset: u64,
        data: &[u8],
        now: u64,
    ) -> Result<&Upload, UpdateError> {
        let target = self.target()?;
        let upload = self
            .upload
            .as_mut()
            .filter(|upload| upload.id == id)
            .ok_or(NO_UPLOAD)?;
        for piece in upload.place(offset, data)? {
            self.board
                .write(target, piece.part, piece.at, piece.bytes)?;
        }
        upload.took(data.len());
        self.moved_at = now;
        self.unsynced += data.len() as u64;
        if self.unsynced >= SYNC_EVERY {
            self.unsynced = 0;
            self.board.sync(target)?;
        }
        self.keep.save_offset(upload.offset());
        Ok(upload)
    }

    /// All is there: makes sure of it.
    pub fn finish(&mut self, id: &str) -> Result<(), UpdateError> {
        let target = self.target()?;
        let upload = self
            .upload
            .as_ref()
            .filter(|upload| upload.id == id)
            .ok_or(NO_UPLOAD)?;
        if !upload.is_complete() {
            return Err(UpdateError::Offset {
                wanted: upload.offset(),
            });
        }
        let (id, manifest) = (upload.id.clone(), upload.head.manifest.clone());
        let sound = self.settle(target, &manifest.parts);
        self.forget_upload();
        if let Err(error) = sound {
            self.mark_empty(target)?;
            return Err(error);
        }
        let mut record = self.record.clone();
        let healthy = record.held(target).is_some_and(|held| held.healthy);
        *record.held_mut(target) = Some(Held {
            version: manifest.version.to_string(),
            id,
            healthy,
        });
        record.staged = true;
        Ok(self.save(record)?)
    }

    /// Forgets an upload and what it brought.
    pub fn abort(&mut self) -> Result<(), UpdateError> {
        let target = self.target()?;
        let was_there = self.upload.is_some() || self.record.staged;
        self.forget_upload();
        if was_there && (self.record.staged || self.record.held(target).is_none()) {
            self.mark_empty(target)?;
        }
        Ok(())
    }

    /// The staged image is about to be started once; the caller restarts the machine.
    pub fn begin_trial(&mut self, expected: Expected) -> Result<String, UpdateError> {
        if !self.record.staged {
            return Err(UpdateError::NotNow(
                "no new image waits to be tried: bring one with `dkvm update FILE`",
            ));
        }
        self.prepare_trial(expected)
    }

    /// The same with the image that was healthy before.
    pub fn begin_rollback(&mut self, expected: Expected) -> Result<String, UpdateError> {
        let target = self.target()?;
        let healthy = self.record.held(target).is_some_and(|held| held.healthy);
        if !healthy {
            return Err(UpdateError::NotNow("the other slot holds no image that was healthy before: bring one with `dkvm update FILE --downgrade`"));
        }
        self.prepare_trial(expected)
    }

    fn prepare_trial(&mut self, expected: Expected) -> Result<String, UpdateError> {
        let target = self.target()?;
        let mut record = self.record.clone();
        let version = record.held(target).map(|held| held.version.clone());
        let version = version.ok_or(UpdateError::NotNow("the other slot is empty"))?;
        record.staged = false;
        record.trial = Some(Trial {
            slot: target,
            version: version.clone(),
            expected: Some(expected),
            prepared_in: self.machine.boot.clone(),
            failed: None,
            seen: false,
        });
        self.forget_upload();
        self.save(record)?;
        self.restarting = true;
        Ok(version)
    }

    /// The machine did not restart after all.
    pub fn trial_did_not_begin(&mut self) -> Result<(), UpdateError> {
        self.restarting = false;
        let mut record = self.record.clone();
        record.staged = record.trial.take().is_some();
        Ok(self.save(record)?)
    }

    /// This trial is well: from now on this slot starts.
    pub fn commit(&mut self, reason: &str) -> Result<(), UpdateError> {
        let trial = self
            .trial()
            .cloned()
            .ok_or(UpdateError::NotNow("this boot is no trial"))?;
        if self.record.held(self.machine.running).is_none() {
            return Err(UpdateError::NotNow(NOT_WHOLE));
        }
        self.board.commit(self.machine.running)?;
        self.machine.committed = self.machine.running;
        let mut record = self.record.clone();
        record.committed(&trial, reason);
        Ok(self.save(record)?)
    }

    /// This trial is not well; the caller restarts the machine.
    pub fn go_back(&mut self, reason: &str) -> Result<(), UpdateError> {
        let mut record = self.record.clone();
        if let Some(trial) = &mut record.trial {
            trial.failed = Some(reason.to_owned());
        }
        self.restarting = true;
        Ok(self.save(record)?)
    }

    /// The committed image that runs is well.
    pub fn mark_healthy(&mut self) -> Result<(), UpdateError> {
        let mut record = self.record.clone();
        if let Some(held) = record.held_mut(self.machine.running) {
            held.healthy = true;
        }
        Ok(self.save(record)?)
    }

    /// Forgets all that was kept; the caller restarts the machine.
    pub fn factory_reset(&mut self) -> Result<(), UpdateError> {
        if self.machine.is_trial() {
            return Err(UpdateError::NotNow(
                "this boot is a trial: wait until it is committed or the machine has gone back",
            ));
        }
        Ok(self.board.forget_data()?)
    }

    /// Whether this boot is a trial, with or without a record of who began it.
    pub fn is_trial(&self) -> bool {
        self.machine.is_trial()
    }

    /// The trial that this boot is.
    pub fn trial(&self) -> Option<&Trial> {
        let trial = self.record.trial.as_ref();
        trial.filter(|_| self.machine.is_trial())
    }

    /// Whether the running image was healthy once.
    pub fn is_healthy(&self) -> bool {
        self.record
            .held(self.machine.running)
            .is_some_and(|held| held.healthy)
    }

    /// For all to see. A trial's checks are filled in by whoever asks them.
    pub fn state(&self) -> UpdateState {
        UpdateState {
            stage: self.stage(),
            slots: self.record.slots(),
            running: Some(self.machine.running),
            committed: Some(self.machine.committed),
            last: self.record.last.clone(),
        }
    }

    fn stage(&self) -> Stage {
        let version_of = |slot: Slot| {
            self.record
                .held(slot)
                .map_or_else(String::new, |held| held.version.clone())
        };
        if self.restarting {
            Stage::Restarting
        } else if self.machine.is_trial() {
            Stage::Trial {
                checks: Vec::new(),
                left_ms: 0,
            }
        } else if let Some(upload) = &self.upload {
            Stage::Receiving {
                version: upload.head.manifest.version.to_string(),
                bytes: upload.offset(),
                size: upload.head.bundle_size(),
            }
        } else if self.record.staged {
            Stage::Staged {
                version: version_of(self.machine.running.other()),
            }
        } else {
            Stage::Idle
        }
    }

    /// The version of an upload that is about to be finished.
    pub fn upload_version(&self) -> Option<String> {
        let upload = self.upload.as_ref()?;
        Some(upload.head.manifest.version.to_string())
    }

    /// The slot that may be written: neither the running one nor, whatever happened, the committed one.
    fn target(&self) -> Result<Slot, UpdateError> {
        if self.restarting {
            return Err(UpdateError::NotNow("the machine is about to restart"));
        }
        if self.machine.is_trial() {
            return Err(UpdateError::NotNow("this boot is a trial of the last update: wait until it is committed or the machine has gone back"));
        }
        Ok(self.machine.running.other())
    }

    fn check_room(&self, target: Slot, head: &Head) -> Result<(), UpdateError> {
        for part in &head.manifest.parts {
            let room = self.board.room(target, part.name)?;
            if part.extent > room {
                return Err(UpdateError::TooLarge {
                    part: part.name.as_str(),
                    size: part.extent,
                    room,
                });
            }
        }
        Ok(())
    }

    /// Whether this bundle is the one that comes in already; another one that moves is not disturbed.
    fn is_under_way(&self, id: &str, now: u64) -> Result<bool, UpdateError> {
        match &self.upload {
            Some(upload) if upload.id == id => Ok(true),
            Some(_) if now.saturating_sub(self.moved_at) < STALE_MS => Err(UpdateError::NotNow(
                "another update is being uploaded: wait for it, or end it with `dkvm update --abort`",
            )),
            _ => Ok(false),
        }
    }

    /// Nothing of a slot counts any more: an upload into it begins.
    fn empty(&mut self, target: Slot, bytes: &[u8], head: Head) -> Result<Upload, UpdateError> {
        self.forget_upload();
        self.mark_empty(target)?;
        self.keep.save_upload(bytes.get(..head.length));
        let upload = Upload::new(head);
        self.keep.save_offset(upload.offset());
        Ok(upload)
    }

    fn mark_empty(&mut self, target: Slot) -> Result<(), BoardError> {
        let mut record = self.record.clone();
        *record.held_mut(target) = None;
        record.staged = false;
        self.save(record)
    }

    fn forget_upload(&mut self) {
        self.upload = None;
        self.unsynced = 0;
        self.keep.save_upload(None);
    }

    fn save(&mut self, record: Record) -> Result<(), BoardError> {
        if record != self.record {
            save(&mut self.keep, &self.machine, &record)?;
            self.record = record;
        }
        Ok(())
    }

    /// Makes a slot what was signed, down to its last zero, and reads it back.
    fn settle(&mut self, target: Slot, parts: &[Part]) -> Result<(), UpdateError> {
        for part in parts {
            self.clear_behind(target, part)?;
        }
        self.board.sync(target)?;
        for part in parts {
            self.read_back(target, part)?;
        }
        Ok(())
    }

    /// What the last image left behind the end of this one's bytes. Mostly there is nothing.
    fn clear_behind(&mut self, target: Slot, part: &Part) -> Result<(), UpdateError> {
        let mut buffer = vec![0; BLOCK];
        let mut at = part.size;
        while at < part.extent {
            let block = block(&mut buffer, part.extent - at);
            self.board.read(target, part.name, at, block)?;
            if block.iter().any(|byte| *byte != 0) {
                block.fill(0);
                self.board.write(target, part.name, at, block)?;
            }
            at += block.len() as u64;
        }
        Ok(())
    }

    fn read_back(&self, target: Slot, part: &Part) -> Result<(), UpdateError> {
        let mut buffer = vec![0; BLOCK];
        let mut hasher = Hasher::default();
        let mut at = 0;
        while at < part.size {
            let block = block(&mut buffer, part.size - at);
            self.board.read(target, part.name, at, block)?;
            hasher.update(block);
            at += block.len() as u64;
        }
        let sound = hasher.finish() == part.sha256;
        sound
            .then_some(())
            .ok_or(UpdateError::ReadBack(part.name.as_str()))
    }
}

const NO_UPLOAD: UpdateError = UpdateError::NotNow("there is no such upload: begin it again");

/// Said of a trial that somebody began by hand, in the middle of an upload.
pub const NOT_WHOLE: &str = "the image in this slot was never read back whole";

fn block(buffer: &mut [u8], left: u64) -> &mut [u8] {
    let most = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
    &mut buffer[..most]
}

/// The kernel never believes in a slot for longer than the record does. A trial changes nothing: what it is a fallback from is
/// not settled.
fn save(keep: &mut impl Keep, machine: &Machine, record: &Record) -> Result<(), BoardError> {
    let healthy = record
        .held(machine.running.other())
        .is_some_and(|held| held.healthy);
    match (machine.is_trial(), healthy) {
        (true, _) => keep.save(record),
        (false, true) => {
            keep.save(record)?;
            keep.set_fallback(Fallback::There)
        }
        (false, false) => {
            keep.set_fallback(Fallback::Gone)?;
            keep.save(record)
        }
    }
}
