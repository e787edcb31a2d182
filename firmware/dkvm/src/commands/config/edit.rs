//! `dkvm config edit`

use super::apply::{begin, kept, verdict, New};
use super::{read, show, ConfigProblem, Session};
use crate::args::ApplyHow;
use crate::error::CliError;
use crate::output::{self, Form};
use dkvm_wire::service::ConfigText;
use std::fs::OpenOptions;
use std::io::{stdin, BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

/// On every machine of ours there is this one.
const EDITOR: &str = "vi";

pub fn run(session: &mut Session, how: &ApplyHow, form: Form) -> Result<ExitCode, CliError> {
    if !stdin().is_terminal() {
        return Err(ConfigProblem::NoTerminal.into());
    }
    let before = read(session, None)?;
    let path = create(&before.text)?;
    let done = work(session, &path, &before, how, form);
    match done {
        Ok(Some(code)) => {
            // It is in force, or in the history.
            let _ = std::fs::remove_file(&path);
            Ok(code)
        }
        Ok(None) => {
            output::line(&format!(
                "nothing was changed; your text is kept in {}",
                path.display()
            ))?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(kept(error, &path)),
    }
}

/// Until it is right, or the person has enough of it (`None`).
fn work(
    session: &mut Session,
    path: &Path,
    before: &ConfigText,
    how: &ApplyHow,
    form: Form,
) -> Result<Option<ExitCode>, CliError> {
    loop {
        run_editor(path)?;
        let text = std::fs::read_to_string(path).map_err(|source| draft(path, source))?;
        if text == before.text {
            output::line("nothing was changed")?;
            return Ok(Some(ExitCode::SUCCESS));
        }
        session.mend()?;
        let verdict = verdict(session, &text)?;
        if let Some(change) = verdict.change {
            output::lines(&show::difference(&before.text, &text))?;
            let base = before.digest.clone();
            return begin(session, New { text, base, change }, how, form).map(Some);
        }
        show::mistakes(&path.display().to_string(), &verdict);
        if !goes_on()? {
            return Ok(None);
        }
    }
}

fn draft(path: &Path, source: std::io::Error) -> CliError {
    let path = path.to_owned();
    ConfigProblem::Draft { path, source }.into()
}

/// A file that nobody else reads: a configuration may hold what is secret.
fn create(text: &str) -> Result<PathBuf, CliError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    let name = format!("dkvm-config-{}-{now:x}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    // One that is there is not written to: it may be somebody else's text, or lead elsewhere.
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| draft(&path, source))?;
    Ok(path)
}

fn run_editor(path: &Path) -> Result<(), CliError> {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
        std::env::var(name)
            .ok()
            .filter(|editor| !editor.trim().is_empty())
    });
    let editor = named.unwrap_or_else(|| EDITOR.to_owned());
    let failed = |why: String| ConfigProblem::Editor {
        editor: editor.clone(),
        why,
    };
    // By the shell, since the variable may hold options.
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(path)
        .status()
        .map_err(|e| failed(e.to_string()))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(status.to_string()).into())
}

fn goes_on() -> Result<bool, CliError> {
    eprint!("Go on editing? [Y/n] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    let count = stdin().lock().read_line(&mut answer)?;
    let no = matches!(answer.trim().to_ascii_lowercase().as_str(), "n" | "no");
    Ok(count > 0 && !no)
}
