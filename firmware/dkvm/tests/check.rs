//! `dkvm check`: each mistake is told with its line and what to write instead.

#![allow(clippy::unwrap_used)]

mod common;

use common::{dkvm, dkvm_in, Said};
use std::fs;
use tempfile::TempDir;

/// What `dkvm check` says on stderr of a file with this text, without the closing count.
fn mistakes(text: &str) -> Vec<String> {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("t.toml"), text).unwrap();
    let Said { code, out, err } = dkvm_in(dir.path(), &["check", "t.toml"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    let mut lines: Vec<String> = err.lines().map(str::to_owned).collect();
    let count = lines.pop().unwrap();
    let s = if lines.len() == 1 { "" } else { "s" };
    assert_eq!(count, format!("dkvm: {} mistake{s} found", lines.len()));
    lines
}

#[track_caller]
fn one(text: &str, expected: &str) {
    assert_eq!(mistakes(text), [expected]);
}

const HID: &str = "[device.hid]\ncommand = [\"dkvm-device\", \"hid\"]\n";

#[test]
fn a_right_file_is_praised() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("t.toml"), HID).unwrap();
    let said = dkvm_in(dir.path(), &["check", "t.toml"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "t.toml is right: 1 device, 0 routes\n"),
        "{}",
        said.err
    );
}

#[test]
fn a_persons_own_is_found() {
    let dir = TempDir::new().unwrap();
    let own = dir.path().join("dkvm/dkvm.toml");
    fs::create_dir(dir.path().join("dkvm")).unwrap();
    fs::write(&own, HID).unwrap();
    let said = std::process::Command::new(env!("CARGO_BIN_EXE_dkvm"))
        .args(["check", "--user"])
        .env("XDG_CONFIG_HOME", dir.path())
        .output()
        .unwrap();
    // A machine that has the package tells of it besides.
    let out = String::from_utf8_lossy(&said.stdout);
    let praise = format!("{} is right: 1 device, 0 routes\n", own.display());
    assert!(out.starts_with(&praise), "{out}");
}

