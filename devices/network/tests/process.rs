//! The device as a process, with an interface that is none and a DHCP client of the test's.
#![allow(missing_docs, clippy::expect_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{topics, vocab::network::NetworkState};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// What a test has: a directory, the script that stands for `udhcpc`, and the owner's settings.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new(client: &str) -> Self {
        let bench = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        let path = bench.path("udhcpc");
        fs::write(&path, format!("#!/bin/sh\n{client}")).expect("written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("made executable");
        fs::create_dir(bench.path("run")).expect("made");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start(&self) -> Result<FakeKernel, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-network"))
            .env("DKVM_RUN_DIR", self.path("run"));
        let setup = Setup::new("network").config(json!({
            "backend": "dummy", "mdns": false, "udhcpc": self.path("udhcpc"), "boot_dir": self.directory.path(),
        }));
        let mut kernel = FakeKernel::start(launch, setup)?;
        kernel.ready()?;
        Ok(kernel)
    }
}

fn has(kernel: &mut FakeKernel, addresses: &[&str]) -> Result<NetworkState, Failure> {
    kernel.expect_that(topics::NETWORK_STATE, |state: &NetworkState| {
        state
            .interfaces
            .first()
            .is_some_and(|interface| interface.addresses == addresses)
    })
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Gives .7, and .8 to one that wishes for .7.
const BOUND: &str = r#"echo "$@" >>"${0%/*}/asked"
host=7
case $* in *"-r 192.0.2.7"*) host=8 ;; esac
printf 'dhcp\tdeconfig\tip=\n'
echo noise
printf 'dhcp\tbound\tip=192.0.2.%s\tmask=24\trouter=192.0.2.1\tdns=192.0.2.1\tntp=\tlease=600\n' $host
exec sleep 1000
"#;

#[test]
fn a_lease_becomes_an_address_and_a_resolver() -> Result<(), Failure> {
    let bench = Bench::new(BOUND);
    let mut kernel = bench.start()?;
    let state = has(&mut kernel, &["192.0.2.7/24"])?;
    assert!(state.interfaces.iter().all(|interface| interface.carrier));
    assert!(!state.time_synced && state.mdns.is_empty());
    assert!(text(&bench.path("run/resolv.conf")).ends_with("nameserver 192.0.2.1\n"));
    kernel.goodbye()?;
    Ok(())
}

#[test]
fn after_a_death_it_asks_for_the_address_that_it_had() -> Result<(), Failure> {
    let bench = Bench::new(BOUND);
    let mut kernel = bench.start()?;
    has(&mut kernel, &["192.0.2.7/24"])?;
    kernel.kill()?;
    let mut kernel = bench.start()?;
    has(&mut kernel, &["192.0.2.8/24"])?;
    Ok(())
}

#[test]
fn a_client_that_is_not_there_is_told_and_costs_nothing_else() -> Result<(), Failure> {
    let bench = Bench::new("");
    fs::remove_file(bench.path("udhcpc")).expect("removed");
    let mut kernel = bench.start()?;
    has(&mut kernel, &[])?;
    kernel.expect_log("cannot start")?;
    kernel.ping()
}

#[test]
fn a_fixed_address_is_set_and_a_mistake_beside_it_told() -> Result<(), Failure> {
    let bench = Bench::new(BOUND);
    fs::write(
        bench.path("network.toml"),
        "[wired]\naddress = \"192.0.2.20/24\"\ngateway = 7\ndns = \"192.0.2.1\"\n",
    )
    .expect("written");
    let mut kernel = bench.start()?;
    has(&mut kernel, &["192.0.2.20/24"])?;
    kernel.expect_log("`wired.gateway` is ignored")?;
    assert_eq!(text(&bench.path("asked")), "");
    Ok(())
}

#[test]
fn where_the_network_is_somebody_elses_nothing_of_it_is_touched() -> Result<(), Failure> {
    let bench = Bench::new("exit 9");
    let launch =
        Launch::program(env!("CARGO_BIN_EXE_dkvm-network")).env("DKVM_RUN_DIR", bench.path("run"));
    let setup = Setup::new("network").config(json!({
        "backend": "names", "mdns": false, "udhcpc": bench.path("udhcpc"), "boot_dir": bench.directory.path(),
    }));
    let mut kernel = FakeKernel::start(launch, setup)?;
    kernel.ready()?;
    let state: NetworkState = kernel.expect(topics::NETWORK_STATE)?;
    assert_eq!(state.interfaces, []);
    kernel.goodbye()?;
    assert!(kernel.log().is_empty(), "{:?}", kernel.log());
    Ok(())
}
