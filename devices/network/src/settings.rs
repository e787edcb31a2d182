//! What `dkvm boot` left of the owner's settings.

use crate::{
    config::Config,
    core::{owner::Owner, wifi::Wifi},
};
use std::{fs, io::ErrorKind, path::PathBuf};

/// Addresses and time servers. What is ignored is told.
pub fn owner(config: &Config) -> Owner {
    let path = config.boot_dir.join("network.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            let path = path.display();
            dkvm_sdk::warn!("cannot read {path}: {error}; every link asks by DHCP");
            String::new()
        }
    };
    let (owner, ignored) = Owner::read(&text);
    for sentence in ignored {
        dkvm_sdk::warn!("{sentence}");
    }
    owner
}

/// Where the Wi-Fi is set, as its supplicant reads it.
pub fn wifi_file(config: &Config) -> PathBuf {
    config.boot_dir.join("wpa_supplicant.conf")
}

/// Whether one is set.
pub fn wifi(config: &Config) -> Wifi {
    if wifi_file(config).exists() {
        Wifi::Searching
    } else {
        Wifi::Off
    }
}
