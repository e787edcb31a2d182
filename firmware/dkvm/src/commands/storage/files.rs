//! `dkvm storage files`: what is on a FAT drive.

use super::{ask, Session};
use crate::args::FilesDo;
use crate::error::CliError;
use crate::format::bytes;
use crate::output::{self, Form};
use dkvm_kernel::client::ClientError;
use dkvm_wire::service::Nothing;
use dkvm_wire::vocab::storage::{methods, FileInfo, FileList, FileRef, FilesOf};
use dkvm_wire::ErrorCode;

pub fn run(
    session: &mut Session,
    image: String,
    what: Option<FilesDo>,
    form: Form,
) -> Result<(), CliError> {
    let root = FilesDo::Ls {
        folder: String::new(),
    };
    match what.unwrap_or(root) {
        FilesDo::Ls { folder } => {
            let list = ask(session, methods::FILES, &FilesOf { image, folder })?;
            show(&list, form)
        }
        FilesDo::Rm { path, take_out } => {
            let file = FileRef {
                image,
                path,
                take_out,
            };
            remove(session, &file)?;
            let told = format!("{} was deleted from {}", file.path, file.image);
            match form {
                Form::Json => output::json(&Nothing {}),
                Form::Text => output::line(&output::harmless(&told)),
            }
        }
    }
}

/// The drive is copied for it, which may take longer than the kernel lets an answer take; asked again, it is the same deletion.
fn remove(session: &mut Session, file: &FileRef) -> Result<(), CliError> {
    let mut asked = 0;
    loop {
        match ask::<_, Nothing>(session, methods::FILES_REMOVE, file) {
            Err(CliError::Client(ClientError::Refused(error)))
                if error.code == ErrorCode::Timeout =>
            {
                asked += 1;
            }
            // It was deleted between two questions.
            Err(CliError::Client(ClientError::Refused(error)))
                if error.code == ErrorCode::NotFound && asked > 0 =>
            {
                return Ok(())
            }
            result => return result.map(drop),
        }
    }
}

fn show(list: &FileList, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(list),
        Form::Text => output::lines(&tell(list)),
    }
}

fn tell(list: &FileList) -> Vec<String> {
    let mut lines: Vec<String> = list.files.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("nothing is on it: `dkvm storage copy FILE DRIVE` brings a file".to_owned());
    }
    let more = (list.count as usize).saturating_sub(list.files.len());
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.push(format!("{} free on it", bytes(list.free)));
    lines
}

fn line(file: &FileInfo) -> String {
    let name = output::harmless(&file.name);
    match file.folder {
        true => format!("{:>9}  {name}/", ""),
        false => format!("{:>9}  {name}", bytes(file.size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_told_and_nothing_hostile_reaches_the_terminal() {
        let file = |name: &str, folder| FileInfo {
            name: name.into(),
            size: 2048,
            folder,
        };
        let list = FileList {
            files: vec![file("a\u{1b}[2J", false), file("docs", true)],
            count: 300,
            free: 1 << 20,
        };
        let told = tell(&list).join("\n");
        assert!(
            told.contains("docs/") && told.contains("298 more"),
            "{told}"
        );
        assert!(!told.contains('\u{1b}'), "{told}");
        let none = FileList {
            files: Vec::new(),
            count: 0,
            free: 0,
        };
        assert!(tell(&none)[0].contains("dkvm storage copy"));
    }
}
