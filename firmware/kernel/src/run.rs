use crate::boot_info;
use crate::clock::Clock;
use crate::config::{Chosen, KernelConfig, LastResort, Source};
use crate::death::{Deaths, Store};
use crate::error::Error;
use crate::health::{Lives, Minute};
use crate::kept;
use crate::lock::Lock;
use crate::log::Output;
use crate::machine::{Machine, Real};
use crate::memory::{remove_stale, MemoryManager, ShmDir};
use crate::mode::Mode;
use crate::node::{accept_clients, hear, keep_time, Force, Host, Keeping, Node, Parts};
use crate::places::{listen, make_dirs};
use dkvm_wire::service::{BootInfo, ConfigOrigin, RestartHow};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::net::UnixListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{spawn_local, LocalSet};

/// How a kernel is started.
#[derive(Debug)]
pub struct Options {
    /// The configuration.
    pub source: Source,
    /// What the start of the machine found: the file of `dkvm boot`, if there was one.
    pub boot_info: PathBuf,
    /// The program whose `jail` command is used: `dkvm`.
    pub jail: PathBuf,
    /// The machine that may be restarted.
    pub machine: Rc<dyn Machine>,
}

/// Runs the kernel until it is told to end, with the configuration that `source` gives.
pub fn run(source: Source) -> Result<(), Error> {
    let jail = std::env::current_exe().map_err(|source| Error::System {
        what: "find the program dkvm",
        source,
    })?;
    run_with(Options {
        source,
        boot_info: boot_info::PATH.into(),
        jail,
        machine: Rc::new(Real::new()),
    })
}

/// The same, with other files and another machine.
pub fn run_with(options: Options) -> Result<(), Error> {
    let info = boot_info::read(&options.boot_info);
    let last = match &info.image {
        Some(_) => LastResort::BuiltIn,
        None => LastResort::None,
    };
    let chosen = options.source.choose(last).map_err(Error::Config)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "start the event loop",
        source,
    })?;
    let tasks = LocalSet::new();
    let machine = options.machine.clone();
    let ended = tasks.block_on(&runtime, serve(options, info, chosen))?;
    // The node goes with its tasks, and what it had to write is written.
    drop(tasks);
    drop(runtime);
    match ended {
        Ended::Kernel => Ok(()),
        Ended::Machine(how, data) => Err(Error::Restart(machine.restart(how, &data))),
    }
}

/// What has come to its end.
enum Ended {
    Kernel,
    /// How it goes on, and where what is to be kept lies.
    Machine(RestartHow, PathBuf),
}

async fn serve(options: Options, info: BootInfo, chosen: Chosen) -> Result<Ended, Error> {
    let clock = Clock::start();
    let owners = owners(&options.source);
    let (source, chosen) = with_dirs(options.source, chosen)?;
    let kernel = chosen.config.kernel.clone();
    let _lock = Lock::take(&kernel.run_dir)?;
    let lives = Lives::begin(&kernel.run_dir);
    let mode = Mode::decide(&kernel, &lives, &info, &*options.machine);
    let (source, chosen) = for_mode(&mode, source, chosen);
    let kernel = chosen.config.kernel.clone();
    remove_stale(&kernel.shm_dir)?;
    let boot = boot_id();
    let shm = ShmDir::create(&kernel.shm_dir, &boot)?;
    let store = Store::new(&kernel.state_dir);
    let deaths = Deaths::new(store.load());
    let output = write_log(&kernel.run_dir, store)?;
    let listener = listen(&kernel.socket())?;
    become_subreaper()?;
    outlive_devices();
    let signals = Signals::new()?;
    let memory = MemoryManager::new(shm.path().to_owned(), chosen.config.memory_budget);
    let force = Force::of(&owners, &chosen.config);
    let (keeping, reports) = keep(owners, force)?;
    let found = keeping.found();
    let node = Node::start(Parts {
        source,
        config: chosen.config,
        host: Host {
            info,
            mode,
            machine: options.machine.clone(),
            config_notice: chosen.notice.or(found),
            minute: Minute::default(),
        },
        clock,
        boot,
        name: kernel.node.clone().unwrap_or_else(host_name),
        memory,
        output,
        deaths,
        jail: options.jail,
        keeping,
    });
    if kernel.realtime {
        node.borrow_mut().go_realtime();
    }
    let done = node.borrow().done.clone();
    spawn_local(hear(node.clone(), reports));
    start_tasks(&node, listener, signals);
    done.notified().await;
    let _ = std::fs::remove_file(kernel.socket());
    node.borrow_mut().disarm_watchdog();
    let restart = node.borrow().restart();
    restart.inspect(|how| options.machine.insist(*how));
    // Pools before their directory.
    drop(node);
    drop(shm);
    lives.end();
    Ok(restart.map_or(Ended::Kernel, |how| Ended::Machine(how, kernel.state_dir)))
}

/// The file that is written when a configuration is applied, and what is told of it.
fn owners(source: &Source) -> (PathBuf, ConfigOrigin) {
    let origin = match source {
        Source::File(_) => ConfigOrigin::File,
        Source::OwnersOrImages { .. } => ConfigOrigin::Owner,
    };
    (source.owners().to_owned(), origin)
}

fn write_log(run_dir: &Path, store: Store) -> Result<Output, Error> {
    Output::start(run_dir.join("kernel.log"), store).map_err(|source| Error::System {
        what: "start the log's thread",
        source,
    })
}

/// Called under the lock: nobody else has a configuration on trial there.
fn keep(
    owners: (PathBuf, ConfigOrigin),
    force: Force,
) -> Result<(Keeping, UnboundedReceiver<kept::Report>), Error> {
    let (store, ended) = kept::Store::open(kept::Real, owners.0.clone());
    let history = store.history();
    let (worker, reports) = kept::Worker::start(store).map_err(|source| Error::System {
        what: "start the configuration's thread",
        source,
    })?;
    let keeping = Keeping::new(force, owners, worker, (history, ended));
    Ok((keeping, reports))
}

/// Where the owner's directories cannot be used, the kernel could never tell anybody: then the image's are, with all that is there.
fn with_dirs(source: Source, chosen: Chosen) -> Result<(Source, Chosen), Error> {
    let Err(why) = make_dirs(&chosen.config.kernel) else {
        return Ok((source, chosen));
    };
    let images = source.images();
    match images.choose(LastResort::None) {
        Ok(mut other) if images != source => {
            make_dirs(&other.config.kernel)?;
            other.notice = Some(format!(
                "The configuration cannot be used, and that of the image is: {why}. Correct it (`dkvm config edit`), then `dkvm reboot`."
            ));
            Ok((images, other))
        }
        _ => Err(why),
    }
}

/// In safe mode nothing of the owner's configuration is used: it may be what made the kernel fail.
fn for_mode(mode: &Mode, source: Source, chosen: Chosen) -> (Source, Chosen) {
    if !matches!(mode, Mode::Safe(_)) {
        return (source, chosen);
    }
    let images = source.images();
    match images.choose(LastResort::None) {
        Ok(mut other) => {
            let used = chosen.config.kernel;
            // Both directories are in use already; by its name people know the node.
            other.config.kernel = KernelConfig {
                run_dir: used.run_dir,
                state_dir: used.state_dir,
                node: used.node,
                ..other.config.kernel
            };
            (images, other)
        }
        Err(_) => (source, chosen),
    }
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
    on_signal(node, hup, Node::on_hangup);
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
