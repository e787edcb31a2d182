use crate::{
    connect::{self, Connection},
    exit,
    identity::Identity,
    link::Link,
    reader, stdio, ConnectError, Exit,
};
use dkvm_wire::ExitCode;
use std::{
    fmt::Display, future::Future, io, os::fd::OwnedFd, panic, process, thread, time::Duration,
};
use tokio::runtime::Builder;

/// A device that is still there so long after the end of its input is ended: nobody can hear it any more.
const GRACE_WITHOUT_KERNEL: Duration = Duration::from_millis(500);

/// A device's `main`: shakes hands, runs `run` on a tokio current_thread runtime, and gives the exit code.
///
/// Call it first thing in the process, while there is one thread.
pub fn main<F, Fut, E>(identity: Identity, run: F) -> i32
where
    F: FnOnce(Link) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Exit + Display,
{
    report_panics();
    match take_and_shake(identity) {
        Ok(connection) => execute(connection, leave_soon, run),
        Err(error) => exit::finish(Err(error)),
    }
}

/// The same over any two descriptors, and without [`main`]'s grip on the whole process: for a device
/// in a thread of a test.
pub fn main_over<F, Fut, E>(input: OwnedFd, output: OwnedFd, identity: Identity, run: F) -> i32
where
    F: FnOnce(Link) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Exit + Display,
{
    match connect::shake_hands(input, output, identity) {
        Ok(connection) => execute(connection, || {}, run),
        Err(error) => exit::finish(Err(error)),
    }
}

fn execute<F, Fut, E>(connection: Connection, at_end: fn(), run: F) -> i32
where
    F: FnOnce(Link) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Exit + Display,
{
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::finish(Err(ConnectError::Stdio(error))),
    };
    let result =
        runtime.block_on(async { run(Link::new(reader::in_task(connection, at_end))).await });
    // Blocking work of the device that is still under way must not hold up its end.
    runtime.shutdown_background();
    exit::finish(result)
}

fn take_and_shake(identity: Identity) -> Result<Connection, ConnectError> {
    let (input, output) =
        stdio::take().map_err(|error| ConnectError::Stdio(io::Error::from(error)))?;
    connect::shake_hands(input, output, identity)
}

/// The kernel is gone, or has said goodbye and closed: a device that hangs now must not stay as an orphan.
fn leave_soon() {
    thread::spawn(|| {
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
