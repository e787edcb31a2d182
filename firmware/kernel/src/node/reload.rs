use super::Node;
use crate::config::{diff, load, Config, ConfigError, Difference};
use crate::supervise::Event;
use dkvm_wire::service::{Applied, Desired};
use dkvm_wire::{DeviceName, ErrorCode, WireError};

impl Node {
    /// Reads the configuration again and applies the difference, or says all that is wrong and changes nothing.
    pub(crate) fn reload(&mut self) -> Result<Applied, WireError> {
        let new = load(self.source.file()).map_err(|errors| self.refuse(&errors))?;
        self.host.config_notice = None;
        let difference = diff(&self.config, &new);
        if difference.kernel {
            self.warn("[kernel] or [memory] has changed: that takes effect when the kernel is started again");
        }
        self.apply(new, &difference);
        let Difference {
            start,
            stop,
            restart,
            ..
        } = difference;
        Ok(Applied {
            started: start,
            stopped: stop,
            restarted: restart,
        })
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

    fn apply(&mut self, new: Config, difference: &Difference) {
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
        self.tables_stale = true;
        let count = difference.start.len() + difference.stop.len() + difference.restart.len();
        self.info(format!(
            "the configuration was read again: {count} devices are affected"
        ));
    }

    fn add_reloaded(&mut self, config: crate::config::DeviceConfig) {
        let name = config.name.clone();
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
