use crate::{
    beside::beside,
    connect::{self, Connection},
    fault::{self, Fault},
    identity::Identity,
    link::Link,
    reader, ConnectError,
};
use dkvm_wire::ExitCode;
use rustix::{
    event::{poll, PollFd, PollFlags},
    io::Errno,
    mm::{mlockall, MlockAllFlags},
};
use std::{future::Future, os::fd::OwnedFd, panic, process, thread, time::Duration};
use tokio::runtime::Builder;

/// A device that is still there so long after the end of its input is ended: nobody can hear it any more.
const GRACE_WITHOUT_KERNEL: Duration = Duration::from_secs(2);

/// A device's `main`: shakes hands, runs `run` on a tokio current_thread runtime, and gives the exit code.
///
/// Call it first thing in the process, while there is one thread.
pub fn main<F, Fut, E>(identity: Identity, run: F) -> i32
where
    F: FnOnce(Link) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<Fault>,
{
    report_panics();
    lock_memory();
    match take_and_shake(identity) {
        Ok(connection) => {
            outlive_no_kernel(&connection);
            execute(connection, run)
        }
        Err(error) => fault::finish(Err(error)),
    }
}

/// The same over any two descriptors, and without [`main`]'s grip on the whole process: for a device
/// in a thread of a test.
pub fn main_over<F, Fut, E>(input: OwnedFd, output: OwnedFd, identity: Identity, run: F) -> i32
where
    F: FnOnce(Link) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<Fault>,
{
    match connect::shake_hands(input, output, identity) {
        Ok(connection) => execute(connection, run),
        Err(error) => fault::finish(Err(error)),
    }
}

fn execute<F, Fut, E>(connection: Connection, run: F) -> i32
where
    F: FnOnce(Link) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Into<Fault>,
{
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fault::finish(Err(ConnectError::Stdio(error))),
    };
    let result = runtime.block_on(async {
        let (shared, reading) = reader::beside_main(connection);
        let answered = shared.pending.answered();
        let main = run(Link::new(shared));
        beside(reading.run(), main, || answered.take()).await
    });
    // Blocking work of the device that is still under way must not hold up its end.
    runtime.shutdown_background();
    fault::finish(result)
}

/// For a device that the configuration calls `realtime`: what it has touched stays in memory. The jail cannot do it,
/// because locks end at exec.
fn lock_memory() {
    if std::env::var_os("DKVM_REALTIME").is_none() {
        return;
    }
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    if let Err(error) = mlockall(flags) {
        crate::warn!("memory is not locked ({error}): this device may lag when memory is short");
    }
}

fn take_and_shake(identity: Identity) -> Result<Connection, ConnectError> {
    let (input, output) = connect::take_stdio()?;
    connect::shake_hands(input, output, identity)
}

/// A device that hangs when its kernel goes must not stay as an orphan that holds the hardware: a thread
/// waits, asleep, for the other end of the input to close.
fn outlive_no_kernel(connection: &Connection) {
    let Ok(input) = connection.input.try_clone() else {
        return;
    };
    thread::spawn(move || {
        // Asked for nothing, poll tells only of the end.
        while let Err(Errno::INTR) = poll(&mut [PollFd::new(&input, PollFlags::empty())], None) {}
        thread::sleep(GRACE_WITHOUT_KERNEL);
        process::exit(ExitCode::Done.code());
    });
}

/// A panic is one line of the log, and the end of the process: half a device is worse than a new one.
fn report_panics() {
    panic::set_hook(Box::new(|info| {
        crate::error!("fault in this device: {info}");
        process::exit(ExitCode::Internal.code());
    }));
}
