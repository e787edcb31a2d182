use std::{fmt, io::Write};

/// Longest line that the kernel keeps, bytes; more is cut there anyway.
const LINE_MAX: usize = 1024;

/// Writes one line `<level> text` to stderr, where the kernel reads the log; use the macros.
///
/// One `write` per line, so that lines of threads never mix. A line break inside would make two log
/// lines of which the second has no level; it becomes a space.
#[doc(hidden)]
pub fn write_line(level: &str, text: fmt::Arguments<'_>) {
    let line = format_line(level, &text.to_string());
    // A log that cannot be written has nowhere to be reported.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn format_line(level: &str, text: &str) -> String {
    let mut line = format!("<{level}> ");
    line.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
    let cut = (0..=LINE_MAX.min(line.len()))
        .rev()
        .find(|&at| line.is_char_boundary(at));
    line.truncate(cut.unwrap_or_default());
    line.push('\n');
    line
}

/// Logs for somebody who looks for a fault in this device.
#[macro_export]
macro_rules! debug { ($($text:tt)*) => { $crate::write_line("debug", format_args!($($text)*)) }; }
/// Logs something worth knowing.
#[macro_export]
macro_rules! info { ($($text:tt)*) => { $crate::write_line("info", format_args!($($text)*)) }; }
/// Logs something that a person should look at.
#[macro_export]
macro_rules! warn { ($($text:tt)*) => { $crate::write_line("warn", format_args!($($text)*)) }; }
/// Logs a failure.
#[macro_export]
macro_rules! error { ($($text:tt)*) => { $crate::write_line("error", format_args!($($text)*)) }; }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_with_a_level_and_an_end() {
        assert_eq!(format_line("warn", "no\nsignal"), "<warn> no signal\n");
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let line = format_line("info", &"ä".repeat(2000));
        assert!(line.len() <= LINE_MAX + 1 && line.ends_with("ä\n"));
    }
}
