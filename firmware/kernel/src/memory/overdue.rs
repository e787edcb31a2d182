//! Leases that are held too long.

use super::holders::Holders;
use super::lease::{Hold, Told, WARN_AFTER_MS};
use super::Holder;
use dkvm_wire::LeaseId;

/// A lease that a reader has held for long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// Who.
    pub holder: Holder,
    /// What.
    pub lease: LeaseId,
    /// Since when, as the checks saw it.
    pub held_ms: u64,
    /// What to do about it.
    pub action: OverdueAction,
}

/// What is to be done about a lease that is held too long. Each is said once per hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverdueAction {
    /// Write a line to the log.
    Log,
    /// Restart the holder: it has leaked the lease, or hangs.
    Restart,
}

/// Looks at one hold; its time begins with the first look.
pub(super) fn check(
    hold: &mut Hold,
    lease: LeaseId,
    holders: &Holders,
    now_ms: u64,
) -> Option<Overdue> {
    let since = *hold.since_ms.get_or_insert(now_ms);
    let held_ms = now_ms.saturating_sub(since);
    let (told, action) = judge(hold, held_ms)?;
    hold.told = told;
    Some(Overdue {
        holder: holders.name(hold.holder)?.clone(),
        lease,
        held_ms,
        action,
    })
}

fn judge(hold: &Hold, held_ms: u64) -> Option<(Told, OverdueAction)> {
    if held_ms >= hold.limit_ms() {
        return (hold.told < Told::TooLong).then_some((Told::TooLong, OverdueAction::Restart));
    }
    let slow = held_ms >= WARN_AFTER_MS && hold.locked_ms.is_none();
    (slow && hold.told < Told::Slow).then_some((Told::Slow, OverdueAction::Log))
}
