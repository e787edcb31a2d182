//! The tables are what this machine's xkb-data gives, and nobody wrote in them.
#![allow(missing_docs, clippy::expect_used)]

use std::{path::Path, process::Command};

#[test]
fn the_tables_are_made_by_the_tool() {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts/make.py");
    let made = Command::new("python3").arg(tool).arg("check").output();
    let made = made.expect("python3 is missing: run `lab/setup.sh check`");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
}
