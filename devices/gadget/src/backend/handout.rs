//! Who works a function gets its files: a device node, or attributes in configfs.

use super::{
    files::{device_file, give, group_of, is_there, text},
    site::INTERFACES,
};
use crate::{
    config::Config,
    error::GadgetError,
    functions::{card, sound_nodes, tty, Function, STORAGE_OWNED},
    profile::Place,
};
use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a device file may take to appear; devtmpfs makes it at once.
const DEVICE_FILE_WAIT: Duration = Duration::from_secs(2);
/// How often it is looked for.
const DEVICE_FILE_STEP: Duration = Duration::from_millis(5);
/// Mode of a device node, and of an attribute that is read and written.
const SHARED: u32 = 0o660;
/// Mode of an attribute that is only written.
const WRITE_ONLY: u32 = 0o220;
/// The attribute of that kind.
const EJECT: &str = "forced_eject";

/// Waits for a function's files, and gives them to the group of the user who works it.
pub(super) async fn give_function(
    config: &Config,
    place: Place,
    directory: &Path,
) -> Result<(), GadgetError> {
    let Some((user, key)) = user(config, place.1) else {
        return Ok(());
    };
    let group = group_of(user, &text(Path::new("/etc/passwd")));
    if group.is_none() {
        dkvm_sdk::warn!("there is no user {user}: only root can work the USB function {}; see `{key}` in the configuration", place.1.name());
    }
    for (path, mode) in files(config, place, directory) {
        if !appears(&path).await {
            let device = path.display().to_string();
            return Err(GadgetError::NoDeviceFile { device });
        }
        if let Some(Err(error)) = group.map(|group| give(&path, group, mode)) {
            tell(&path, user, &error);
        }
    }
    Ok(())
}

fn tell(path: &Path, user: &str, error: &io::Error) {
    // An attribute that this Linux does not have.
    if error.kind() != ErrorKind::NotFound {
        dkvm_sdk::error!(
            "cannot give {} to the group of {user}: {error}; this device must run as root",
            path.display()
        );
    }
}

/// The user who works a function, and the key of the configuration that names it. An interface is nobody's file: it takes
/// NET_ADMIN.
fn user(config: &Config, function: Function) -> Option<(&str, &'static str)> {
    Some(match function {
        Function::Hid(_) => (&config.hid_user, "hid_user"),
        Function::Storage => (&config.storage_user, "storage_user"),
        Function::Audio => (&config.audio_user, "audio_user"),
        Function::Network => return None,
        Function::Serial => (&config.serial_user, "serial_user"),
    })
}

/// What is given, and with which mode.
fn files(config: &Config, place: Place, directory: &Path) -> Vec<(PathBuf, u32)> {
    match place.1 {
        Function::Storage => attributes(config.luns, directory),
        Function::Audio => sound_nodes()
            .into_iter()
            .map(|path| (path, SHARED))
            .collect(),
        _ => node(place, directory)
            .map(|path| (path, SHARED))
            .into_iter()
            .collect(),
    }
}

fn attributes(luns: u8, directory: &Path) -> Vec<(PathBuf, u32)> {
    let mode = |name| if name == EJECT { WRITE_ONLY } else { SHARED };
    let of_lun = |lun: u8| {
        let lun = directory.join(format!("lun.{lun}"));
        STORAGE_OWNED.map(|name| (lun.join(name), mode(name)))
    };
    (0..luns).flat_map(of_lun).collect()
}

/// The device node, if the function has one.
fn node((place, function): Place, directory: &Path) -> Option<PathBuf> {
    let read = |attribute| text(&directory.join(attribute));
    match function {
        Function::Hid(_) => {
            let usual = || PathBuf::from(format!("/dev/hidg{place}"));
            Some(device_file(&read("dev")).unwrap_or_else(usual))
        }
        Function::Serial => tty(&read("port_num")),
        Function::Storage | Function::Audio | Function::Network => None,
    }
}

/// Where a function is, for `gadget.state`: its node, or for storage its directory, for network the interface's name; empty
/// when it is not there.
pub(super) fn device(place: Place, directory: &Path) -> String {
    let path = match place.1 {
        Function::Audio => card().filter(|_| directory.is_dir()).map(PathBuf::from),
        Function::Storage => Some(directory.to_owned()).filter(|path| path.is_dir()),
        Function::Network => interface(&text(&directory.join("ifname"))).map(PathBuf::from),
        _ => node(place, directory).filter(|path| is_there(path)),
    };
    path.map_or_else(String::new, |path| path.display().to_string())
}

/// The interface of that name, once Linux has made it: before it says `usb%d`.
fn interface(name: &str) -> Option<String> {
    let name = name.trim();
    let is_there = !name.is_empty() && !name.contains(['/', '%']);
    (is_there && Path::new(INTERFACES).join(name).exists()).then(|| name.to_owned())
}

/// Attributes are there as soon as their directory is; nodes may take a moment.
async fn appears(path: &Path) -> bool {
    if !path.starts_with("/dev") {
        return true;
    }
    let tries = DEVICE_FILE_WAIT.as_millis() / DEVICE_FILE_STEP.as_millis();
    for _ in 0..tries {
        if is_there(path) {
            return true;
        }
        tokio::time::sleep(DEVICE_FILE_STEP).await;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_gets_the_attributes_of_each_lun_and_no_more() {
        let given = attributes(2, Path::new("/x"));
        assert_eq!(given.len(), 2 * STORAGE_OWNED.len());
        assert!(given.contains(&("/x/lun.1/file".into(), SHARED)));
        assert!(given.contains(&("/x/lun.0/forced_eject".into(), WRITE_ONLY)));
    }

    #[test]
    fn an_interface_has_a_name_once_it_is_there() {
        assert_eq!(interface("lo\n").as_deref(), Some("lo"));
        for name in ["usb%d\n", "", "../net/lo", "nowhere0"] {
            assert_eq!(interface(name), None);
        }
    }

    #[test]
    fn a_function_that_is_not_there_has_no_device() {
        let nowhere = Path::new("/nonexistent");
        assert_eq!(device((0, Function::Storage), nowhere), "");
        assert_eq!(device((0, Function::Serial), nowhere), "");
        assert_eq!(device((0, Function::Network), nowhere), "");
    }
}
