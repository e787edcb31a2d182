//! `dkvm check`

use crate::error::CliError;
use crate::format::count;
use crate::output::{self, Form};
use dkvm_kernel::config::{self, Config, ConfigError, Source};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// The answer as JSON.
#[derive(Serialize)]
struct Verdict<'a> {
    file: &'a Path,
    ok: bool,
    errors: Vec<Mistake<'a>>,
}

#[derive(Serialize)]
struct Mistake<'a> {
    line: Option<usize>,
    key: &'a str,
    message: &'a str,
}

/// Without a file that of the person, else the usual. 0 when the file is right, 1 when it is not: the mistakes are the answer, on stderr as a compiler's.
pub fn run(file: Option<&Path>, persons: Option<Source>, form: Form) -> Result<ExitCode, CliError> {
    let usual = persons.unwrap_or_default();
    let file = file.unwrap_or_else(|| usual.file());
    let result = config::load(file);
    let code = if result.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    match (form, &result) {
        (Form::Json, _) => output::json(&verdict(file, &result))?,
        (Form::Text, Ok(config)) => output::line(&praise(file, config))?,
        (Form::Text, Err(errors)) => tell(errors),
    }
    Ok(code)
}

fn verdict<'a>(file: &'a Path, result: &'a Result<Config, Vec<ConfigError>>) -> Verdict<'a> {
    let errors = result.as_ref().err().map(Vec::as_slice).unwrap_or_default();
    let mistake = |e: &'a ConfigError| Mistake {
        line: e.line,
        key: &e.key,
        message: &e.message,
    };
    Verdict {
        file,
        ok: result.is_ok(),
        errors: errors.iter().map(mistake).collect(),
    }
}

fn praise(file: &Path, config: &Config) -> String {
    let (devices, routes) = (config.devices.len(), config.routes.len());
    format!(
        "{} is right: {}, {}",
        file.display(),
        count(devices, "device"),
        count(routes, "route")
    )
}

fn tell(errors: &[ConfigError]) {
    for error in errors {
        eprintln!("{error}");
    }
    eprintln!("dkvm: {} found", count(errors.len(), "mistake"));
}