#[test]
fn the_file_that_ships_is_right() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../rootfs/etc/dkvm/dkvm.toml"
    );
    let said = dkvm(&["check", path]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn the_workstations_is_right() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../board/workstation/dkvm.toml"
    );
    let said = dkvm(&["check", path]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_missing_file() {
    let said = dkvm(&["check", "/nonexistent/dkvm.toml"]);
    assert_eq!(said.code, 1);
    let expected = "/nonexistent/dkvm.toml: cannot be read: No such file or directory (os error 2); name the configuration";
    assert!(said.err.starts_with(expected), "{}", said.err);
}

#[test]
fn a_directory_in_its_place() {
    let said = dkvm(&["check", "/"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.starts_with("/: is no configuration file"),
        "{}",
        said.err
    );
}

#[test]
fn json_for_programs() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("t.toml"), format!("{HID}nice = 99\n")).unwrap();
    let said = dkvm_in(dir.path(), &["check", "t.toml", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(value["ok"], false);
    assert_eq!(value["errors"][0]["line"], 3);
    assert_eq!(value["errors"][0]["key"], "device.hid.nice");
}

#[test]
fn a_table_by_another_name() {
    one(
        "[devices.hid]\ncommand = [\"x\"]\n",
        "t.toml:1: devices: is no key of this table; did you mean \"device\"?; allowed are: kernel, memory, device, route, grants",
    );
}

#[test]
fn a_mistyped_key_and_what_is_missing_for_it() {
    let told = mistakes("[device.hid]\ncomand = [\"x\"]\n");
    assert_eq!(
        told[0],
        "t.toml:1: device.hid.command: is missing: write the program and its arguments, like command = [\"dkvm-device\", \"hid\"]"
    );
    let expected = "t.toml:2: device.hid.comand: is no key of this table; did you mean \"command\"?; allowed are: command, ";
    assert!(told[1].starts_with(expected), "{told:?}");
    assert_eq!(told.len(), 2);
}

#[test]
fn wrong_types() {
    one(
        &format!("{HID}enabled = \"yes\"\n"),
        "t.toml:3: device.hid.enabled: must be true or false, not the text \"yes\"",
    );
    one(
        "[device.hid]\ncommand = \"dkvm-device hid\"\n",
        "t.toml:2: device.hid.command: must be a list of texts like [\"a\", \"b\"], not the text \"dkvm-device hid\"",
    );
    one(
        &format!("{HID}nice = 99\n"),
        "t.toml:3: device.hid.nice: must be a whole number from -20 to 19, not the number 99",
    );
    one(
        "[memory]\nbudget = \"lots\"\n",
        "t.toml:2: memory.budget: must be a size like \"64M\" (K, M or G) or a number of bytes, not the text \"lots\"",
    );
}

#[test]
fn a_relative_path() {
    one(
        "[kernel]\nrun_dir = \"run\"\n",
        "t.toml:2: kernel.run_dir: must be an absolute path, not \"run\"",
    );
}

#[test]
fn two_devices_of_one_name() {
    let told = mistakes(&format!("{HID}{HID}"));
    assert_eq!(
        told[0],
        "t.toml:3: \"hid\" is there already: remove one of the two, or give this one another name"
    );
}

#[test]
fn a_circle_in_after() {
    one(
        "[device.a]\ncommand = [\"a\"]\nafter = [\"b\"]\n[device.b]\ncommand = [\"b\"]\nafter = [\"a\"]\n",
        "t.toml:1: device.a.after: goes in a circle (a after b after a): none of them could ever start; remove one of these",
    );
}

#[test]
fn devices_that_are_not_there() {
    one(
        &format!("{HID}after = [\"gadgt\"]\n[device.gadget]\ncommand = [\"g\"]\n"),
        "t.toml:1: device.hid.after: there is no device \"gadgt\"; did you mean \"gadget\"?; devices are: hid, gadget",
    );
    one(
        &format!("{HID}calls = [\"contrl\"]\n"),
        "t.toml:1: device.hid.calls: there is no device \"contrl\"; did you mean \"control\"?; devices are: hid, control, devices, system",
    );
    one(
        &format!("{HID}[[route]]\ntopic = \"t\"\nfrom = \"hid\"\nto = [\"wep\"]\n"),
        "t.toml:6: route.to: there is no device \"wep\"; devices are: hid",
    );
}

#[test]
fn routes_to_other_nodes() {
    let peer = "[device.peer]\ncommand = [\"p\"]\nuser = \"p\"\ngateway = true\n";
    let route = |from: &str, to: &str| {
        format!("{HID}{peer}[[route]]\ntopic = \"t\"\nfrom = {from:?}\nto = [{to:?}]\n")
    };
    one(
        &route("*/hid", "lab/hid"),
        "t.toml:10: route.to: lab/hid would get from here what came from */hid: what came from another node never goes to a third. Let one side of the route be a device of this node, and route the rest at the other node",
    );
    one(
        &route("hid", "Lab/hid"),
        "t.toml:10: route.to: \"Lab/hid\" names no device of another node: write node/device, or */device for that of any node; a node's name is 1 to 63 of a-z, 0-9 and -",
    );
    one(
        &route("hid", "lab/hid").replace("gateway = true\n", ""),
        "t.toml:9: route.to: lab/hid is on another node, and no device here has gateway = true to bridge to it: say so of the device peer, or leave out this route and all others to and from other nodes",
    );
}

#[test]
fn names_that_cannot_be() {
    one(
        "[device.HID]\ncommand = [\"x\"]\n",
        "t.toml:1: device.HID: \"HID\" is no device name: use 1 to 32 of a-z, 0-9 and '-', beginning with a letter",
    );
    one(
        "[device.kernel]\ncommand = [\"x\"]\n",
        "t.toml:1: device.kernel: the name \"kernel\" is taken by the kernel itself: choose another",
    );
}

#[test]
fn text_that_is_no_toml() {
    let told = mistakes("[device.hid\ncommand = [\"x\"]\n");
    assert!(told[0].starts_with("t.toml:1: unclosed table"), "{told:?}");
}
