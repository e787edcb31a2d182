//! `dkvm logs`

use super::Session;
use crate::args::Logs;
use crate::error::CliError;
use crate::format::stamp;
use crate::output::{self, harmless, Form};
use dkvm_wire::service::{methods, Level, LogLine, LogLines, LogQuery};
use dkvm_wire::topics;
use std::time::Duration;

/// How long one wait for a line is; then the next.
const WAIT: Duration = Duration::from_secs(3600);
const FOLLOWING: &str = "the log";

pub fn run(session: &mut Session, options: &Logs, form: Form) -> Result<(), CliError> {
    if let Some(name) = &options.device {
        session.check_name(name, &["kernel"])?;
    }
    // First subscribe, then ask for what was before: a line in between comes twice rather than never.
    if options.follow {
        session.subscribe(FOLLOWING, &[topics::LOG])?;
    }
    let query = LogQuery {
        name: options.device.clone(),
        limit: Some(options.lines),
    };
    let before: LogLines = session.call(methods::LOG_TAIL, &query)?;
    for line in &before.lines {
        print(line, form)?;
    }
    if options.follow {
        follow(session, options, form, before.lines)
    } else {
        Ok(())
    }
}

fn follow(
    session: &mut Session,
    options: &Logs,
    form: Form,
    seen: Vec<LogLine>,
) -> Result<(), CliError> {
    let mut seen = Seen(seen);
    loop {
        let event = session.client.next_event(WAIT);
        let event = session.told(FOLLOWING, event)?;
        let Some(event) = event.filter(|event| event.topic == topics::LOG) else {
            continue;
        };
        let line: LogLine = event.read()?;
        let wanted = options
            .device
            .as_ref()
            .is_none_or(|name| *name == line.device);
        if wanted && seen.is_new(&line) {
            print(&line, form)?;
        }
    }
}

/// The lines of the answer, of which the newest may come again as events.
struct Seen(Vec<LogLine>);

impl Seen {
    fn is_new(&mut self, line: &LogLine) -> bool {
        match self.0.iter().position(|seen| seen == line) {
            Some(at) => {
                self.0.remove(at);
                false
            }
            None => {
                // A line later than all that were answered: from here on nothing comes twice.
                if self
                    .0
                    .iter()
                    .all(|seen| seen.at_uptime_ms < line.at_uptime_ms)
                {
                    self.0.clear();
                }
                true
            }
        }
    }
}

fn print(line: &LogLine, form: Form) -> Result<(), CliError> {
    match form {
        Form::Json => output::json(line),
        Form::Text => output::line(&text(line)),
    }
}

fn text(line: &LogLine) -> String {
    let level = match line.level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    format!(
        "{} {:<8} {level:<5} {}",
        stamp(line.at_uptime_ms),
        line.device,
        harmless(&line.text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::Generation;

    fn line(at_uptime_ms: u64, text: &str) -> LogLine {
        let (device, text) = ("hid".to_owned(), text.to_owned());
        LogLine {
            at_uptime_ms,
            device,
            generation: Generation(1),
            level: Level::Warn,
            text,
        }
    }

    #[test]
    fn a_line_is_told_with_time_device_and_level() {
        assert_eq!(
            text(&line(12_034, "no \x1bhost")),
            "   12.034 hid      warn  no \u{fffd}host"
        );
    }

    #[test]
    fn a_line_that_was_answered_is_not_printed_again_and_a_repeated_one_is() {
        let mut seen = Seen(vec![line(1, "a"), line(2, "b")]);
        assert!(!seen.is_new(&line(2, "b")));
        assert!(seen.is_new(&line(2, "b")), "said twice in one millisecond");
        assert!(seen.is_new(&line(3, "c")));
        assert!(seen.is_new(&line(1, "a")), "nothing is remembered for ever");
    }
}
