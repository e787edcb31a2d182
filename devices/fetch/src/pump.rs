//! A body, read on a thread of its own: whoever waits for its bytes can look up meanwhile, however slowly they come.

use std::{
    io::{self, Read},
    sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender, TryRecvError},
    thread,
    time::Duration,
};

/// Most bytes that are read at once.
const PIECE: usize = 32 * 1024;
/// Pieces that wait: enough for the library's own pauses, little memory.
const AHEAD: usize = 8;
/// So often whoever waits looks up.
pub const LOOK: Duration = Duration::from_millis(100);

/// Bytes on their way. Dropped, its thread ends at the next byte, or when the server was silent for too long.
pub struct Pump {
    pieces: Receiver<io::Result<Vec<u8>>>,
    rest: Vec<u8>,
    broken: Option<io::Error>,
}

impl Pump {
    /// Begins to read.
    pub fn start(body: Box<dyn Read + Send>) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(AHEAD);
        let thread = thread::Builder::new().name("body".into());
        thread.spawn(move || pump(body, &sender))?;
        Ok(Self {
            pieces,
            rest: Vec::new(),
            broken: None,
        })
    }

    /// What is there, at most so much: waits for the first byte of it, as long as `goes_on`. Nothing at the body's end, or when
    /// it does not go on.
    pub fn next(&mut self, most: usize, goes_on: impl Fn() -> bool) -> io::Result<Vec<u8>> {
        while self.rest.is_empty() && goes_on() {
            if let Some(error) = self.broken.take() {
                return Err(error);
            }
            match self.pieces.recv_timeout(LOOK) {
                Ok(piece) => self.take(piece),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.gather(most);
        let rest = self.rest.split_off(most.min(self.rest.len()));
        Ok(std::mem::replace(&mut self.rest, rest))
    }

    fn gather(&mut self, most: usize) {
        while self.rest.len() < most && self.broken.is_none() {
            match self.pieces.try_recv() {
                Ok(piece) => self.take(piece),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, piece: io::Result<Vec<u8>>) {
        match piece {
            Ok(piece) => self.rest.extend(piece),
            Err(error) => self.broken = Some(error),
        }
    }
}

fn pump(mut body: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let (piece, last) = match body.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                piece.truncate(count);
                (Ok(piece), false)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => (Err(error), true),
        };
        if sender.send(piece).is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    struct Breaks(usize);

    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.min(buffer.len());
            self.0 -= count;
            match count {
                0 => Err(io::Error::other("cut")),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn what_came_before_a_break_is_kept() {
        let mut pump = Pump::start(Box::new(Breaks(100_000))).unwrap();
        let mut length = 0;
        while length < 100_000 {
            let piece = pump.next(7000, || true).unwrap();
            assert!((1..=7000).contains(&piece.len()));
            length += piece.len();
        }
        assert_eq!(pump.next(7000, || true).unwrap_err().to_string(), "cut");
        let mut pump = Pump::start(Box::new(io::empty())).unwrap();
        assert!(pump.next(7000, || true).unwrap().is_empty());
    }

    #[test]
    fn who_waits_for_a_silent_server_looks_up() {
        struct Silent(std::sync::mpsc::Receiver<()>);
        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(0)
            }
        }
        let (speaks, silent) = std::sync::mpsc::channel();
        let mut pump = Pump::start(Box::new(Silent(silent))).unwrap();
        let looks = Cell::new(0);
        let goes_on = || {
            looks.set(looks.get() + 1);
            looks.get() < 4
        };
        assert!(pump.next(10, goes_on).unwrap().is_empty());
        assert_eq!(looks.get(), 4);
        drop(speaks);
    }
}
