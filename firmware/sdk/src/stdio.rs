use rustix::{
    fs::{Mode, OFlags},
    io::fcntl_dupfd_cloexec,
    stdio,
};
use std::os::fd::OwnedFd;

/// Private descriptors begin above the standard three.
const FIRST_PRIVATE_FD: i32 = 3;

/// Takes the protocol's two pipes away from fds 0 and 1, so that nothing else reads or prints on them:
/// afterwards a library's `printf` is a log line on stderr, and reading stdin gives the end of file.
///
/// The private descriptors are close-on-exec: a child of the device cannot keep the connection open.
pub(crate) fn take() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let input = fcntl_dupfd_cloexec(stdio::stdin(), FIRST_PRIVATE_FD)?;
    let output = fcntl_dupfd_cloexec(stdio::stdout(), FIRST_PRIVATE_FD)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    stdio::dup2_stdin(&null)?;
    stdio::dup2_stdout(stdio::stderr())?;
    Ok((input, output))
}
