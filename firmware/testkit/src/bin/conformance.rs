//! `dkvm-conformance -- COMMAND…`: judges a device, in whatever language it is written.

use clap::Parser;
use dkvm_testkit::conformance::{checks, Check, Subject};
use serde_json::Value;
use std::process::ExitCode;

/// Starts a device many times under a fake kernel and says what it gets wrong.
///
/// The protocol is in docs/wire-protocol.md, a guide in docs/writing-a-device.md.
#[derive(Debug, Parser)]
#[command(name = "dkvm-conformance", version)]
struct Arguments {
    /// The device's configuration as JSON, one with which it becomes ready on this machine
    #[arg(long, default_value = "{}", value_name = "JSON", value_parser = table)]
    config: Value,
    /// Runs only the checks of these names
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The device's command line
    #[arg(last = true, required_unless_present = "list")]
    command: Vec<String>,
    /// Lists the checks and ends
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |check: &Check| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == check.name)
    };
    let chosen: Vec<Check> = checks().filter(wanted).collect();
    let unknown = arguments
        .only
        .iter()
        .find(|name| !checks().any(|check| check.name == **name));
    if let Some(name) = unknown {
        eprintln!("there is no check {name:?}; `dkvm-conformance --list` names them");
        return ExitCode::from(2);
    }
    match arguments.command.split_first() {
        Some((program, args)) if !arguments.list => {
            let subject = Subject::new(program).config(arguments.config);
            judge(
                &args.iter().fold(subject, |subject, arg| subject.arg(arg)),
                &chosen,
            )
        }
        _ => list(&chosen),
    }
}

fn table(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(table @ Value::Object(_)) => Ok(table),
        Ok(_) => Err("a configuration is an object, such as {\"device\": \"dummy\"}".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn list(chosen: &[Check]) -> ExitCode {
    chosen
        .iter()
        .for_each(|check| println!("{:16} {}", check.name, check.demand));
    ExitCode::SUCCESS
}

fn judge(subject: &Subject, chosen: &[Check]) -> ExitCode {
    let failed = chosen
        .iter()
        .filter(|check| !passes(subject, check))
        .count();
    println!(
        "{} of {} checks passed",
        chosen.len() - failed,
        chosen.len()
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn passes(subject: &Subject, check: &Check) -> bool {
    let result = check.run(subject);
    let mark = if result.is_ok() { "ok  " } else { "FAIL" };
    println!("{mark} {:16} {}", check.name, check.demand);
    if let Err(failure) = &result {
        println!("     {failure}");
    }
    result.is_ok()
}
