//! The node's own name servers.

use crate::{core::serving::name_servers, keep::try_text};
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

/// Where they stand.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// It is some lines.
const MOST: u64 = 8 * 1024;

/// The file, and what stood there last.
#[derive(Debug)]
pub struct NameServers {
    file: PathBuf,
    last: Vec<IpAddr>,
}

impl NameServers {
    /// Those of this machine.
    pub fn new() -> Self {
        Self::of(Path::new(RESOLV_CONF))
    }

    fn of(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            last: Vec::new(),
        }
    }

    /// Those of now. While the file cannot be read, as in the moment in which the network device starts again, those of before:
    /// the target must not lose its names by that.
    pub fn read(&mut self) -> Vec<IpAddr> {
        if let Ok(text) = try_text(&self.file, MOST) {
            self.last = name_servers(&text);
        }
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn while_they_cannot_be_read_they_are_those_of_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("resolv.conf");
        let mut servers = NameServers::of(&file);
        assert_eq!(servers.read(), Vec::<IpAddr>::new());
        fs::write(&file, "nameserver 192.0.2.1\n").unwrap();
        let known = servers.read();
        assert_eq!(known, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        fs::remove_file(&file).unwrap();
        assert_eq!(servers.read(), known);
        fs::write(&file, "").unwrap();
        assert_eq!(servers.read(), Vec::<IpAddr>::new());
    }
}
