//! From a text that a person has typed to `section, key, values`: nothing is an error, only a remark on a line.
//!
//! The form is TOML's, and what TOML refuses is taken where it can only mean one thing: values without quotes,
//! quotes that a word processor has bent, keys with hyphens or capitals, a key twice.

/// More is no settings file: the rest is not read.
const MAX_LINES: usize = 1000;
/// A list that is not closed within so many lines is a mistake in its first.
const MAX_LIST_LINES: usize = 32;
const OPENING: &str = "\"“”„‟«»";
const SINGLE: &str = "'‘’‚";

/// One setting as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub line: usize,
    /// The heading above it, in its plain form; empty above the first.
    pub section: String,
    /// In its plain form.
    pub key: String,
    /// As typed, for messages.
    pub typed: String,
    /// One, or those of a list; quotes taken away, empty ones left out.
    pub values: Vec<String>,
}

/// What cannot be understood in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// From 1.
    pub line: usize,
    /// The rest of a sentence that begins with the line.
    pub text: String,
}

/// All settings of the text, in its order, and what could not be read.
pub fn read(text: &str) -> (Vec<Entry>, Vec<Remark>) {
    let mut reader = Reader::default();
    let lines: Vec<&str> = text.lines().take(MAX_LINES).map(clean).collect();
    let mut at = 0;
    while at < lines.len() {
        at += reader.line(&lines[at..], at + 1);
    }
    if text.lines().nth(MAX_LINES).is_some() {
        reader.remark(
            MAX_LINES,
            "the file goes on after it, and the rest was not read",
        );
    }
    (reader.entries, reader.remarks)
}

/// Two spellings of one name are the same in this form: `Host-Name`, `hostname`, `host_name`.
pub fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !"-_ .".contains(*c));
    letters.flat_map(char::to_lowercase).collect()
}

fn clean(line: &str) -> &str {
    line.trim_matches(|c: char| {
        c.is_whitespace() || c == '\u{feff}' || c == '\0' || c == '\u{200b}'
    })
}

#[derive(Debug, Default)]
struct Reader {
    section: String,
    entries: Vec<Entry>,
    remarks: Vec<Remark>,
}

impl Reader {
    /// Reads the first of these lines; returns how many it took.
    fn line(&mut self, lines: &[&str], number: usize) -> usize {
        let line = lines[0];
        if line.is_empty() || line.starts_with(['#', ';']) {
            return 1;
        }
        if let Some(heading) = line.strip_prefix('[') {
            self.heading(heading, number);
            return 1;
        }
        let Some((key, value)) = line.split_once('=') else {
            self.remark(number, "is no `key = value`");
            return 1;
        };
        self.setting(key.trim(), value.trim(), &lines[1..], number)
    }

    fn heading(&mut self, rest: &str, number: usize) {
        let name = rest.trim_start_matches('[').split(']').next().unwrap_or("");
        if !rest.contains(']') {
            self.remark(number, "has no closing `]`; it was taken as if it had");
        }
        self.section = plain(name);
    }

    fn setting(&mut self, typed: &str, value: &str, following: &[&str], number: usize) -> usize {
        let (values, taken) = match value.strip_prefix('[') {
            Some(list) => list_values(list, following),
            None => (one_value(value).map(|(value, _)| vec![value]), 0),
        };
        match values {
            Ok(values) => self.entries.push(Entry {
                line: number,
                section: self.section.clone(),
                key: plain(typed.trim_matches(|c| OPENING.contains(c) || SINGLE.contains(c))),
                typed: typed.to_owned(),
                values: values
                    .into_iter()
                    .filter(|value| !value.is_empty())
                    .collect(),
            }),
            Err(text) => self.remark(number, &format!("sets `{}`, but {text}", short(typed))),
        }
        1 + taken
    }

    fn remark(&mut self, line: usize, text: &str) {
        let text = text.to_owned();
        self.remarks.push(Remark { line, text });
    }
}

/// A foreign text as it may stand in a message: short, and nothing that a terminal obeys.
pub fn short(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    shown
}

/// The values of a list, and how many of the following lines it goes on over.
fn list_values(first: &str, following: &[&str]) -> (Result<Vec<String>, &'static str>, usize) {
    let mut values = Vec::new();
    let lines = std::iter::once(first).chain(following.iter().take(MAX_LIST_LINES).copied());
    for (taken, line) in lines.enumerate() {
        match list_line(line, &mut values) {
            Ok(true) => return (Ok(values), taken),
            Ok(false) => {}
            Err(text) => return (Err(text), taken),
        }
    }
    (Err("its list has no closing `]`"), 0)
}

/// Adds the values of one line of a list; says whether the list is closed.
fn list_line(line: &str, values: &mut Vec<String>) -> Result<bool, &'static str> {
    let mut rest = line.trim();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(false);
        }
        if rest.starts_with(']') {
            return Ok(true);
        }
        let (value, after) = item(rest)?;
        values.push(value);
        rest = after;
    }
}

