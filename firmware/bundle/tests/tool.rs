//! The tool as whoever builds an image runs it.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

fn tool(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dkvm-bundle"))
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .unwrap()
}

fn well(folder: &Path, arguments: &str) -> String {
    let output = tool(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &str, why: &str) {
    let output = tool(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments}");
    assert!(said.contains(why), "{arguments}: {said}");
}

const CREATE: &str =
    "create --board lab --version 0.2.0 --boot boot --root root --key keys/update.key --out b.dkvm";

/// A folder with two images, the boot image with an end of zeros, and a key.
fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut boot = vec![5; 10_000];
    boot.resize(100_000, 0);
    fs::write(folder.path().join("boot"), boot).unwrap();
    fs::write(folder.path().join("root"), vec![6; 5000]).unwrap();
    well(
        folder.path(),
        "keygen --key keys/update.key --public update.pub",
    );
    folder
}

#[test]
fn a_bundle_is_made_and_checked() {
    let folder = workshop();
    let folder = folder.path();
    well(folder, CREATE);
    let told = well(folder, "inspect b.dkvm --public update.pub");
    for line in [
        "board    lab",
        "version  0.2.0",
        "signed   good",
        "boot     12288 of 100000 bytes",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let first = fs::read(folder.join("b.dkvm")).unwrap();
    well(folder, CREATE);
    assert_eq!(
        first,
        fs::read(folder.join("b.dkvm")).unwrap(),
        "reproducible"
    );
}

#[test]
fn a_key_is_made_once_and_is_private() {
    let folder = workshop();
    let folder = folder.path();
    let public = fs::read(folder.join("update.pub")).unwrap();
    well(folder, "keygen --key keys/update.key --public again.pub");
    assert_eq!(public, fs::read(folder.join("again.pub")).unwrap());
    let key = folder.join("keys/update.key");
    let mode = fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused(folder, CREATE, "others may read it");
}

#[test]
fn what_was_damaged_is_refused() {
    let folder = workshop();
    let folder = folder.path();
    well(folder, CREATE);
    let good = fs::read(folder.join("b.dkvm")).unwrap();
    let spoilt = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    spoilt("short", &good[..good.len() - 1]);
    refused(folder, "inspect short", "truncated");
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    spoilt("flipped", &flipped);
    refused(
        folder,
        "inspect flipped",
        "the part root of the bundle is damaged",
    );
    spoilt("zip", b"PK");
    refused(folder, "inspect zip", "no dKVM bundle");
    well(folder, "keygen --key other/update.key --public other.pub");
    refused(folder, "inspect b.dkvm --public other.pub", "signature");
}

#[test]
fn mistakes_are_told() {
    let folder = workshop();
    let folder = folder.path();
    refused(
        folder,
        &CREATE.replace("--boot boot", "--boot nowhere"),
        "cannot read nowhere",
    );
    refused(
        folder,
        &CREATE.replace("keys/update.key", "boot"),
        "boot holds no update key",
    );
    refused(
        folder,
        &CREATE.replace("--board lab", "--board ../x"),
        "odd characters",
    );
    assert_eq!(
        tool(folder, &CREATE.replace("0.2.0", "two")).status.code(),
        Some(2)
    );
    fs::write(folder.join("empty"), "").unwrap();
    refused(
        folder,
        &CREATE.replace("--root root", "--root empty"),
        "is 0 bytes long",
    );
}
