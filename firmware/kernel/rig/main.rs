//! What the process tests of the kernel run: the kernel itself, its jail, and a device that does what it is told.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod habits;
mod puppet;
mod wire;

use dkvm_kernel::client::Client;
use dkvm_kernel::config::Source;
use dkvm_kernel::{Machine, Options};
use dkvm_wire::service::{methods, KernelInfo, RestartHow};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::exit;
use std::rc::Rc;

/// A machine that only notes what became of it.
#[derive(Debug)]
struct Notes(PathBuf);

impl Notes {
    fn note(&self, line: &str) {
        let file = OpenOptions::new().create(true).append(true).open(&self.0);
        writeln!(file.expect("a file"), "{line}").expect("written");
    }
}

impl Machine for Notes {
    fn refusal(&self) -> Option<String> {
        None
    }

    fn insist(&self, how: RestartHow) {
        self.note(&format!("insist {how:?}"));
    }

    fn restart(&self, how: RestartHow, _: &Path) -> io::Error {
        self.note(&format!("restart {how:?}"));
        exit(0)
    }
}

/// All that it looks at is beside its configuration.
fn kernel(config: &Path) -> Result<(), dkvm_kernel::Error> {
    let beside = |name: &str| config.with_file_name(name);
    dkvm_kernel::run_with(Options {
        source: Source::OwnersOrImages {
            owners: beside("owners.toml"),
            images: config.to_owned(),
        },
        boot_info: beside("run/boot/info.json"),
        jail: std::env::current_exe().expect("this program"),
        machine: Rc::new(Notes(beside("machine"))),
    })
}

/// What the kernel says to a client of whatever user this is.
fn client(socket: &Path) {
    let said = Client::connect(socket)
        .and_then(|mut client| client.ask::<KernelInfo>(methods::KERNEL_INFO));
    match said {
        Ok(info) => println!("welcome at {}", info.node),
        Err(error) => println!("{error}"),
    }
}

fn main() {
    let mut args = std::env::args_os().skip(1);
    let verb = args.next().unwrap_or_default();
    match verb.to_str() {
        Some("jail") => exit(dkvm_kernel::jail::main(args)),
        Some("kernel") => {
            let config = args.next().expect("dkvm-rig kernel CONFIG");
            if let Err(error) = kernel(Path::new(&config)) {
                eprintln!("{error}");
                exit(1);
            }
        }
        Some("puppet") => puppet::run(args.filter_map(|arg| arg.into_string().ok()).collect()),
        Some("habit") => habits::run(&args.next().unwrap_or_default().to_string_lossy()),
        Some("client") => client(args.next().expect("dkvm-rig client SOCKET").as_ref()),
        _ => {
            eprintln!("dkvm-rig kernel CONFIG | client SOCKET | jail … | puppet [PRODUCES:CLASS…] [+CONSUMES…] | habit NAME");
            exit(64);
        }
    }
}
