use crate::realtime;
use std::fs;

/// Below the router, which must always be able to end a device that spins.
const PRIORITY: u8 = realtime::PRIORITY - 5;
/// When memory runs out Linux ends a device before the kernel, which then starts it again.
const FIRST_TO_GO: &str = "300";
/// Devices that carry keys go later.
const LATE_TO_GO: &str = "-300";

/// Always set, for the kernel's own place is inherited.
pub(super) fn set(realtime: bool) {
    let done = if realtime {
        realtime::enter(PRIORITY)
    } else {
        realtime::leave()
    };
    match done {
        Err(e) if realtime => {
            eprintln!("<warn> no real-time priority ({e}): keys may lag under load")
        }
        Err(e) => eprintln!(
            "<warn> cannot leave the kernel's real-time priority ({e}): it may hold up others"
        ),
        Ok(()) => {}
    }
    let place = if realtime { LATE_TO_GO } else { FIRST_TO_GO };
    // Only root may lower it; it is a wish.
    let _ = fs::write("/proc/self/oom_score_adj", place);
}
