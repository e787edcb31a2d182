//! reboot(2). The form with an argument, which the Pi's firmware reads, is in no safe wrapper.

#![allow(unsafe_code)]

use dkvm_wire::service::RestartHow;
use rustix::system::RebootCommand;
use std::ffi::CStr;
use std::io;

/// The firmware boots the partition under `[tryboot]` in autoboot.txt, once.
const TRYBOOT: &CStr = c"0 tryboot";

/// Comes back only when Linux refused.
pub(super) fn reboot(how: RestartHow) -> io::Error {
    let refused = match how {
        RestartHow::Restart => rustix::system::reboot(RebootCommand::Restart).map_err(Into::into),
        RestartHow::PowerOff => rustix::system::reboot(RebootCommand::PowerOff).map_err(Into::into),
        RestartHow::Trial => restart_with(TRYBOOT),
    };
    refused
        .err()
        .unwrap_or_else(|| io::Error::other("Linux came back from reboot(2)"))
}

fn restart_with(argument: &CStr) -> io::Result<()> {
    // SAFETY: reboot(2) reads the string at its fourth argument, which lives and ends with a zero; it writes nothing.
    let code = unsafe {
        libc::syscall(
            libc::SYS_reboot,
            libc::LINUX_REBOOT_MAGIC1,
            libc::LINUX_REBOOT_MAGIC2,
            libc::LINUX_REBOOT_CMD_RESTART2,
            argument.as_ptr(),
        )
    };
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
