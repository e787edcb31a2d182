use super::change::{no_kernel, Stage};
use super::Node;
use crate::change::{Confirm, Watch};
use crate::config::{diff, lacks, load, Config, ConfigError, Difference, Source};
use crate::supervise::Event;
use dkvm_wire::service::{Applied, Desired};
use dkvm_wire::{DeviceName, ErrorCode, WireError};

impl Node {
    /// SIGHUP.
    pub(crate) fn on_hangup(&mut self) {
        if let Err(error) = self.reload() {
            if error.code == ErrorCode::Conflict {
                self.warn(format!("the configuration was not read again: {error}"));
            }
        }
        self.settle();
    }

    /// Reads the configuration again and applies the difference, or says all that is wrong and changes nothing. Whether the
    /// devices that it touches come up is watched.
    pub(crate) fn reload(&mut self) -> Result<Applied, WireError> {
        self.free()?;
        let new = load(self.source.file()).map_err(|errors| self.refuse(&errors))?;
        self.host.config_notice = None;
        let difference = diff(&self.config, &new);
        if difference.kernel {
            self.warn(no_kernel());
        }
        let touched = self.touched(&difference, &new);
        self.keeping.say_in_force(&new);
        self.apply(new, &difference);
        let watch = Watch::new(touched, Confirm::Needless, self.now());
        self.keeping.stage = Stage::reload(watch);
        self.publish_config();
        Ok(difference.into())
    }

    /// A newer image may bring what an owner's configuration of before it does not have. What is left out may be left out on purpose, so
    /// it is a line of the log and no more.
    pub(super) fn tell_what_is_lacking(&mut self) {
        let Source::OwnersOrImages { owners, images } = &self.source else {
            return;
        };
        let images = (self.config.path == *owners).then(|| load(images).ok());
        if let Some(lacking) = images
            .flatten()
            .and_then(|images| lacks(&self.config, &images))
        {
            self.info(lacking);
        }
    }

    fn refuse(&mut self, errors: &[ConfigError]) -> WireError {
        let text = errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        for error in errors {
            self.warn(format!("nothing was changed: {error}"));
        }
        WireError::new(ErrorCode::BadRequest, text).about(self.source.file().display().to_string())
    }

    pub(super) fn apply(&mut self, new: Config, difference: &Difference) {
        let before = self.read_before();
        let kernel = std::mem::take(&mut self.config.kernel);
        let memory_budget = self.config.memory_budget;
        self.config = Config {
            kernel,
            memory_budget,
            ..new
        };
        for config in self.config.devices.clone() {
            match self.find(config.name.as_str()) {
                Some(id) => self.devices[id.0].config = config,
                None => self.add_reloaded(config),
            }
        }
        let each = |list: &[DeviceName]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        for name in each(&difference.stop) {
            self.stop_or_remove(&name);
        }
        for name in each(&difference.start) {
            self.start_reloaded(&name);
        }
        for name in each(&difference.restart) {
            self.restart_changed(&name);
        }
        self.on_rerouted(&before);
        self.tables_stale = true;
        self.judge_listeners();
        let count = difference.start.len() + difference.stop.len() + difference.restart.len();
        self.info(format!(
            "a configuration is applied: {count} devices are affected"
        ));
    }

    /// One that was removed a moment ago and has not ended yet is taken up again, so that there are never two of a name.
    fn add_reloaded(&mut self, config: crate::config::DeviceConfig) {
        let name = config.name.clone();
        let ends = |device: &&mut super::Device| {
            device.removed && device.state.has_process() && device.config.name == name
        };
        if let Some(device) = self.devices.iter_mut().find(ends) {
            device.removed = false;
            device.config = config;
            return;
        }
        if !self.add_device(config) {
            self.warn(format!("there is no place for the device {name} until removed ones have ended: reload again"));
        }
    }

    /// In safe mode, or when it is held, not.
    fn start_reloaded(&mut self, name: &str) {
        let Some(id) = self.find(name) else { return };
        let desired = self.desired(&self.devices[id.0].config);
        self.drive(id, Event::Desire(desired));
    }

    fn stop_or_remove(&mut self, name: &str) {
        let Some(id) = self.find(name) else { return };
        let stays = self
            .config
            .devices
            .iter()
            .any(|device| device.name.as_str() == name);
        let desired = if stays { Desired::Held } else { Desired::Down };
        self.drive(id, Event::Desire(desired));
        if !stays {
            self.devices[id.0].removed = true;
        }
    }

    /// One that a person has stopped stays so.
    fn restart_changed(&mut self, name: &str) {
        let stopped = self
            .find(name)
            .is_some_and(|id| self.devices[id.0].state.desired != Desired::Up);
        if !stopped {
            self.drive_named(name, Event::Restart);
        }
    }

    fn drive_named(&mut self, name: &str, event: Event) {
        if let Some(id) = self.find(name) {
            self.drive(id, event);
        }
    }
}
