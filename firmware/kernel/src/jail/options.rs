use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use thiserror::Error;

/// What `dkvm jail` is told: the kernel writes it, the jail reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JailOptions {
    /// The kernel's process id: the jail checks that it still lives.
    pub parent: u32,
    /// User to become; `None`: stay who we are.
    pub identity: Option<Identity>,
    /// Real-time priority.
    pub realtime: bool,
    /// The network may be used.
    pub network: bool,
    /// Powers of root beyond those that the user and the network give, as Linux numbers them.
    pub capabilities: u64,
    /// Nice value.
    pub nice: i32,
    /// Paths to read.
    pub read: Vec<PathBuf>,
    /// Paths to read and write.
    pub write: Vec<PathBuf>,
    /// Tell in the log what this Linux cannot do.
    pub tell: bool,
    /// What is run in the jail.
    pub command: Vec<OsString>,
}

/// Numbers, since the kernel has looked up the names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// More groups.
    pub groups: Vec<u32>,
}

/// A call of `dkvm jail` that the kernel never makes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum OptionsError {
    #[error("`dkvm jail` is for the kernel's own use; it does not know the option {0:?}")]
    Unknown(OsString),
    #[error("`dkvm jail {0}` needs a value of another kind")]
    Value(&'static str),
    #[error("`dkvm jail` needs `--` and a command after its options")]
    NoCommand,
}

impl JailOptions {
    /// As arguments, after `jail`.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["--parent".into(), self.parent.to_string().into()];
        let mut flag = |set: &[(bool, &str)]| {
            args.extend(
                set.iter()
                    .filter(|(on, _)| *on)
                    .map(|(_, text)| text.into()),
            )
        };
        flag(&[
            (self.realtime, "--realtime"),
            (self.network, "--network"),
            (self.tell, "--tell"),
        ]);
        args.extend(["--nice".into(), self.nice.to_string().into()]);
        args.extend([
            "--capabilities".into(),
            self.capabilities.to_string().into(),
        ]);
        if let Some(identity) = &self.identity {
            let groups: Vec<_> = identity.groups.iter().map(u32::to_string).collect();
            args.extend(["--uid".into(), identity.uid.to_string().into()]);
            args.extend(["--gid".into(), identity.gid.to_string().into()]);
            args.extend(["--groups".into(), groups.join(",").into()]);
        }
        for (name, paths) in [("--read", &self.read), ("--write", &self.write)] {
            args.extend(
                paths
                    .iter()
                    .flat_map(|path| [name.into(), path.clone().into_os_string()]),
            );
        }
        args.push("--".into());
        args.extend(self.command.iter().cloned());
        args
    }

    /// Reads what `to_args` wrote.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        let mut identity = Identity::default();
        let mut args = args.into_iter();
        loop {
            let Some(name) = args.next() else {
                return Err(OptionsError::NoCommand);
            };
            if name == "--" {
                break;
            }
            options.take(&name, &mut identity, &mut args)?;
        }
        options.command = args.collect();
        if options.command.is_empty() {
            Err(OptionsError::NoCommand)
        } else {
            Ok(options)
        }
    }

    fn take(
        &mut self,
        name: &OsStr,
        identity: &mut Identity,
        args: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), OptionsError> {
        match name.to_str() {
            Some("--realtime") => self.realtime = true,
            Some("--network") => self.network = true,
            Some("--tell") => self.tell = true,
            Some("--parent") => self.parent = number(args, "--parent")?,
            Some("--nice") => self.nice = number(args, "--nice")?,
            Some("--capabilities") => self.capabilities = number(args, "--capabilities")?,
            Some("--uid") => identity.uid = number(args, "--uid")?,
            Some("--gid") => identity.gid = number(args, "--gid")?,
            Some("--groups") => identity.groups = numbers(args, "--groups")?,
            Some("--read") => self.read.push(path(args, "--read")?),
            Some("--write") => self.write.push(path(args, "--write")?),
            _ => return Err(OptionsError::Unknown(name.to_owned())),
        }
        if matches!(name.to_str(), Some("--uid" | "--gid" | "--groups")) {
            self.identity = Some(identity.clone());
        }
        Ok(())
    }
}

fn text(
    args: &mut impl Iterator<Item = OsString>,
    name: &'static str,
) -> Result<String, OptionsError> {
    args.next()
        .and_then(|value| value.into_string().ok())
        .ok_or(OptionsError::Value(name))
}

fn number<T: std::str::FromStr>(
    args: &mut impl Iterator<Item = OsString>,
    name: &'static str,
) -> Result<T, OptionsError> {
    text(args, name)?
        .parse()
        .map_err(|_| OptionsError::Value(name))
}

fn numbers(
    args: &mut impl Iterator<Item = OsString>,
    name: &'static str,
) -> Result<Vec<u32>, OptionsError> {
    let list = text(args, name)?;
    let parts = list.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| part.parse().map_err(|_| OptionsError::Value(name)))
        .collect()
}

fn path(
    args: &mut impl Iterator<Item = OsString>,
    name: &'static str,
) -> Result<PathBuf, OptionsError> {
    args.next()
        .map(PathBuf::from)
        .ok_or(OptionsError::Value(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let options = JailOptions {
            parent: 7,
            identity: Some(Identity {
                uid: 1,
                gid: 2,
                groups: vec![3, 44],
            }),
            realtime: true,
            network: true,
            capabilities: 1 << 16,
            nice: -5,
            read: vec!["/a b".into(), "/c".into()],
            write: vec!["/d".into()],
            tell: true,
            command: vec!["x".into(), "--".into(), "--parent".into()],
        };
        assert_eq!(JailOptions::parse(options.to_args()), Ok(options));
        let plain = JailOptions {
            command: vec!["x".into()],
            ..JailOptions::default()
        };
        assert_eq!(JailOptions::parse(plain.to_args()), Ok(plain));
    }

    #[test]
    fn nonsense_is_refused() {
        let parse = |args: &[&str]| JailOptions::parse(args.iter().map(OsString::from));
        assert_eq!(parse(&[]), Err(OptionsError::NoCommand));
        assert_eq!(
            parse(&["--parent", "7", "--"]),
            Err(OptionsError::NoCommand)
        );
        assert_eq!(
            parse(&["--uid", "x", "--", "c"]),
            Err(OptionsError::Value("--uid"))
        );
        assert!(matches!(
            parse(&["--what", "--", "c"]),
            Err(OptionsError::Unknown(_))
        ));
    }
}
