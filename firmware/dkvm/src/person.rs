//! A kernel that is a person's rather than the machine's, as on a workstation: its configuration and its socket.

use dkvm_kernel::config::{Source, IMAGES};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The person's own configuration, else the machine's.
pub fn source() -> Source {
    source_by(&|name| std::env::var_os(name))
}

fn source_by(look: &dyn Fn(&str) -> Option<OsString>) -> Source {
    match folder(look, "XDG_CONFIG_HOME", ".config") {
        Some(folder) => Source::OwnersOrImages {
            owners: folder.join("dkvm/dkvm.toml"),
            images: IMAGES.into(),
        },
        None => Source::File(IMAGES.into()),
    }
}

/// The socket to talk to: where the machine has no kernel, the person's.
pub fn socket(usual: PathBuf, machines: &Path) -> PathBuf {
    if usual != machines || usual.exists() {
        return usual;
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = runtime.map(|folder| folder.join("dkvm/kernel.sock"));
    own.filter(|socket| socket.exists()).unwrap_or(usual)
}

fn folder(
    look: &dyn Fn(&str) -> Option<OsString>,
    name: &str,
    below_home: &str,
) -> Option<PathBuf> {
    let path = |name: &str| {
        look(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    path(name).or_else(|| Some(path("HOME")?.join(below_home)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_own_configuration_comes_before_the_machines() {
        let owners = |variables: &[(&str, &str)]| {
            let look = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(*value))
            };
            source_by(&look).owners().to_owned()
        };
        assert_eq!(
            owners(&[("HOME", "/home/ann"), ("XDG_CONFIG_HOME", "/c")]),
            Path::new("/c/dkvm/dkvm.toml")
        );
        assert_eq!(
            owners(&[("HOME", "/home/ann"), ("XDG_CONFIG_HOME", "c")]),
            Path::new("/home/ann/.config/dkvm/dkvm.toml")
        );
        assert_eq!(owners(&[]), Path::new(IMAGES));
    }

    #[test]
    fn a_socket_that_was_named_is_taken_though_nobody_listens() {
        let (named, machines) = (Path::new("/nowhere/a.sock"), Path::new("/nowhere/b.sock"));
        assert_eq!(socket(named.into(), machines), named);
    }
}
