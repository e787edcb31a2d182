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
    /// What is right, and perhaps not meant.
    advice: Option<String>,
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
    let advice = result.as_ref().ok().and_then(|own| advice(own, &usual));
    let code = if result.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    match (form, &result) {
        (Form::Json, _) => output::json(&verdict(file, &result, advice))?,
        (Form::Text, Ok(config)) => {
            output::line(&praise(file, config))?;
            if let Some(advice) = advice {
                output::line(&advice)?;
            }
        }
        (Form::Text, Err(errors)) => tell(errors),
    }
    Ok(code)
}

/// Of the owner's file, what the image's has besides: a newer release may have brought it.
fn advice(own: &Config, usual: &Source) -> Option<String> {
    let Source::OwnersOrImages { owners, images } = usual else {
        return None;
    };
    let images = (own.path == *owners).then(|| config::load(images).ok());
    let told = config::lacks(own, &images.flatten()?)?;
    Some(format!("advice: {told}"))
}

fn verdict<'a>(
    file: &'a Path,
    result: &'a Result<Config, Vec<ConfigError>>,
    advice: Option<String>,
) -> Verdict<'a> {
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
        advice,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::fs;
    use tempfile::TempDir;

    const WEB: &str = "[device.web]\ncommand = [\"w\"]\n[device.peer]\ncommand = [\"p\"]\nuser = \"p\"\ngateway = true\n";
    const ROUTE: &str = "[[route]]\ntopic = \"hid.state\"\nfrom = \"*/hid\"\nto = [\"web\"]\n";

    fn advised(file: &str) -> Option<String> {
        let dir = TempDir::new().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("owners"), WEB).unwrap();
        fs::write(path("images"), format!("{WEB}{ROUTE}")).unwrap();
        let usual = Source::OwnersOrImages {
            owners: path("owners"),
            images: path("images"),
        };
        advice(&config::load(&path(file)).unwrap(), &usual)
    }

    #[test]
    fn an_owners_file_of_before_is_told_what_it_lacks_and_where_that_is() {
        let told = advised("owners").unwrap();
        assert!(
            told.contains("the route hid.state from */hid to web."),
            "{told}"
        );
        assert!(
            told.starts_with("advice: ") && told.contains("/images)"),
            "{told}"
        );
        assert_eq!(advised("images"), None, "it is no owner's");
    }
}
