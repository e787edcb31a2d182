use crate::supervise::{Exit, Signal};
use rustix::process::{
    kill_process_group, wait, waitid, waitpid, Pid, Signal as LinuxSignal, WaitId, WaitIdOptions,
    WaitOptions, WaitStatus,
};

/// Children of strangers that are collected in one turn: a device that makes more gets the rest collected later.
const STRANGERS_MOST: usize = 1024;

/// Whether it has ended and waits to be collected. Until then its number, and its group's, cannot mean another process.
pub(crate) fn has_ended(pid: u32) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    pid_of(pid).is_some_and(|pid| matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_))))
}

/// Takes its end off Linux's list.
pub(crate) fn collect(pid: u32) -> Option<Exit> {
    let (_, status) = waitpid(Some(pid_of(pid)?), WaitOptions::NOHANG).ok()??;
    Some(exit_of(status))
}

/// Collects the ends of processes that devices left behind; returns those of `known` that slipped in between.
pub(crate) fn collect_strangers(known: &[u32]) -> Vec<(u32, Exit)> {
    let mut slipped = Vec::new();
    for _ in 0..STRANGERS_MOST {
        // Of any group: those of a device have its own.
        let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) else {
            break;
        };
        let pid = pid.as_raw_nonzero().get().unsigned_abs();
        if known.contains(&pid) {
            slipped.push((pid, exit_of(status)));
        }
    }
    slipped
}

/// To the device and to all that it started in its group. It is the leader of its group, so both have one number.
pub(crate) fn signal_group(pid: u32, signal: Signal) {
    let signal = match signal {
        Signal::Term => LinuxSignal::TERM,
        Signal::Kill => LinuxSignal::KILL,
    };
    if let Some(pid) = pid_of(pid) {
        // It may have ended meanwhile: then there is nothing to do.
        let _ = kill_process_group(pid, signal);
    }
}

pub(super) fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}
