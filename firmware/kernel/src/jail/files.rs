use super::{JailError, JailOptions};
use landlock::{
    path_beneath_rules, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, ABI,
};

/// Programs, libraries, settings, and what Linux tells of the hardware.
const READ: [&str; 9] = [
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev",
];
/// Device nodes and pools, whose owners and modes say who may use them. Nobody may cut a file short there: a pool
/// that shrinks kills those who read it.
const WRITE: [&str; 1] = ["/dev"];
/// The newest that this was written for; an older Linux enforces what it knows.
const KNOWN: ABI = ABI::V5;

/// Leaves it the files that it needs.
pub(super) fn confine(options: &JailOptions, warn: &dyn Fn(String)) -> Result<(), JailError> {
    match apply(options) {
        Ok(RulesetStatus::NotEnforced) => {
            warn("this Linux has no landlock (CONFIG_SECURITY_LANDLOCK, lsm=landlock): devices are kept apart by users and modes alone".to_owned());
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(e) => Err(JailError::step(
            "confine its files (landlock)",
            std::io::Error::other(e),
        )),
    }
}

fn apply(options: &JailOptions) -> Result<RulesetStatus, RulesetError> {
    let (read, all) = (AccessFs::from_read(KNOWN), AccessFs::from_all(KNOWN));
    let nodes = (AccessFs::from_file(KNOWN) | read) & !AccessFs::Truncate;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(READ, read))?
        .add_rules(path_beneath_rules(&options.read, read))?
        .add_rules(path_beneath_rules(WRITE, nodes))?
        .add_rules(path_beneath_rules(&options.write, all))?
        .restrict_self()?;
    Ok(status.ruleset)
}
