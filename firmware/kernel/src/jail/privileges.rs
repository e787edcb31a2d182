use super::{Identity, JailError, JailOptions};
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;
use rustix::thread::{
    capabilities, clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid, CapabilitySet, CapabilitySets,
};

/// What configfs, and giving device nodes to other devices, takes of root.
const ROOT_KEEPS: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER);
/// A page on port 443.
const NETWORK_KEEPS: CapabilitySet = CapabilitySet::NET_BIND_SERVICE;
/// Linux has 41 capabilities so far; beyond the last it says so.
const CAPABILITIES_MOST: u32 = 63;

/// The powers that the user, the network and the configuration give.
pub(super) fn kept(options: &JailOptions) -> CapabilitySet {
    let root = options
        .identity
        .as_ref()
        .is_some_and(|identity| identity.uid == 0);
    let usual = match (root, options.network) {
        (true, _) => ROOT_KEEPS,
        (false, true) => NETWORK_KEEPS,
        (false, false) => CapabilitySet::empty(),
    };
    usual | CapabilitySet::from_bits_truncate(options.capabilities)
}

/// Becomes the user, and drops every power but those to keep.
pub(super) fn give_up(identity: &Identity, keep: CapabilitySet) -> Result<(), JailError> {
    narrow_bounds(keep)?;
    set_keep_capabilities(true).map_err(|e| JailError::step("keep its few powers", e))?;
    become_user(identity)?;
    let sets = CapabilitySets {
        effective: keep,
        permitted: keep,
        inheritable: keep,
    };
    set_capabilities(None, sets).map_err(|e| JailError::step("drop the powers of root", e))?;
    // Gone with the next exec but for the ambient ones.
    let _ = clear_ambient_capability_set();
    if identity.uid != 0 {
        for one in keep.iter() {
            configure_capability_in_ambient_set(one, true)
                .map_err(|e| JailError::step("keep its few powers", e))?;
        }
    }
    Ok(())
}

fn narrow_bounds(keep: CapabilitySet) -> Result<(), JailError> {
    let held = capabilities(None).map_err(|e| JailError::step("look at its powers", e))?;
    if !held.effective.contains(CapabilitySet::SETPCAP) {
        return Ok(());
    }
    for number in 0..CAPABILITIES_MOST {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if keep.contains(one) {
            continue;
        }
        match remove_capability_from_bounding_set(one) {
            Ok(()) => {}
            Err(Errno::INVAL) => break,
            Err(e) => return Err(JailError::step("drop the powers of root", e)),
        }
    }
    Ok(())
}

fn become_user(identity: &Identity) -> Result<(), JailError> {
    let groups: Vec<_> = identity
        .groups
        .iter()
        .map(|gid| Gid::from_raw(*gid))
        .collect();
    let (uid, gid) = (Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
    set_thread_groups(&groups).map_err(|e| JailError::step("set its groups", e))?;
    set_thread_res_gid(gid, gid, gid).map_err(|e| JailError::step("set its group", e))?;
    set_thread_res_uid(uid, uid, uid).map_err(|e| JailError::step("set its user", e))
}
