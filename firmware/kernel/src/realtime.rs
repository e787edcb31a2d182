//! Real-time priority, for those who carry keys: encoding at full load must not be felt in them.

use thread_priority::{
    set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
};

/// Above all ordinary work, below what Linux itself runs at 50 (interrupt threads).
pub(crate) const PRIORITY: u8 = 20;

/// Gives the calling thread a place before all ordinary ones. The error is a sentence.
pub(crate) fn enter(priority: u8) -> Result<(), String> {
    let value = ThreadPriorityValue::try_from(priority).map_err(|e| e.to_string())?;
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(value),
        policy,
    )
    .map_err(|e| format!("{e:?}"))
}

/// Back among the ordinary ones, for what a real-time thread has started. It changes the nice value too.
pub(crate) fn leave() -> Result<(), String> {
    if !matches!(
        thread_schedule_policy(),
        Ok(ThreadSchedulePolicy::Realtime(_))
    ) {
        return Ok(());
    }
    let policy = ThreadSchedulePolicy::Normal(thread_priority::NormalThreadSchedulePolicy::Other);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy)
        .map_err(|e| format!("{e:?}"))
}