/// One value of a list and what follows it.
fn item(text: &str) -> Result<(String, &str), &'static str> {
    if is_quoted(text) {
        return quoted(text);
    }
    let end = text.find([',', ']']).unwrap_or(text.len());
    Ok((text[..end].trim().to_owned(), &text[end..]))
}

/// A value that stands alone, and nothing but a comment after it.
fn one_value(text: &str) -> Result<(String, &str), &'static str> {
    if is_quoted(text) {
        let (value, rest) = quoted(text)?;
        let rest = rest.trim();
        return match rest.is_empty() || rest.starts_with('#') {
            true => Ok((value, rest)),
            false => Err("something follows its closing quote; a quote inside is written \\\""),
        };
    }
    let end = text.find(" #").or(text.find("\t#")).unwrap_or(text.len());
    let bare = if text.starts_with('#') {
        ""
    } else {
        &text[..end]
    };
    Ok((bare.trim().to_owned(), ""))
}

fn is_quoted(text: &str) -> bool {
    text.starts_with(|c| OPENING.contains(c) || SINGLE.contains(c))
}

/// The text between quotes and what follows. A straight quote is closed by its like, a bent one by any of its kind.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut letters = text.char_indices();
    let open = letters.next().map_or('"', |(_, c)| c);
    let closing: String = match open {
        '"' | '\'' => open.to_string(),
        _ if SINGLE.contains(open) => SINGLE.to_owned(),
        _ => OPENING.to_owned(),
    };
    let mut value = String::new();
    while let Some((at, letter)) = letters.next() {
        if closing.contains(letter) {
            return Ok((value, &text[at + letter.len_utf8()..]));
        }
        match (letter, open, letters.as_str().chars().next()) {
            ('\\', '"', Some(next @ ('"' | '\\'))) => {
                value.push(next);
                letters.next();
            }
            _ => value.push(letter),
        }
    }
    Err("its closing quote is missing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<String> {
        let (entries, remarks) = read(text);
        assert_eq!(remarks, [], "{text}");
        entries.into_iter().flat_map(|entry| entry.values).collect()
    }

    #[test]
    fn forms_of_one_value() {
        for text in [
            "name = \"a b\"",
            "name='a b'",
            "name = a b",
            "name = a b # the name",
            "name = “a b”",
            "name = „a b“",
            "  name\t=\t\"a b\"   # said",
            "name = [\"a b\"]",
            "name = [a b]",
            "\u{feff}name = \"a b\"\r",
        ] {
            assert_eq!(values(text), ["a b"], "{text}");
        }
    }

    #[test]
    fn quotes_and_backslashes() {
        assert_eq!(values(r#"p = "a\"b\\c\d""#), [r#"a"b\c\d"#]);
        assert_eq!(values(r#"p = 'a\"b'"#), [r#"a\"b"#]);
        assert_eq!(values("p = a=b"), ["a=b"]);
        assert_eq!(values("p = “don’t”"), ["don’t"]);
        assert_eq!(values("p = \"\""), [""; 0]);
        assert_eq!(values("p ="), [""; 0]);
    }

    #[test]
    fn lists_over_lines() {
        let text = "k = [ # two\n  \"a\",\n\n  b, # said\n]\nl = [\"c\",'d']";
        assert_eq!(values(text), ["a", "b", "c", "d"]);
    }

    #[test]
    fn sections_and_names() {
        let (entries, _) = read("Host-Name = x\n[ Wi-Fi ]\nSSID = y\n");
        let found: Vec<_> = entries
            .iter()
            .map(|e| (e.section.as_str(), e.key.as_str(), e.line))
            .collect();
        assert_eq!(found, [("", "hostname", 1), ("wifi", "ssid", 3)]);
    }

    #[test]
    fn mistakes_are_told_by_line_and_cost_only_themselves() {
        let (entries, remarks) = read("what\na = \"x\nb = \"x\" y\nc = [1,\nd = 2");
        let told: Vec<_> = remarks.iter().map(|r| r.line).collect();
        assert_eq!(told, [1, 2, 3, 4]);
        assert_eq!(entries.last().map(|e| e.key.as_str()), Some("d"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,400}") {
            let (entries, remarks) = read(&text);
            prop_assert!(entries.len() + remarks.len() <= text.lines().count() + 1);
        }

        #[test]
        fn any_near_text_is_read(text in r#"([\[\]"'=,#\\ a-c“„”\r\n]|\u{feff}){0,120}"#) {
            let _ = read(&text);
        }

        #[test]
        fn what_toml_writes_is_read_alike(value in "[ -~]{1,40}") {
            let written = toml::to_string(&std::collections::BTreeMap::from([("k", &value)])).expect("it writes");
            prop_assume!(!written.contains("\"\"\"") && !written.contains("'''"));
            prop_assert_eq!(values(&written), vec![value]);
        }
    }
}
