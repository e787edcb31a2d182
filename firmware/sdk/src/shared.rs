use crate::{frames::Grants, intake::Inbound, pending::Pending, writer::Writer};
use dkvm_wire::Welcome;
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, channel::Channel};
use std::sync::atomic::{AtomicBool, Ordering};

/// Messages read ahead of the device's loop. More stay in the pipe, and then in the kernel's queues,
/// which know by topic what to do with a slow reader. Answers to calls come through the same pipe, so this
/// must hold what may arrive while a loop awaits a call.
const INBOX: usize = 256;

pub(crate) type Inbox = Channel<CriticalSectionRawMutex, Inbound, INBOX>;

/// What the link, its senders, leases and pools have in common.
pub(crate) struct Shared {
    pub(crate) writer: Writer,
    pub(crate) pending: Pending,
    pub(crate) inbox: Inbox,
    pub(crate) grants: Grants,
    pub(crate) welcome: Welcome,
    deaf: AtomicBool,
}

impl Shared {
    pub(crate) fn new(writer: Writer, welcome: Welcome) -> Self {
        Self {
            writer,
            pending: Pending::default(),
            inbox: Inbox::new(),
            grants: Grants::default(),
            welcome,
            deaf: AtomicBool::new(false),
        }
    }

    /// The link is gone: what still comes is for nobody.
    pub(crate) fn stop_listening(&self) {
        self.deaf.store(true, Ordering::Relaxed);
        self.inbox.clear();
    }

    pub(crate) fn is_listening(&self) -> bool {
        !self.deaf.load(Ordering::Relaxed)
    }
}
