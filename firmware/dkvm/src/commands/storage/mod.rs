//! `dkvm storage`: images, and what of them is in the target's drives.

mod fetch;
mod files;
mod put;
mod show;

use super::power::{confirm, Consent};
use super::Session;
use crate::args::{AttachTo, StorageDo};
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::storage::{
    methods, Access, Attach, Drive, Eject, ImageRef, LunInfo, Medium, PutRef, Rename, StorageState,
};
use serde::{de::DeserializeOwned, Serialize};

/// The device, by its name in the configuration.
const DEVICE: &str = "storage";

pub fn run(session: &mut Session, what: Option<StorageDo>, form: Form) -> Result<(), CliError> {
    session.check_name(DEVICE, &[])?;
    match what.unwrap_or(StorageDo::Ls) {
        StorageDo::Ls => show::show(&state(session)?, form),
        StorageDo::Put { file, name } => put::put(session, &file, name, form),
        StorageDo::Fetch(what) => fetch::fetch(session, what, form),
        StorageDo::Attach(to) => attach(session, to, form),
        StorageDo::Eject { lun, force } => eject(session, Eject { lun, force }, form),
        StorageDo::Rm { image, yes } => remove(session, image, yes.into(), form),
        StorageDo::Mv { image, to } => {
            let told = format!("{image} is {to} now");
            act(session, methods::RENAME, &Rename { image, to }, form, &told)
        }
        StorageDo::Drive { image, mib } => {
            let told = format!("{image} is there, empty, with a FAT file system");
            let size = mib << 20;
            act(session, methods::DRIVE, &Drive { image, size }, form, &told)
        }
        StorageDo::Copy(to) => put::copy(session, to, form),
        StorageDo::Files { image, what } => files::run(session, image, what, form),
        StorageDo::Forget { name } => forget(session, &name, form),
    }
}

fn ask<A: Serialize, T: DeserializeOwned>(
    session: &mut Session,
    method: &str,
    arguments: &A,
) -> Result<T, CliError> {
    session.call(&format!("{DEVICE}/{method}"), arguments)
}

fn state(session: &mut Session) -> Result<StorageState, CliError> {
    ask(session, methods::GET, &Nothing {})
}

/// Does it; then a sentence, or the new state.
fn act<A: Serialize>(
    session: &mut Session,
    method: &str,
    arguments: &A,
    form: Form,
    told: &str,
) -> Result<(), CliError> {
    ask::<_, Nothing>(session, method, arguments)?;
    match form {
        Form::Json => output::json(&state(session)?),
        Form::Text => output::line(&output::harmless(told)),
    }
}

fn attach(session: &mut Session, to: AttachTo, form: Form) -> Result<(), CliError> {
    let lun = match to.lun {
        Some(lun) => lun,
        None => first_empty(&state(session)?.luns)?,
    };
    let attach = Attach {
        lun,
        medium: if to.cdrom {
            Medium::Cdrom
        } else {
            Medium::Disk
        },
        access: if to.writable {
            Access::Writable
        } else {
            Access::ReadOnly
        },
        image: to.image,
    };
    let told = format!("{} is in drive {lun}", attach.image);
    act(session, methods::ATTACH, &attach, form, &told)
}

/// What is in a drive is the target's: without a drive's number none is emptied for another image.
fn first_empty(luns: &[LunInfo]) -> Result<u32, CliError> {
    match luns.iter().find(|lun| lun.image.is_none()) {
        Some(lun) => Ok(lun.index),
        // The device says why there are none.
        None if luns.is_empty() => Ok(0),
        None => Err(CliError::DrivesFull),
    }
}

fn eject(session: &mut Session, eject: Eject, form: Form) -> Result<(), CliError> {
    let told = format!("drive {} is empty", eject.lun);
    act(session, methods::EJECT, &eject, form, &told)
}

fn remove(
    session: &mut Session,
    image: String,
    consent: Consent,
    form: Form,
) -> Result<(), CliError> {
    if consent == Consent::Wanted {
        let name = output::harmless(&image);
        let place = session.place.words();
        confirm(&format!(
            "{name} is deleted from {place}. There is no way to get it back."
        ))?;
    }
    let told = format!("{image} was deleted");
    act(session, methods::DELETE, &ImageRef { image }, form, &told)
}

/// Unfinished uploads are known to people by the name of the image to be.
fn forget(session: &mut Session, name: &str, form: Form) -> Result<(), CliError> {
    let state = state(session)?;
    let found = state.incoming.iter().find(|one| one.name == name);
    let id = found.map(|one| one.id.clone()).unwrap_or_default();
    let told = format!("the upload of {name} is forgotten");
    act(session, methods::PUT_ABORT, &PutRef { id }, form, &told)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn lun(index: u32, image: Option<&str>) -> LunInfo {
        LunInfo {
            index,
            image: image.map(str::to_owned),
            medium: Medium::Disk,
            access: Access::ReadOnly,
            problem: None,
        }
    }

    #[test]
    fn without_a_number_no_drive_is_emptied_for_another_image() {
        let luns = [lun(0, Some("a")), lun(1, None)];
        assert_eq!(first_empty(&luns).unwrap(), 1);
        assert_eq!(first_empty(&[]).unwrap(), 0);
        let full = first_empty(&luns[..1]).unwrap_err();
        assert!(full.to_string().contains("--lun"), "{full}");
    }
}
