use super::JailError;
use rustix::thread::CapabilitySet;
use seccompiler::{
    apply_filter, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::env::consts::ARCH;

/// What no device has any business with: the machine's mounts, modules, clocks and other processes, and doors into
/// Linux through which most escapes went.
const DENIED: [libc::c_long; 39] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_fsconfig,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_open_by_handle_at,
];

/// What `SYS_TIME` is for.
const CLOCKS: [libc::c_long; 4] = [
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
];

/// What `SYS_MODULE` is for.
const MODULES: [libc::c_long; 3] = [
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
];

/// Address families without a wire: between processes, and Linux's own news (udev).
const LOCAL_FAMILIES: [i32; 2] = [libc::AF_UNIX, libc::AF_NETLINK];

/// Refuses system calls that the device has no business with.
pub(super) fn confine(
    network: bool,
    powers: CapabilitySet,
    warn: &dyn Fn(String),
) -> Result<(), JailError> {
    let Ok(arch) = TargetArch::try_from(ARCH) else {
        warn(format!("system calls are not filtered on {ARCH}: devices are kept apart by users and modes alone"));
        return Ok(());
    };
    let program = program(network, powers, arch)
        .map_err(|e| JailError::step("filter its system calls", std::io::Error::other(e)))?;
    if let Err(e) = apply_filter(&program) {
        warn(format!(
            "this Linux filters no system calls (CONFIG_SECCOMP_FILTER): {e}"
        ));
    }
    Ok(())
}

/// What a power is for, where the configuration gives it.
fn is_lifted(number: libc::c_long, powers: CapabilitySet) -> bool {
    powers.contains(CapabilitySet::SYS_TIME) && CLOCKS.contains(&number)
        || powers.contains(CapabilitySet::SYS_MODULE) && MODULES.contains(&number)
}

fn program(
    network: bool,
    powers: CapabilitySet,
    arch: TargetArch,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DENIED
        .iter()
        .filter(|number| !is_lifted(**number, powers))
        .map(|number| (wide(*number), Vec::new()))
        .collect();
    if !network {
        rules.insert(wide(libc::SYS_socket), vec![foreign_family()?]);
    }
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)?.try_into()
}

/// Linux's `long` is narrower on 32-bit machines.
#[allow(clippy::useless_conversion)]
fn wide(number: libc::c_long) -> i64 {
    i64::from(number)
}

/// All conditions must hold for a call to be refused: it is none of the local families.
fn foreign_family() -> Result<SeccompRule, seccompiler::BackendError> {
    let other_than = |family: &i32| {
        SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Ne,
            u64::from(family.unsigned_abs()),
        )
    };
    SeccompRule::new(
        LOCAL_FAMILIES
            .iter()
            .map(other_than)
            .collect::<Result<_, _>>()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_compiles_with_and_without_network() {
        let arch = || TargetArch::try_from("aarch64").expect("known");
        let none = CapabilitySet::empty();
        let with = program(true, none, arch()).expect("compiles");
        let without = program(false, none, arch()).expect("compiles");
        assert!(without.len() > with.len() && with.len() > DENIED.len());
    }

    #[test]
    fn a_power_that_was_given_can_be_used() {
        let arch = || TargetArch::try_from("aarch64").expect("known");
        let none = program(true, CapabilitySet::empty(), arch()).expect("compiles");
        let clock = program(true, CapabilitySet::SYS_TIME, arch()).expect("compiles");
        assert!(clock.len() < none.len());
        assert!(CLOCKS
            .iter()
            .chain(&MODULES)
            .all(|one| DENIED.contains(one)));
    }
}
