//! What people are shown of configurations.

use crate::output::harmless;
use dkvm_wire::service::{
    Applied, ConfigMistake, ConfigOrigin, ConfigOutcome, ConfigState, ConfigVerdict,
};
use dkvm_wire::DeviceName;
use similar::TextDiff;

/// Digits of a digest that tell texts apart for people.
const SHORT: usize = 12;

pub fn state(state: &ConfigState) -> Vec<String> {
    let number = state
        .number
        .map_or_else(String::new, |number| format!("configuration {number}, "));
    let mut lines = vec![format!(
        "in force  {number}{} ({})",
        origin(state.origin),
        short(&state.digest)
    )];
    if let Some(trial) = &state.trial {
        let names: Vec<&str> = trial.waiting.iter().map(DeviceName::as_str).collect();
        let waits = if !names.is_empty() {
            format!("waits for {}", names.join(", "))
        } else if let Some(left) = trial.left_ms {
            format!("{} s left to confirm it", left / 1000)
        } else {
            "is being kept".to_owned()
        };
        lines.push(format!("on trial  {}", waits));
    }
    if let Some(last) = &state.last {
        let which = last
            .number
            .map_or_else(|| "the file".to_owned(), |number| number.to_string());
        let why = last.why.iter().map(|why| harmless(why));
        let why = why.collect::<Vec<_>>().join("; ");
        let why = if why.is_empty() {
            why
        } else {
            format!(": {why}")
        };
        lines.push(format!("last      {which} {}{why}", outcome(last.outcome)));
    }
    lines
}

pub fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

pub fn origin(origin: ConfigOrigin) -> &'static str {
    match origin {
        ConfigOrigin::Owner => "the owner's",
        ConfigOrigin::Image => "the image's",
        ConfigOrigin::BuiltIn => "the built-in one",
        ConfigOrigin::File => "from the file that the kernel was started with",
        ConfigOrigin::Memory => "in memory alone, lost at the next restart",
    }
}

pub fn outcome(outcome: ConfigOutcome) -> &'static str {
    match outcome {
        ConfigOutcome::Trial => "on trial",
        ConfigOutcome::Kept => "kept",
        ConfigOutcome::TakenBack => "taken back",
        ConfigOutcome::Found => "found",
    }
}

/// As a compiler's.
pub fn mistake(file: &str, mistake: &ConfigMistake) -> String {
    let line = mistake.line.map_or_else(String::new, |n| format!(":{n}"));
    let key = if mistake.key.is_empty() {
        String::new()
    } else {
        format!("{}: ", mistake.key)
    };
    harmless(&format!("{file}{line}: {key}{}", mistake.message))
}

pub fn mistakes(file: &str, verdict: &ConfigVerdict) {
    for one in &verdict.mistakes {
        eprintln!("{}", mistake(file, one));
    }
    for notice in &verdict.notices {
        eprintln!("{}", harmless(notice));
    }
}

pub fn change(change: &Applied) -> Vec<String> {
    let parts = [
        ("starts", &change.started),
        ("stops", &change.stopped),
        ("restarts", &change.restarted),
    ];
    let told = parts.iter().filter(|(_, names)| !names.is_empty());
    let told: Vec<String> = told
        .map(|(what, names)| {
            let names: Vec<&str> = names.iter().map(DeviceName::as_str).collect();
            format!("{what}: {}", names.join(", "))
        })
        .collect();
    if told.is_empty() {
        vec!["no device is touched".to_owned()]
    } else {
        told
    }
}

/// Line by line, with a few lines around each change.
pub fn difference(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .header("in force", "new")
        .to_string();
    text.lines().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_lines_with_their_surroundings() {
        let shown = difference("a\nb\nc\n", "a\nB\nc\n").join("\n");
        assert!(shown.contains("-b\n+B\n c"), "{shown}");
        assert!(difference("a\n", "a\n").is_empty());
    }

    #[test]
    fn a_mistake_stands_as_a_compiler_says_it() {
        let wrong = ConfigMistake {
            line: Some(12),
            key: "device.hid.nicer".into(),
            message: "is no key".into(),
        };
        assert_eq!(
            mistake("my.toml", &wrong),
            "my.toml:12: device.hid.nicer: is no key"
        );
    }

    #[test]
    fn whom_it_touches_is_told() {
        assert_eq!(change(&Applied::default()), ["no device is touched"]);
        let one = Applied {
            restarted: vec![DeviceName::try_from("web").unwrap()],
            ..Applied::default()
        };
        assert_eq!(change(&one), ["restarts: web"]);
    }
}
