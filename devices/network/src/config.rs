//! The device's part of the configuration.

use serde::Deserialize;
use std::path::PathBuf;

/// All keys have defaults that suit a Pi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `linux` (default); `names`, which leaves interfaces, Wi-Fi and clock to whoever has them; or `dummy`, which has one interface
    /// that is none.
    pub backend: BackendKind,
    /// Interfaces that are somebody else's, by name; `*` at the end stands for anything.
    pub ignore: Vec<String>,
    /// Where `dkvm boot` left the owner's settings.
    pub boot_dir: PathBuf,
    /// BusyBox' DHCP client.
    pub udhcpc: String,
    /// What it runs for each event.
    pub dhcp_script: PathBuf,
    /// The Wi-Fi supplicant.
    pub wpa_supplicant: String,
    /// Tell the network this node's name and services.
    pub mdns: bool,
    /// The page's port, for those who look for it; 0: there is no page.
    pub https_port: u16,
}

/// Whose interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// Linux's, by rtnetlink.
    #[default]
    Linux,
    /// Somebody else's: names alone are told and heard.
    Names,
    /// Nobody's.
    Dummy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendKind::Linux,
            ignore: Vec::new(),
            boot_dir: "/run/dkvm/boot".into(),
            udhcpc: "udhcpc".to_owned(),
            dhcp_script: "/usr/share/dkvm/dhcp-event".into(),
            wpa_supplicant: "wpa_supplicant".to_owned(),
            mdns: true,
            https_port: 443,
        }
    }
}

/// Whether one of the patterns means this interface.
pub fn ignores(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings_of_names_are_ignored() {
        let patterns = ["vec1".to_owned(), "docker*".to_owned()];
        assert!(ignores(&patterns, "vec1") && ignores(&patterns, "docker0"));
        assert!(!ignores(&patterns, "vec10") && !ignores(&patterns, "eth0"));
    }
}
