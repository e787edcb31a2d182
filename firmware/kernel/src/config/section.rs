use super::{size, suggest, ConfigError, Mistake};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};
use toml::Spanned;

/// So many mistakes are told at once: more nobody reads, and the answer that tells them must fit in a frame.
const MOST: usize = 100;
/// Letters of a key and of a sentence, for the same reason: both may quote the file.
const LONGEST_KEY: usize = 200;
const LONGEST_MESSAGE: usize = 4000;

/// Collects what is wrong, so that a person fixes a file in one go.
pub(super) struct Report<'t> {
    file: PathBuf,
    text: &'t str,
    errors: Vec<ConfigError>,
    /// Found, told or not.
    count: usize,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: PathBuf, text: &'t str) -> Self {
        Self {
            file,
            text,
            errors: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn add(
        &mut self,
        at: Range<usize>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.add_as(Mistake::Wrong, at, key, || message.into());
    }

    /// The same where the sentence takes work: it is only made where it is told.
    pub(super) fn add_with(
        &mut self,
        at: Range<usize>,
        key: impl Into<String>,
        message: impl FnOnce() -> String,
    ) {
        self.add_as(Mistake::Wrong, at, key, message);
    }

    fn add_as(
        &mut self,
        kind: Mistake,
        at: Range<usize>,
        key: impl Into<String>,
        message: impl FnOnce() -> String,
    ) {
        self.count += 1;
        if self.is_full() {
            return;
        }
        let line = self.line_of(at.start);
        let file = self.file.clone();
        self.errors.push(ConfigError {
            file,
            line: Some(line),
            key: cut(key.into(), LONGEST_KEY),
            message: cut(message(), LONGEST_MESSAGE),
            kind,
        });
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What else is wrong is not told.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MOST
    }

    fn line_of(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    /// The errors, by line, each once; at last, where there are too many, that there may be more.
    pub(super) fn finish(mut self) -> Vec<ConfigError> {
        let full = self.is_full();
        self.errors.sort_by_key(|error| error.line);
        self.errors.dedup();
        if full {
            self.errors.push(ConfigError {
                file: self.file,
                line: None,
                key: String::new(),
                message: format!(
                    "{MOST} mistakes are enough at once: what else is wrong is told when these are corrected"
                ),
                kind: Mistake::Wrong,
            });
        }
        self.errors
    }
}

/// One table of the file while it is read: knows which keys were asked for, so that the others are typos.
pub(super) struct Section<'a, 'i> {
    path: String,
    span: Range<usize>,
    table: &'a DeTable<'i>,
    known: Vec<&'static str>,
}

/// A value with its place in the text.
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

impl<'a, 'i> Section<'a, 'i> {
    pub(super) fn new(path: impl Into<String>, span: Range<usize>, table: &'a DeTable<'i>) -> Self {
        Self {
            path: path.into(),
            span,
            table,
            known: Vec::new(),
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn raw(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    /// Reads `key` by `read`; when that says no, tells what was expected.
    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        report: &mut Report<'_>,
        read: impl Fn(&'a DeValue<'i>) -> Option<T>,
    ) -> Option<Found<T>> {
        let value = self.raw(key)?;
        let span = value.span();
        if let Some(value) = read(value.get_ref()) {
            return Some(Found { value, span });
        }
        let got = describe(value.get_ref());
        report.add(
            span,
            self.key(key),
            format!("must be {expected}, not {got}"),
        );
        None
    }

    pub(super) fn text(
        &mut self,
        key: &'static str,
        expected: &str,
        report: &mut Report<'_>,
    ) -> Option<Found<String>> {
        self.typed(key, expected, report, |value| {
            value.as_str().map(str::to_owned)
        })
    }

    pub(super) fn flag(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<bool> {
        self.typed(key, "true or false", report, DeValue::as_bool)
            .map(|found| found.value)
    }

    pub(super) fn integer(
        &mut self,
        key: &'static str,
        allowed: RangeInclusive<i64>,
        report: &mut Report<'_>,
    ) -> Option<i64> {
        let expected = format!(
            "a whole number from {} to {}",
            allowed.start(),
            allowed.end()
        );
        let read =
            |value: &DeValue<'i>| integer_of(value).filter(|number| allowed.contains(number));
        self.typed(key, &expected, report, read)
            .map(|found| found.value)
    }

    pub(super) fn size(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<Found<u64>> {
        let read = |value: &DeValue<'i>| match value {
            DeValue::String(text) => size::parse(text),
            other => integer_of(other).and_then(|number| u64::try_from(number).ok()),
        };
        self.typed(
            key,
            "a size like \"64M\" (K, M or G) or a number of bytes",
            report,
            read,
        )
    }

    /// A list of texts; each with its place.
    pub(super) fn list(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<Found<String>> {
        let read = |value: &'a DeValue<'i>| {
            value
                .as_array()?
                .iter()
                .map(text_of)
                .collect::<Option<Vec<_>>>()
        };
        let found = self.typed(key, "a list of texts like [\"a\", \"b\"]", report, read);
        found.map(|found| found.value).unwrap_or_default()
    }

    pub(super) fn table(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<Section<'a, 'i>> {
        let path = self.key(key);
        let found = self.typed(
            key,
            &format!("a table: [{path}]"),
            report,
            DeValue::as_table,
        )?;
        Some(Section::new(path, found.span, found.value))
    }

    /// A list of tables, `[[key]]`.
    pub(super) fn tables(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<Section<'a, 'i>> {
        let path = self.key(key);
        let read = |value: &'a DeValue<'i>| {
            value
                .as_array()?
                .iter()
                .map(table_of)
                .collect::<Option<Vec<_>>>()
        };
        let found = self.typed(
            key,
            &format!("tables, each headed [[{path}]]"),
            report,
            read,
        );
        let tables = found.map(|found| found.value).unwrap_or_default();
        tables
            .into_iter()
            .map(|found| Section::new(path.clone(), found.span, found.value))
            .collect()
    }

    /// The tables whose names a person chooses, in the order of the file.
    pub(super) fn named_tables(
        &self,
        report: &mut Report<'_>,
    ) -> Vec<(Found<String>, Section<'a, 'i>)> {
        let mut all = Vec::new();
        for (name, value) in self.table {
            let path = self.key(name.get_ref());
            let Some(table) = value.get_ref().as_table() else {
                report.add(
                    name.span(),
                    path.clone(),
                    format!("must be a table: [{path}]"),
                );
                continue;
            };
            let found = Found {
                value: name.get_ref().to_string(),
                span: name.span(),
            };
            all.push((found, Section::new(path, name.span(), table)));
        }
        all.sort_by_key(|(found, _)| found.span.start);
        all
    }

    pub(super) fn to_msgpack(&self) -> Vec<u8> {
        super::msgpack::from_table(self.table)
    }

    /// Reports each key that nobody asked for.
    pub(super) fn finish(self, report: &mut Report<'_>) {
        for (name, _) in self.table {
            let typed = name.get_ref();
            if self.known.contains(&typed.as_ref()) {
                continue;
            }
            let message = || {
                let hint = suggest::did_you_mean(typed, &self.known);
                let allowed = self.known.join(", ");
                format!("is no key of this table{hint}; allowed are: {allowed}")
            };
            report.add_as(Mistake::UnknownKey, name.span(), self.key(typed), message);
        }
    }
}

fn cut(mut text: String, longest: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(longest) {
        text.truncate(at);
        text.push('…');
    }
    text
}

fn text_of(value: &Spanned<DeValue<'_>>) -> Option<Found<String>> {
    let text = value.get_ref().as_str()?.to_owned();
    Some(Found {
        value: text,
        span: value.span(),
    })
}

fn table_of<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Option<Found<&'a DeTable<'i>>> {
    Some(Found {
        value: value.get_ref().as_table()?,
        span: value.span(),
    })
}

fn integer_of(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => {
            format!("the text {:?}", text.chars().take(40).collect::<String>())
        }
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
