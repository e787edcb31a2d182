//! Images, unfinished uploads and drives as a table.

use crate::error::CliError;
use crate::format::bytes;
use crate::output::{self, Form};
use dkvm_wire::vocab::storage::{Access, Incoming, LunInfo, Medium, StorageState, StoredImage};

/// Enough of a hash to tell images apart; `--json` has all of it.
const HASH_SHOWN: usize = 16;

pub fn show(state: &StorageState, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(state),
        Form::Text => output::lines(&tell(state)),
    }
}

fn tell(state: &StorageState) -> Vec<String> {
    let mut lines: Vec<String> = state.images.iter().map(image).collect();
    if lines.is_empty() {
        lines.push("no images yet: `dkvm storage put FILE` brings one".to_owned());
    }
    lines.extend(state.incoming.iter().map(incoming));
    lines.push(String::new());
    lines.extend(state.luns.iter().map(drive));
    if let Some(reason) = &state.reason {
        lines.push(format!("no drives: {}", output::harmless(reason)));
    }
    let (free, total) = (bytes(state.free), bytes(state.total));
    lines.push(format!("{free} free of {total}"));
    lines
}

fn image(image: &StoredImage) -> String {
    let hash = image
        .sha256
        .as_ref()
        .map_or("-", |hash| hash.get(..HASH_SHOWN).unwrap_or(hash.as_str()));
    let modified = if image.modified {
        " (written to since)"
    } else {
        ""
    };
    let name = output::harmless(&image.name);
    let hash = output::harmless(hash);
    format!(
        "{:>9}  {hash:HASH_SHOWN$}  {name}{modified}",
        bytes(image.size)
    )
}

fn incoming(one: &Incoming) -> String {
    let name = output::harmless(&one.name);
    let percent = one.offset * 100 / one.size.max(1);
    let how = if one.verifying {
        "is read back"
    } else {
        "is there"
    };
    format!("{:>9}  {percent}% {how}: {name}", bytes(one.size))
}

fn drive(lun: &LunInfo) -> String {
    let how = match (lun.medium, lun.access) {
        (Medium::Cdrom, _) => "CD-ROM",
        (Medium::Disk, Access::ReadOnly) => "disk, read-only",
        (Medium::Disk, Access::Writable) => "disk, writable",
    };
    let held = lun.image.as_ref().map_or_else(
        || "empty".to_owned(),
        |image| format!("{} ({how})", output::harmless(image)),
    );
    let problem = lun.problem.as_ref();
    let problem = problem.map_or_else(String::new, |text| format!("; {}", output::harmless(text)));
    format!("drive {}: {held}{problem}", lun.index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_told_and_nothing_hostile_reaches_the_terminal() {
        let lun = LunInfo {
            index: 0,
            image: Some("a\u{1b}[2J".into()),
            medium: Medium::Cdrom,
            access: Access::ReadOnly,
            problem: None,
        };
        let state = StorageState {
            images: vec![StoredImage {
                name: "a.iso".into(),
                size: 1 << 20,
                sha256: Some("9f".repeat(32)),
                modified: true,
                fat: false,
            }],
            incoming: Vec::new(),
            luns: vec![lun],
            reason: None,
            free: 0,
            total: 1,
        };
        let told = tell(&state).join("\n");
        assert!(
            told.contains("a.iso (written to since)") && told.contains("CD-ROM"),
            "{told}"
        );
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}
