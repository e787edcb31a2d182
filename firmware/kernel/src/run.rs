use crate::accounts::{Accounts, SHARED_GROUP};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::death::{Deaths, Store};
use crate::error::Error;
use crate::lock::Lock;
use crate::log::Output;
use crate::memory::{remove_stale, MemoryManager, ShmDir};
use crate::node::{accept_clients, keep_time, Node, Parts};
use rustix::fs::{Gid, Mode};
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::net::UnixListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{signal, SignalKind};
use tokio::task::{spawn_local, LocalSet};

/// How a kernel is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration.
    pub config: PathBuf,
    /// The program whose `jail` command is used: `dkvm`.
    pub jail: PathBuf,
}

/// Runs the kernel until it is told to end. `config` is the configuration's path.
pub fn run(config: &Path) -> Result<(), Error> {
    let jail = std::env::current_exe().map_err(|source| Error::System {
        what: "find the program dkvm",
        source,
    })?;
    run_with(&Options {
        config: config.to_owned(),
        jail,
    })
}

/// The same with another program for the jail.
pub fn run_with(options: &Options) -> Result<(), Error> {
    let config = config::load(&options.config).map_err(Error::Config)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "start the event loop",
        source,
    })?;
    LocalSet::new().block_on(&runtime, serve(config, options.jail.clone()))
}

async fn serve(config: Config, jail: PathBuf) -> Result<(), Error> {
    let clock = Clock::start();
    let kernel = config.kernel.clone();
    make_dir(&kernel.run_dir, "run_dir")?;
    make_dir(&kernel.state_dir, "state_dir")?;
    let _lock = Lock::take(&kernel.run_dir)?;
    remove_stale(&kernel.shm_dir)?;
    let boot = boot_id();
    let shm = ShmDir::create(&kernel.shm_dir, &boot)?;
    let store = Store::new(&kernel.state_dir);
    let deaths = Deaths::new(store.load());
    let output = Output::start(kernel.run_dir.join("kernel.log"), store).map_err(|source| {
        Error::System {
            what: "start the log's thread",
            source,
        }
    })?;
    let listener = listen(&kernel.socket())?;
    become_subreaper()?;
    outlive_devices();
    let signals = Signals::new()?;
    let memory = MemoryManager::new(shm.path().to_owned(), config.memory_budget);
    let name = kernel.node.clone().unwrap_or_else(host_name);
    let node = Node::start(Parts {
        config,
        clock,
        boot,
        name,
        memory,
        output,
        deaths,
        jail,
    });
    if kernel.realtime {
        node.borrow_mut().go_realtime();
    }
    let done = node.borrow().done.clone();
    start_tasks(&node, listener, signals);
    done.notified().await;
    let _ = std::fs::remove_file(kernel.socket());
    // Pools before their directory.
    drop(node);
    drop(shm);
    Ok(())
}

fn start_tasks(node: &Rc<RefCell<Node>>, listener: UnixListener, signals: Signals) {
    spawn_local(accept_clients(node.clone(), listener));
    spawn_local(keep_time(node.clone()));
    let Signals {
        child,
        term,
        int,
        hup,
    } = signals;
    on_signal(node, child, Node::reap);
    on_signal(node, term, |node| node.end("SIGTERM"));
    on_signal(node, int, |node| node.end("SIGINT"));
    on_signal(node, hup, |node| drop(node.reload()));
    if let Some(hotplug) = crate::hotplug::Hotplug::watch() {
        spawn_local(on_hotplug(node.clone(), hotplug));
    }
}

async fn on_hotplug(node: Rc<RefCell<Node>>, mut hotplug: crate::hotplug::Hotplug) {
    while hotplug.next().await {
        node.borrow_mut().hotplug();
    }
}

struct Signals {
    child: tokio::signal::unix::Signal,
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Error> {
        let on = |kind| {
            signal(kind).map_err(|source| Error::System {
                what: "listen to signals",
                source,
            })
        };
        Ok(Self {
            child: on(SignalKind::child())?,
            term: on(SignalKind::terminate())?,
            int: on(SignalKind::interrupt())?,
            hup: on(SignalKind::hangup())?,
        })
    }
}

fn on_signal(
    node: &Rc<RefCell<Node>>,
    mut signal: tokio::signal::unix::Signal,
    act: impl Fn(&mut Node) + 'static,
) {
    let node = node.clone();
    spawn_local(async move {
        while signal.recv().await.is_some() {
            act(&mut node.borrow_mut());
        }
    });
}

/// Open to pass through for devices, which have their directories in it.
fn make_dir(path: &Path, key: &'static str) -> Result<(), Error> {
    let failed = |source: io::Error| Error::MakeDir {
        path: path.to_owned(),
        key,
        source,
    };
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(failed)?;
    let mode = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
    rustix::fs::chmod(path, mode).map_err(|e| failed(e.into()))
}

fn listen(path: &Path) -> Result<UnixListener, Error> {
    let failed = |source: io::Error| Error::Listen {
        path: path.to_owned(),
        source,
    };
    // The lock says that nobody else listens there.
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).map_err(failed)?;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP;
    rustix::fs::chmod(path, mode).map_err(|e| failed(e.into()))?;
    if let Some(gid) = Accounts::read()
        .group(SHARED_GROUP)
        .filter(|_| rustix::process::geteuid().is_root())
    {
        rustix::fs::chown(path, None, Some(Gid::from_raw(gid))).map_err(|e| failed(e.into()))?;
    }
    Ok(listener)
}

/// What a device's children leave behind becomes ours, so that we can end it.
fn become_subreaper() -> Result<(), Error> {
    let us = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(us)).map_err(|e| Error::System {
        what: "become the parent of orphans",
        source: e.into(),
    })
}

/// When memory runs out, Linux ends others first. Only root may ask for that, and devices get a place of their own.
fn outlive_devices() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "-900");
}

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

fn boot_id() -> String {
    let random = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
    format!("{random:016x}")
}
