//! One file per command.

mod boot;
mod check;
mod completions;
mod config;
mod control;
mod deaths;
mod focus;
mod info;
mod jiggle;
mod kernel;
mod logs;
mod macros;
mod pair;
mod peers;
mod power;
mod ps;
mod restart;
mod serial;
mod sound;
mod storage;
mod typing;
mod update;
mod usb;
mod usbnet;

use crate::args::{Args, Command, Common, SOCKET};
use crate::connect::Place;
use crate::error::CliError;
use crate::output::Form;
use crate::person;
pub use crate::session::Session;
use crate::top;
pub use config::ConfigProblem;
use dkvm_wire::service::RestartHow;
pub use info::memory_line;
use std::path::Path;
use std::process::ExitCode;

/// Does what the command line says.
pub fn run(args: Args) -> Result<ExitCode, CliError> {
    let Common { socket, node, json } = args.common;
    if let (Some(node), Some(command)) = (&node, args.command.local()) {
        let node = node.clone();
        return Err(CliError::NotThere { command, node });
    }
    let place = Place::new(person::socket(socket, Path::new(SOCKET)), node);
    let form = Form::from(json);
    match args.command {
        Command::Kernel(options) => kernel::run(&options)?,
        Command::Boot(options) => boot::run(options),
        Command::Check { file, user } => {
            return check::run(file.as_deref(), user.then(person::source), form);
        }
        Command::Completions { shell } => completions::run(shell)?,
        Command::Ps => ps::run(&mut Session::open(place)?, form)?,
        Command::Logs(options) => logs::run(&mut Session::open(place)?, &options, form)?,
        Command::Deaths { device, count } => {
            deaths::run(&mut Session::open(place)?, device.as_deref(), count, form)?;
        }
        Command::Start(target) => control::start(&mut Session::open(place)?, &target.device, form)?,
        Command::Stop(target) => control::stop(&mut Session::open(place)?, &target.device, form)?,
        Command::Restart(target) => {
            control::restart(&mut Session::open(place)?, &target.device, form)?
        }
        Command::Config { what } => {
            return config::run(&mut Session::open(place)?, what, form);
        }
        Command::Reload => control::reload(&mut Session::open(place)?, form)?,
        Command::Top(options) => top::run(Session::open(place)?, &options, form)?,
        Command::Power { what } => power::run(&mut Session::open(place)?, what, form)?,
        Command::Type(options) => typing::run(&mut Session::open(place)?, &options, form)?,
        Command::Sound { what } => sound::run(&mut Session::open(place)?, what, form)?,
        Command::Storage { what } => storage::run(&mut Session::open(place)?, what, form)?,
        Command::Macro { what } => macros::run(&mut Session::open(place)?, what, form)?,
        Command::Serial { what } => serial::run(&mut Session::open(place)?, what, form)?,
        Command::Usbnet { what } => usbnet::run(&mut Session::open(place)?, what, form)?,
        Command::Jiggle { every } => jiggle::run(&mut Session::open(place)?, every, form)?,
        Command::Usb { what } => usb::run(&mut Session::open(place)?, what, form)?,
        Command::Pair(what) => pair::run(&mut Session::open(place)?, what, form)?,
        Command::Peers { what } => peers::run(&mut Session::open(place)?, what, form)?,
        Command::Focus(what) => focus::run(&mut Session::open(place)?, what, form)?,
        Command::Nodes => peers::nodes(&mut Session::open(place)?, form)?,
        Command::Update(options) => update::run(place, &options, form)?,
        Command::FactoryReset { yes } => {
            update::factory_reset(&mut Session::open(place)?, yes.into(), form)?;
        }
        Command::Reboot { trial } => {
            let how = match trial {
                true => RestartHow::Trial,
                false => RestartHow::Restart,
            };
            restart::run(&mut Session::open(place)?, how, form)?;
        }
        Command::Poweroff => {
            restart::run(&mut Session::open(place)?, RestartHow::PowerOff, form)?;
        }
        Command::Info => info::run(&mut Session::open(place)?, form)?,
    }
    Ok(ExitCode::SUCCESS)
}
