use super::device::Errors;
use super::Node;
use crate::accounts::SHARED_GROUP;
use crate::config::DeviceConfig;
use crate::jail::{Identity, JailOptions};
use crate::link::{DeviceId, Io, Link};
use crate::log::Assembler;
use crate::process::{self, Launch, Share, Spawned};
use crate::supervise::{Event, Fault};
use dkvm_wire::Generation;
use rustix::fs::{Gid, Mode, Uid};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

const PRIVATE: Mode = Mode::RWXU;

impl Node {
    /// Starts a device's process.
    pub(super) fn launch(&mut self, id: DeviceId) -> Event {
        let Some(config) = self.device(id).map(|device| device.config.clone()) else {
            return Event::SpawnFailed(Fault::Passing("it was removed".to_owned()));
        };
        let started = self
            .prepare(&config)
            .and_then(|launch| process::spawn(&launch));
        match started {
            Ok(spawned) => {
                self.adopt(id, spawned);
                Event::Spawned
            }
            Err(fault) => Event::SpawnFailed(fault),
        }
    }

    fn adopt(&mut self, id: DeviceId, spawned: Spawned) {
        let now = self.now();
        let Some(device) = self.devices.get_mut(id.0) else {
            return;
        };
        device.generation = Generation(device.generation.0.saturating_add(1));
        device.pid = Some(spawned.pid);
        device.session = None;
        device.ping = None;
        device.share = Share::none(now);
        device.given_back_ms = 0;
        device.last_lines.clear();
        device.link = Some(Link::new(Io::pipes(spawned.output, spawned.input)));
        let peer = device.peer();
        let from = Rc::new(spawned.errors);
        self.watch(peer);
        let task = self.watch_errors(id, &from);
        if let Some(device) = self.devices.get_mut(id.0) {
            device.errors = Some(Errors {
                from,
                lines: Assembler::new(),
                task,
            });
        }
        // The preamble waits to be written.
        self.dirty.push(peer);
    }

    fn prepare(&mut self, config: &DeviceConfig) -> Result<Launch, Fault> {
        let program = process::find_program(&config.command[0], &self.jail)?;
        let identity = self.identity(config)?;
        let owner = identity
            .as_ref()
            .map(|identity| (identity.uid, identity.gid));
        let run_dir = own_dir(&self.config.kernel.run_dir, config.name.as_str(), owner)?;
        let state_dir = own_dir(&self.config.kernel.state_dir, config.name.as_str(), owner)?;
        let mut command: Vec<OsString> = vec![program.clone().into()];
        command.extend(config.command[1..].iter().map(OsString::from));
        let mut read = config.landlock.read.clone();
        read.extend(program.parent().map(Path::to_owned));
        let mut write = config.landlock.write.clone();
        write.extend([
            run_dir.clone(),
            state_dir.clone(),
            self.memory.dir().to_owned(),
        ]);
        let tell = identity.is_some() && !self.limits_told;
        self.limits_told |= tell;
        let options = JailOptions {
            parent: std::process::id(),
            tell,
            identity,
            realtime: config.realtime,
            network: config.network,
            capabilities: config.capabilities.bits(),
            nice: config.nice,
            read,
            write,
            command,
        };
        Ok(Launch {
            jail: self.jail.clone(),
            options,
            name: config.name.to_string(),
            run_dir,
            state_dir,
            inherit: config.inherit.clone(),
        })
    }

    /// Who the device becomes; `None` when the kernel cannot change that.
    fn identity(&mut self, config: &DeviceConfig) -> Result<Option<Identity>, Fault> {
        if !self.root {
            return Ok(None);
        }
        self.accounts = crate::accounts::Accounts::read();
        let accounts = &self.accounts;
        let user = accounts.user(&config.user).ok_or_else(|| {
            Fault::Lasting(format!(
                "there is no user {:?} in /etc/passwd: add it, or set `user`",
                config.user
            ))
        })?;
        let mut groups = Vec::new();
        for name in &config.groups {
            groups.push(accounts.group(name).ok_or_else(|| {
                Fault::Lasting(format!(
                    "there is no group {name:?} in /etc/group: add it, or change `groups`"
                ))
            })?);
        }
        groups.extend(accounts.group(SHARED_GROUP));
        Ok(Some(Identity {
            uid: user.uid,
            gid: user.gid,
            groups,
        }))
    }

    /// Uid of a device's files, and the group that reads its pools.
    pub(super) fn pool_owner(&self, config: &DeviceConfig) -> Option<dkvm_shm::Owner> {
        let user = self.root.then(|| self.accounts.user(&config.user))??;
        let gid = self.accounts.group(SHARED_GROUP).unwrap_or(user.gid);
        Some(dkvm_shm::Owner { uid: user.uid, gid })
    }
}

/// A directory of a device's own, made anew or set right.
fn own_dir(parent: &Path, name: &str, owner: Option<(u32, u32)>) -> Result<PathBuf, Fault> {
    let path = parent.join(name);
    // Nothing is written that is so already: a card that is worn out, and read-only now, must not keep a device from
    // starting again.
    if is_own(&path, owner) {
        return Ok(path);
    }
    let fault = |e: std::io::Error| {
        Fault::Passing(format!("cannot make its directory {}: {e}", path.display()))
    };
    std::fs::create_dir_all(&path).map_err(fault)?;
    rustix::fs::chmod(&path, PRIVATE).map_err(|e| fault(e.into()))?;
    if let Some((uid, gid)) = owner {
        rustix::fs::chown(&path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
            .map_err(|e| fault(e.into()))?;
    }
    Ok(path)
}

fn is_own(path: &Path, owner: Option<(u32, u32)>) -> bool {
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return false;
    };
    let owned = owner.is_none_or(|owner| owner == (found.uid(), found.gid()));
    found.is_dir() && owned && Mode::from_raw_mode(found.mode()) == PRIVATE
}
