//! Calls that need no kernel, and calls that miss one.

#![allow(clippy::unwrap_used)]

mod common;

use common::dkvm;
use std::io::Write;
use std::os::unix::net::UnixListener;
use tempfile::TempDir;

#[test]
fn wrong_calls_exit_2_and_say_how_to_call() {
    for args in [
        &["frob"][..],
        &["start"],
        &["ps", "--colour"],
        &["top", "--interval", "5"],
        &["logs", "-n", "x"],
        &["type"],
        &["type", "a", "--file", "b"],
        &["type", "a", "--pace", "2001"],
        &[],
    ] {
        let said = dkvm(args);
        assert_eq!(said.code, 2, "{args:?}");
        assert!(said.err.contains("--help"), "{args:?}: {}", said.err);
    }
}

#[test]
fn help_names_each_command_and_exits_0() {
    let said = dkvm(&["--help"]);
    assert_eq!(said.code, 0);
    for command in [
        "kernel",
        "check",
        "ps",
        "logs",
        "deaths",
        "start",
        "stop",
        "restart",
        "reload",
        "top",
        "type",
        "pair",
        "peers",
        "nodes",
        "update",
        "factory-reset",
        "info",
        "completions",
    ] {
        assert!(
            said.out.contains(&format!("\n  {command} ")),
            "{command}: {}",
            said.out
        );
        assert_eq!(dkvm(&[command, "--help"]).code, 0);
    }
    assert!(!said.out.contains("jail"), "not for people");
    assert!(said.out.contains("Examples:"));
}

#[test]
fn completions_for_each_shell_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = dkvm(&["completions", shell]);
        assert_eq!(said.code, 0);
        assert!(
            said.out.contains("restart") && said.out.contains("deaths"),
            "{shell}"
        );
    }
}

#[test]
fn no_kernel_is_a_sentence() {
    for command in [
        &["ps"][..],
        &["top", "--once"],
        &["logs", "-f"],
        &["stop", "hid"],
        &["info", "--json"],
    ] {
        let said = dkvm(&[&["--socket", "/nonexistent/kernel.sock"], command].concat());
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        let expected = "dkvm: no kernel is running: nothing answers on /nonexistent/kernel.sock (No such file or directory \
                        (os error 2)); start it with `dkvm kernel`, or name its socket with --socket\n";
        assert_eq!(said.err, expected);
    }
}

#[test]
fn something_else_on_the_socket_is_a_sentence() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let answer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        stream
    });
    let said = dkvm(&["--socket", path.to_str().unwrap(), "ps"]);
    answer.join().unwrap();
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("is no kernel of this version"),
        "{}",
        said.err
    );
}

#[test]
fn a_file_that_is_no_bundle_is_told_before_anybody_is_asked() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("zip"), "PK").unwrap();
    std::fs::write(path("short"), "dKVMbndl").unwrap();
    for (name, why) in [
        ("zip", "this is no dKVM bundle"),
        ("short", "ends within its head"),
        ("none", "cannot read"),
    ] {
        let said = dkvm(&["--socket", "/nowhere", "update", &path(name)]);
        assert_eq!(said.code, 1);
        assert!(said.err.contains(why), "{}", said.err);
    }
    let said = dkvm(&["--socket", "/nowhere", "update", "--stage-only"]);
    assert_eq!(said.code, 2, "{}", said.err);
}
