//! Runs the program as a person does.

#![allow(clippy::unwrap_used, dead_code)]

pub mod node;
pub mod way;

use std::path::Path;
use std::process::{Command, Output};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dkvm");

#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout.clone()).unwrap(),
        err: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

pub fn dkvm(args: &[&str]) -> Said {
    said(&Command::new(PROGRAM).args(args).output().unwrap())
}

pub fn dkvm_in(dir: &Path, args: &[&str]) -> Said {
    said(
        &Command::new(PROGRAM)
            .args(args)
            .current_dir(dir)
            .output()
            .unwrap(),
    )
}
