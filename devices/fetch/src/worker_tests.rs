//! The worker with a server and a library in memory.

use super::*;
use dkvm_wire::ErrorCode;
use std::{cell::RefCell, collections::BTreeMap, io::Cursor, rc::Rc};

const FILE: &[u8] = b"0123456789abcdefghij";

/// What happened, and what is to happen.
#[derive(Default)]
struct World {
    /// Where answers began.
    asked: Vec<u64>,
    /// Each answer's tag, bytes and how many of these come; the last holds for all that follow.
    answers: Vec<(&'static str, &'static [u8], usize)>,
    uploads: BTreeMap<String, Vec<u8>>,
    aborted: usize,
    /// What a finish answers first.
    refusals: Vec<WireError>,
    finished: Option<Vec<u8>>,
}

#[derive(Clone, Default)]
struct Stage(Rc<RefCell<World>>);

struct Stored {
    stage: Stage,
    id: String,
    next: u64,
}

impl Origin for Stage {
    fn open(&self, _: &str, from: u64, _: &str) -> Result<Opened, OpenError> {
        let mut world = self.0.borrow_mut();
        world.asked.push(from);
        let (tag, file, comes) = match world.answers.len() {
            1 => world.answers[0],
            _ => world.answers.remove(0),
        };
        let at = usize::try_from(from).unwrap();
        if at > 0 && at >= file.len() {
            return Err(OpenError::Beyond("416".into()));
        }
        let end = file.len().min(at + comes);
        Ok(Opened {
            size: file.len() as u64,
            from,
            tag: tag.into(),
            body: Box::new(Cursor::new(&file[at..end])),
        })
    }
}

impl Shelf for Stage {
    type Upload = Stored;

    fn begin(&self, begin: &PutBegin) -> Result<Stored, WireError> {
        let id = format!("{} {} {:?}", begin.size, begin.tag, begin.sha256);
        let mut world = self.0.borrow_mut();
        let next = world.uploads.entry(id.clone()).or_default().len() as u64;
        Ok(Stored {
            stage: self.clone(),
            id,
            next,
        })
    }

    fn abort(&self, id: &str) -> Result<(), WireError> {
        let mut world = self.0.borrow_mut();
        world.aborted += 1;
        world.uploads.remove(id);
        Ok(())
    }
}

impl Upload for Stored {
    fn id(&self) -> &str {
        &self.id
    }

    fn next(&self) -> u64 {
        self.next
    }

    fn write(&mut self, data: Vec<u8>) -> Result<(), WireError> {
        self.next += data.len() as u64;
        let mut world = self.stage.0.borrow_mut();
        world.uploads.get_mut(&self.id).unwrap().extend(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WireError> {
        Ok(())
    }

    fn finish(&mut self, _: Option<&str>) -> Result<Finished, WireError> {
        let mut world = self.stage.0.borrow_mut();
        if let Some(error) = world.refusals.pop() {
            return Err(error);
        }
        world.finished = Some(world.uploads[&self.id].clone());
        Ok(Finished {
            name: "x".into(),
            sha256: "h".into(),
        })
    }
}

/// Fetches; returns how it ended.
fn fetch(stage: &Stage, sha256: Option<&str>) -> Result<Finished, Trouble> {
    let ended = Rc::new(RefCell::new(None));
    let tell = ended.clone();
    let worker = Worker {
        origin: stage.clone(),
        library: stage.clone(),
        source: Source {
            url: "https://a.b/x".into(),
            image: "x".into(),
            sha256: sha256.map(str::to_owned),
        },
        resumed: Resumed::No,
        stop: Stop::default(),
        tell: move |news| {
            if let News::Ended(result) = news {
                *tell.borrow_mut() = Some(result);
            }
        },
    };
    worker.run();
    let result = ended.borrow_mut().take();
    result.unwrap()
}

fn stage(answers: &[(&'static str, &'static [u8], usize)]) -> Stage {
    let stage = Stage::default();
    stage.0.borrow_mut().answers = answers.to_vec();
    stage
}

#[test]
fn a_break_is_gone_on_with_where_it_was() {
    let stage = stage(&[("\"a\"", FILE, 7), ("\"a\"", FILE, 100)]);
    assert!(fetch(&stage, None).is_ok());
    let world = stage.0.borrow();
    assert_eq!(world.asked, [0, 7]);
    assert_eq!(world.finished.as_deref(), Some(FILE));
}

#[test]
fn what_is_there_already_is_finished_without_a_byte_more() {
    let stage = stage(&[("\"a\"", FILE, 100)]);
    let died = WireError::new(ErrorCode::Unavailable, "storage is not running now");
    stage.0.borrow_mut().refusals = vec![died];
    // The library dies while it reads back.
    assert!(fetch(&stage, None).is_ok());
    assert_eq!(stage.0.borrow().asked, [0]);
    // Another life of this device, or the same address again.
    assert!(fetch(&stage, None).is_ok());
    assert_eq!(stage.0.borrow().asked, [0, 0]);
}

#[test]
fn a_file_that_became_shorter_is_fetched_anew() {
    let stage = stage(&[("\"a\"", FILE, 7), ("\"b\"", b"short", 100)]);
    assert!(fetch(&stage, None).is_ok());
    let world = stage.0.borrow();
    assert_eq!(world.asked, [0, 7, 0]);
    assert_eq!(world.finished.as_deref(), Some(&b"short"[..]));
    assert_eq!((world.aborted, world.uploads.len()), (1, 1));
}

#[test]
fn two_versions_are_never_put_together() {
    const OTHER: &[u8] = b"ABCDEFGHIJKLMNOPQRST";
    let stage = stage(&[("\"a\"", FILE, 7), ("\"b\"", OTHER, 100)]);
    assert!(fetch(&stage, None).is_ok());
    let world = stage.0.borrow();
    assert_eq!(world.finished.as_deref(), Some(OTHER));
    assert_eq!((world.aborted, world.uploads.len()), (1, 1));
}

#[test]
fn a_server_that_names_no_version_is_asked_from_the_beginning() {
    let stage = stage(&[("", FILE, 7), ("", FILE, 100)]);
    assert!(fetch(&stage, None).is_ok());
    assert_eq!(stage.0.borrow().asked, [0, 0]);
    assert_eq!(stage.0.borrow().finished.as_deref(), Some(FILE));
}

#[test]
fn with_a_hash_any_mirror_goes_on() {
    let stage = stage(&[("\"a\"", FILE, 7), ("", FILE, 100)]);
    assert!(fetch(&stage, Some("h")).is_ok());
    assert_eq!(stage.0.borrow().asked, [0, 7]);
    assert_eq!(stage.0.borrow().finished.as_deref(), Some(FILE));
}

#[test]
fn what_a_person_must_mend_is_not_tried_again() {
    let stage = stage(&[("\"a\"", FILE, 100)]);
    let mut full = WireError::new(ErrorCode::Exhausted, "no room");
    full.retryable = false;
    stage.0.borrow_mut().refusals = vec![full];
    assert_eq!(fetch(&stage, None), Err(Trouble::Never("no room".into())));
}
