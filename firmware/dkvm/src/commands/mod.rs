//! One file per command.

mod boot;
mod check;
mod completions;
mod control;
mod deaths;
mod info;
mod kernel;
mod logs;
mod power;
mod ps;
mod restart;
mod storage;
mod typing;
mod update;
mod usb;

use crate::args::{Args, Command, Common};
use crate::connect::{broken, connect};
use crate::error::CliError;
use crate::output::Form;
use crate::{names, top};
use dkvm_kernel::client::Client;
use dkvm_wire::service::{methods, DeviceList, RestartHow};
pub use info::memory_line;
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Does what the command line says.
pub fn run(args: Args) -> Result<ExitCode, CliError> {
    let Common { socket, json } = args.common;
    let form = Form::from(json);
    match args.command {
        Command::Kernel(options) => kernel::run(options.config)?,
        Command::Boot(options) => boot::run(options),
        Command::Check { file } => return check::run(file.as_deref(), form),
        Command::Completions { shell } => completions::run(shell)?,
        Command::Ps => ps::run(&mut Session::open(socket)?, form)?,
        Command::Logs(options) => logs::run(&mut Session::open(socket)?, &options, form)?,
        Command::Deaths { device, count } => {
            deaths::run(&mut Session::open(socket)?, device.as_deref(), count, form)?;
        }
        Command::Start(target) => {
            control::start(&mut Session::open(socket)?, &target.device, form)?
        }
        Command::Stop(target) => control::stop(&mut Session::open(socket)?, &target.device, form)?,
        Command::Restart(target) => {
            control::restart(&mut Session::open(socket)?, &target.device, form)?
        }
        Command::Reload => control::reload(&mut Session::open(socket)?, form)?,
        Command::Top(options) => top::run(Session::open(socket)?, &options, form)?,
        Command::Power { what } => power::run(&mut Session::open(socket)?, what, form)?,
        Command::Type(options) => typing::run(&mut Session::open(socket)?, &options, form)?,
        Command::Storage { what } => storage::run(&mut Session::open(socket)?, what, form)?,
        Command::Usb { what } => usb::run(&mut Session::open(socket)?, what, form)?,
        Command::Update(options) => update::run(socket, &options, form)?,
        Command::FactoryReset { yes } => {
            update::factory_reset(&mut Session::open(socket)?, yes.into(), form)?;
        }
        Command::Reboot { trial } => {
            let how = if trial {
                RestartHow::Trial
            } else {
                RestartHow::Restart
            };
            restart::run(&mut Session::open(socket)?, how, form)?;
        }
        Command::Poweroff => {
            restart::run(&mut Session::open(socket)?, RestartHow::PowerOff, form)?;
        }
        Command::Info => info::run(&mut Session::open(socket)?, form)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A connection that knows its socket, for its errors.
#[derive(Debug)]
pub struct Session {
    pub client: Client,
    pub socket: PathBuf,
}

impl Session {
    pub fn open(socket: PathBuf) -> Result<Self, CliError> {
        Ok(Self {
            client: connect(&socket)?,
            socket,
        })
    }

    pub fn call<A: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &str,
        args: &A,
    ) -> Result<T, CliError> {
        self.client
            .call(method, args)
            .map_err(|error| broken(&self.socket, error))
    }

    pub fn ask<T: DeserializeOwned>(&mut self, method: &str) -> Result<T, CliError> {
        self.client
            .ask(method)
            .map_err(|error| broken(&self.socket, error))
    }

    pub fn devices(&mut self) -> Result<DeviceList, CliError> {
        self.ask(methods::DEVICES_LIST)
    }

    /// An error with all names, if no device has this one. `also` are names beyond the devices'.
    pub fn check_name(&mut self, name: &str, also: &[&str]) -> Result<(), CliError> {
        let list = self.devices()?;
        let known: Vec<&str> = list
            .devices
            .iter()
            .map(|d| d.name.as_str())
            .chain(also.iter().copied())
            .collect();
        names::check(name, &known)
    }
}
