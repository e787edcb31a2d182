//! A way to another node that breaks at the worst moment.

#![allow(clippy::unwrap_used)]

use super::node::Node;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;

/// What does not come over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The node is never asked.
    Request,
    /// The node has done it.
    Answer,
}

/// Breaks once, over the first request for `method`.
#[derive(Debug)]
pub struct Way {
    to: PathBuf,
    method: &'static str,
    lost: Lost,
    broke: AtomicBool,
}

impl Way {
    /// To `there`, which is the node `office` for `here`.
    pub fn open(here: &Node, there: &Node, method: &'static str, lost: Lost) -> Arc<Self> {
        let way = Arc::new(Self {
            to: there.path("run/kernel.sock"),
            method,
            lost,
            broke: AtomicBool::new(false),
        });
        let socket = here.path("run/peer/nodes/office.sock");
        fs::create_dir_all(socket.parent().unwrap()).unwrap();
        way.listen(&socket);
        way
    }

    fn listen(self: &Arc<Self>, socket: &Path) {
        let (listener, way) = (UnixListener::bind(socket).unwrap(), Arc::clone(self));
        thread::spawn(move || {
            for client in listener.incoming() {
                way.carry(&client.unwrap());
            }
        });
    }

    pub fn has_broken(&self) -> bool {
        self.broke.load(Ordering::SeqCst)
    }

    fn carry(self: &Arc<Self>, near: &UnixStream) {
        let far = UnixStream::connect(&self.to).unwrap();
        let ends = || (near.try_clone().unwrap(), far.try_clone().unwrap());
        let mutes = Arc::new(AtomicBool::new(false));
        let (way, (near, far), muted) = (Arc::clone(self), ends(), Arc::clone(&mutes));
        thread::spawn(move || way.requests(near, far, &muted));
        let (near, far) = ends();
        thread::spawn(move || answers(far, near, &mutes));
    }

    fn requests(&self, mut near: UnixStream, mut far: UnixStream, muted: &AtomicBool) {
        let mut chunk = [0; 65536];
        while let Ok(count @ 1..) = near.read(&mut chunk) {
            let asked = &chunk[..count];
            let mut parts = asked.windows(self.method.len());
            let breaks = parts.any(|part| part == self.method.as_bytes())
                && !self.broke.swap(true, Ordering::SeqCst);
            muted.fetch_or(breaks, Ordering::SeqCst);
            if breaks && self.lost == Lost::Request || far.write_all(asked).is_err() {
                break;
            }
        }
        if !muted.load(Ordering::SeqCst) || self.lost == Lost::Request {
            end(&near, &far);
        }
    }
}

fn answers(mut far: UnixStream, mut near: UnixStream, muted: &AtomicBool) {
    let mut chunk = [0; 65536];
    while let Ok(count @ 1..) = far.read(&mut chunk) {
        if muted.load(Ordering::SeqCst) || near.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    end(&near, &far);
}

fn end(near: &UnixStream, far: &UnixStream) {
    for stream in [near, far] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
