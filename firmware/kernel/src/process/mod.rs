//! Processes: started, signalled, buried. Nothing here waits.

mod descent;
mod orphans;
mod processor;
mod reap;
mod spawn;

pub(crate) use descent::{descent, Descent};
pub(crate) use orphans::kill_orphans;
pub(crate) use processor::Share;
pub(crate) use reap::{collect, collect_strangers, has_ended, signal_group};
pub(crate) use spawn::{find_program, spawn, Launch, Spawned};
