//! The bytes of everything that travels, against a committed file. A difference is a change of the
//! protocol: see the rule at `WIRE_VERSION`. `DKVM_WRITE_GOLDEN=1` writes the file anew.

mod samples;

use std::{collections::BTreeMap, fmt::Write, path::PathBuf};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bytes.txt")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text
        .as_bytes()
        .chunks(2)
        .map(|two| std::str::from_utf8(two).unwrap_or_default());
    digits
        .map(|two| u8::from_str_radix(two, 16).unwrap_or_default())
        .collect()
}

/// Name to hexadecimal, one per line.
fn committed() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs
        .map(|(name, hex)| (name.to_owned(), hex.to_owned()))
        .collect()
}

fn produced() -> BTreeMap<String, String> {
    samples::all()
        .iter()
        .map(|sample| (sample.name.to_owned(), hex(&sample.bytes)))
        .collect()
}

#[test]
fn everything_has_the_bytes_that_were_committed() {
    let produced = produced();
    if std::env::var_os("DKVM_WRITE_GOLDEN").is_some() {
        let text: String = produced
            .iter()
            .map(|(name, hex)| format!("{name}: {hex}\n"))
            .collect();
        std::fs::write(path(), text).expect("a writable golden file");
    }
    assert_eq!(produced, committed());
}

#[test]
fn the_committed_bytes_read_back_as_the_values() {
    let committed = committed();
    for sample in samples::all() {
        let bytes = committed
            .get(sample.name)
            .map(|hex| unhex(hex))
            .unwrap_or_default();
        assert!((sample.reads_back)(&bytes), "{}", sample.name);
    }
}

#[test]
fn names_are_used_once() {
    assert_eq!(produced().len(), samples::all().len());
}
