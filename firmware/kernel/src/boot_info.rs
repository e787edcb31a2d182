//! What `dkvm boot` left for the kernel.

use dkvm_wire::service::BootInfo;
use std::path::Path;

/// Where a machine's own kernel looks.
pub(crate) const PATH: &str = "/run/dkvm/boot/info.json";
/// Some sentences; a wrong path may hold more.
const LONGEST: u64 = 64 * 1024;

/// A machine that was not started by `dkvm boot` has none: then there is no card.
pub(crate) fn read(path: &Path) -> BootInfo {
    let fits = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST);
    if !fits {
        return BootInfo::default();
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|e| BootInfo {
        notices: vec![format!(
            "What the start of the machine found is not known: {} is broken ({e}).",
            path.display()
        )],
        ..BootInfo::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_and_a_broken_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("info.json");
        assert_eq!(read(&path), BootInfo::default());
        let info = BootInfo {
            unhealthy_boots: 2,
            notices: vec!["line 3 was ignored".to_owned()],
            ..BootInfo::default()
        };
        std::fs::write(&path, serde_json::to_string(&info).expect("JSON")).expect("written");
        assert_eq!(read(&path), info);
        std::fs::write(&path, "{").expect("written");
        assert!(read(&path).notices[0].contains("info.json is broken"));
    }
}
