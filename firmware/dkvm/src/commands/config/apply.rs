use super::trial::{self, Begun};
use super::{heard, read, show, ConfigProblem, Session};
use crate::args::ApplyHow;
use crate::error::CliError;
use crate::format::count;
use crate::output::{self, Form};
use dkvm_wire::service::{
    methods, Applied, ConfigApply, ConfigDraft, ConfigVerdict, MAX_CONFIG_TEXT,
};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// Stands for the standard input.
const STDIN: &str = "-";

/// A text, and where its mistakes are said to be.
pub struct Draft {
    pub text: String,
    pub name: String,
}

impl Draft {
    /// From a file, or from the standard input.
    fn read(file: &Path) -> Result<Self, CliError> {
        let failed = |source| CliError::Read {
            path: file.to_owned(),
            source,
        };
        let mut text = String::new();
        if file.as_os_str() == STDIN {
            let most = MAX_CONFIG_TEXT as u64 + 1;
            std::io::stdin()
                .take(most)
                .read_to_string(&mut text)
                .map_err(failed)?;
            let name = "standard input".to_owned();
            return Ok(Self { text, name });
        }
        Ok(Self {
            text: std::fs::read_to_string(file).map_err(failed)?,
            name: file.display().to_string(),
        })
    }
}

pub fn verdict(session: &mut Session, text: &str) -> Result<ConfigVerdict, CliError> {
    let text = text.to_owned();
    session.call(methods::CONFIG_CHECK, &ConfigDraft { text })
}

/// `dkvm config check`
pub fn check(session: &mut Session, file: &Path, form: Form) -> Result<ExitCode, CliError> {
    let draft = Draft::read(file)?;
    let verdict = verdict(session, &draft.text)?;
    match form {
        Form::Json => output::json(&verdict)?,
        Form::Text => match &verdict.change {
            Some(change) => {
                output::line(&format!("{} is right", draft.name))?;
                output::lines(&show::change(change))?;
                output::lines(&verdict.notices)?;
            }
            None => tell_wrong(&draft, &verdict),
        },
    }
    Ok(code(&verdict))
}

fn code(verdict: &ConfigVerdict) -> ExitCode {
    match verdict.change {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

fn tell_wrong(draft: &Draft, verdict: &ConfigVerdict) {
    show::mistakes(&draft.name, verdict);
    let found = count(verdict.mistakes.len(), "mistake");
    eprintln!("dkvm: {found} found: nothing was changed");
}

/// `dkvm config apply`
pub fn run(
    session: &mut Session,
    file: &Path,
    how: &ApplyHow,
    form: Form,
) -> Result<ExitCode, CliError> {
    let draft = Draft::read(file)?;
    let verdict = verdict(session, &draft.text)?;
    let Some(change) = verdict.change.clone() else {
        match form {
            Form::Json => output::json(&verdict)?,
            Form::Text => tell_wrong(&draft, &verdict),
        }
        return Ok(ExitCode::FAILURE);
    };
    let before = read(session, None)?;
    if before.text == draft.text {
        match form {
            Form::Json => output::json(&super::state(session)?)?,
            Form::Text => output::line("it is in force already: nothing was changed")?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    if form == Form::Text {
        output::lines(&show::difference(&before.text, &draft.text))?;
    }
    let new = New {
        text: draft.text,
        base: before.digest,
        change,
    };
    begin(session, new, how, form)
}

/// A text that is right.
pub struct New {
    pub text: String,
    /// Digest of the one that it was made from.
    pub base: String,
    /// Whom it touches.
    pub change: Applied,
}

/// Applies it, and sees it through.
pub fn begin(
    session: &mut Session,
    new: New,
    how: &ApplyHow,
    form: Form,
) -> Result<ExitCode, CliError> {
    let terms = trial::terms(session, how);
    let apply = ConfigApply {
        text: new.text,
        base: Some(new.base),
        confirm_s: terms.seconds(),
        comment: how.comment.clone().unwrap_or_default(),
    };
    let applied = heard::apply(session, &apply, new.change)?;
    trial::see_through(session, Begun { applied, terms }, form)
}

/// Where a text is kept that was not taken.
pub fn kept(source: CliError, path: &Path) -> CliError {
    ConfigProblem::Kept {
        source: Box::new(source),
        path: path.to_owned(),
    }
    .into()
}
