//! The device as a process, with a mass storage function of plain files.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    topics,
    vocab::{
        gadget::{FunctionInfo, GadgetState, UsbState},
        storage::{
            methods, Access, Attach, Drive, Eject, Finished, ImageRef, Medium, PutAt, PutBegin,
            PutChunk, PutFinish, PutRef, Rename, StorageState, MAX_CHUNK,
        },
    },
    ErrorCode, WireError,
};
use serde_json::{json, Value};
use std::{fs, path::PathBuf};

struct Node {
    folder: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["state", "run", "usb/lun.0", "usb/lun.1"] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        let node = Self { folder };
        node.unplug();
        node
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new binding has empty drives.
    fn unplug(&self) {
        for lun in 0..2 {
            fs::write(self.path(&format!("usb/lun.{lun}/file")), "").expect("a file");
        }
    }

    fn attribute(&self, lun: u32, name: &str) -> String {
        let path = self.path(&format!("usb/lun.{lun}/{name}"));
        fs::read_to_string(path).unwrap_or_default()
    }

    fn start_with(&self, config: Value) -> Result<FakeKernel, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-storage"))
            .env("DKVM_RUN_DIR", self.path("run"))
            .env("DKVM_STATE_DIR", self.path("state"));
        let mut kernel = FakeKernel::start(launch, Setup::new("storage").config(config))?;
        kernel.ready()?;
        Ok(kernel)
    }

    fn start(&self) -> Result<FakeKernel, Failure> {
        self.start_with(json!({ "in_memory": "allow", "reserve_mib": 0 }))
    }

    fn bound(&self, binding: u32, functions: &[&str]) -> GadgetState {
        let function = |name: &&str| FunctionInfo {
            name: (*name).to_owned(),
            device: self.path("usb").display().to_string(),
            traits: Vec::new(),
        };
        GadgetState {
            state: UsbState::Configured,
            udc: "dummy".into(),
            speed: "high-speed".into(),
            binding,
            functions: functions.iter().map(function).collect(),
            profile: "install".into(),
            profiles: Vec::new(),
        }
    }

    /// With its drives bound, and all that follows from it done.
    fn bind(&self, kernel: &mut FakeKernel, binding: u32) -> Result<(), Failure> {
        kernel.emit(
            "gadget",
            topics::GADGET_STATE,
            &self.bound(binding, &["storage"]),
        )?;
        kernel.expect_that(topics::STORAGE_STATE, |s: &StorageState| s.luns.len() == 2)?;
        Ok(())
    }

    fn image(&self, name: &str) -> Vec<u8> {
        fs::read(self.path("state/images").join(name)).expect("an image")
    }

    fn put_there(&self, name: &str, bytes: &[u8]) {
        let folder = self.path("state/images");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), bytes).expect("an image");
    }
}

fn state(kernel: &mut FakeKernel) -> Result<StorageState, Failure> {
    kernel.call(methods::GET, &Nothing {})
}

fn begin(name: &str, size: u64) -> PutBegin {
    PutBegin {
        name: name.into(),
        size,
        sha256: None,
        tag: String::new(),
        onto: None,
    }
}

/// Bytes that are nowhere the same.
fn bytes(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..size).map(next).collect()
}

fn write(kernel: &mut FakeKernel, at: &PutAt, data: &[u8]) -> Result<PutAt, Failure> {
    let chunk = PutChunk {
        id: at.id.clone(),
        offset: at.offset,
        data: data.to_vec(),
    };
    kernel.call(methods::PUT_WRITE, &chunk)
}

fn write_until(
    kernel: &mut FakeKernel,
    mut at: PutAt,
    whole: &[u8],
    end: usize,
) -> Result<PutAt, Failure> {
    while (at.offset as usize) < end {
        let from = at.offset as usize;
        let to = whole.len().min(from + MAX_CHUNK);
        at = write(kernel, &at, &whole[from..to])?;
    }
    Ok(at)
}

fn finish(kernel: &mut FakeKernel, at: &PutAt) -> Result<Finished, Failure> {
    let finish = PutFinish {
        id: at.id.clone(),
        sha256: None,
    };
    kernel.call(methods::PUT_FINISH, &finish)
}

fn upload(kernel: &mut FakeKernel, name: &str, whole: &[u8]) -> Result<Finished, Failure> {
    let at = kernel.call(methods::PUT_BEGIN, &begin(name, whole.len() as u64))?;
    let at = write_until(kernel, at, whole, whole.len())?;
    finish(kernel, &at)
}

fn attach(lun: u32, image: &str, medium: Medium) -> Attach {
    Attach {
        lun,
        image: image.into(),
        medium,
        access: Access::Writable,
    }
}

#[test]
fn an_upload_cut_at_twenty_points_is_byte_exact() -> Result<(), Failure> {
    let node = Node::new();
    let whole = bytes(3_000_001, 7);
    let begin = begin("a.img", whole.len() as u64);
    for cut in 0..20 {
        let mut kernel = node.start()?;
        let at: PutAt = kernel.call(methods::PUT_BEGIN, &begin)?;
        let end = (at.offset as usize + 1 + cut * 7_001).min(whole.len() - 1);
        write_until(&mut kernel, at, &whole, end)?;
        assert!(!node.path("state/images/a.img").exists(), "not whole yet");
        kernel.kill()?;
    }
    let mut kernel = node.start()?;
    let finished = upload(&mut kernel, "a.img", &whole)?;
    assert_eq!(finished.name, "a.img");
    assert!(node.image("a.img") == whole);
    let state = state(&mut kernel)?;
    assert_eq!(
        state.images[0].sha256.as_deref(),
        Some(finished.sha256.as_str())
    );
    assert!(state.incoming.is_empty() && !state.images[0].modified);
    kernel.goodbye()
}

#[test]
fn whoever_lost_the_answer_that_it_is_finished_asks_again() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    let whole = bytes(70_000, 1);
    let first = upload(&mut kernel, "a.img", &whole)?;
    kernel.kill()?;
    let mut kernel = node.start()?;
    let at: PutAt = kernel.call(methods::PUT_BEGIN, &begin("a.img", 70_000))?;
    assert_eq!(at.offset, 70_000);
    assert_eq!(finish(&mut kernel, &at)?, first);
    let refused = kernel.refused(methods::PUT_BEGIN, &begin("a.img", 70_001))?;
    assert_eq!(refused.code, ErrorCode::Conflict);
    kernel.goodbye()
}

#[test]
fn eight_chunks_under_way_keep_their_order() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    let whole = bytes(8 * MAX_CHUNK, 3);
    let at: PutAt = kernel.call(methods::PUT_BEGIN, &begin("a.img", whole.len() as u64))?;
    let mut asked = Vec::new();
    for (index, data) in whole.chunks(MAX_CHUNK).enumerate() {
        let chunk = PutChunk {
            id: at.id.clone(),
            offset: (index * MAX_CHUNK) as u64,
            data: data.to_vec(),
        };
        asked.push(kernel.begin(methods::PUT_WRITE, &chunk)?);
    }
    for id in asked {
        assert!(kernel.response(methods::PUT_WRITE, id)?.is_ok());
    }
    finish(&mut kernel, &at)?;
    assert!(node.image("a.img") == whole);
    kernel.goodbye()
}

#[test]
fn what_is_not_what_was_promised_is_thrown_away() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    let mut promised = begin("a.img", 3);
    promised.sha256 = Some("0".repeat(64));
    let at: PutAt = kernel.call(methods::PUT_BEGIN, &promised)?;
    let at = write(&mut kernel, &at, b"abc")?;
    let end = PutFinish {
        id: at.id,
        sha256: None,
    };
    let refused = kernel.refused(methods::PUT_FINISH, &end)?;
    assert!(refused.message.contains("upload it again"), "{refused}");
    let state = state(&mut kernel)?;
    assert!(state.images.is_empty() && state.incoming.is_empty());
    kernel.goodbye()
}

/// Half of it in one life, the rest in the next: such an upload is read back.
fn over_two_lives(
    node: &Node,
    begin: &PutBegin,
    whole: &[u8],
) -> Result<(FakeKernel, PutAt), Failure> {
    let mut kernel = node.start()?;
    let at = kernel.call(methods::PUT_BEGIN, begin)?;
    write_until(&mut kernel, at, whole, whole.len() / 2)?;
    kernel.kill()?;
    let mut kernel = node.start()?;
    let at: PutAt = kernel.call(methods::PUT_BEGIN, begin)?;
    assert_ne!(at.offset, 0, "it goes on");
    let at = write_until(&mut kernel, at, whole, whole.len())?;
    Ok((kernel, at))
}

#[test]
fn what_is_read_back_and_not_what_was_promised_is_thrown_away_and_nothing_else_is(
) -> Result<(), Failure> {
    let node = Node::new();
    let whole = bytes(300_000, 5);
    let mut promised = begin("a.img", whole.len() as u64);
    promised.sha256 = Some("0".repeat(64));
    let (mut kernel, at) = over_two_lives(&node, &promised, &whole)?;
    let end = PutFinish {
        id: at.id,
        sha256: None,
    };
    let refused = kernel.refused(methods::PUT_FINISH, &end)?;
    assert!(refused.message.contains("upload it again"), "{refused}");
    // The same process answers: a new one would first have to be started.
    let state = state(&mut kernel)?;
    assert!(state.images.is_empty() && state.incoming.is_empty());
    upload(&mut kernel, "b.img", &whole)?;
    assert!(node.image("b.img") == whole);
    kernel.goodbye()
}

#[test]
fn who_waits_for_an_upload_that_is_forgotten_is_told() -> Result<(), Failure> {
    let node = Node::new();
    // Read back in many pieces: the second request is there before the end.
    let whole = bytes(8 << 20, 9);
    let (mut kernel, at) = over_two_lives(&node, &begin("a.img", whole.len() as u64), &whole)?;
    let end = PutFinish {
        id: at.id.clone(),
        sha256: None,
    };
    let waits = kernel.begin(methods::PUT_FINISH, &end)?;
    let forget = kernel.begin(methods::PUT_ABORT, &PutRef { id: at.id })?;
    let forgotten = kernel.response(methods::PUT_ABORT, forget)?;
    let told = kernel.response(methods::PUT_FINISH, waits)?;
    assert_eq!(forgotten.is_ok(), told.is_err(), "one of the two won");
    kernel.goodbye()
}

#[test]
fn another_file_of_that_name_and_size_is_not_told_to_be_there() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    let first = upload(&mut kernel, "a.img", b"abc")?;
    let at: PutAt = kernel.call(methods::PUT_BEGIN, &begin("a.img", 3))?;
    assert_eq!(at.offset, 3, "it looks like the one that is there");
    let end = |sha256: String| PutFinish {
        id: at.id.clone(),
        sha256: Some(sha256),
    };
    let refused = kernel.refused(methods::PUT_FINISH, &end("0".repeat(64)))?;
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.contains("delete or rename"), "{refused}");
    let again: Finished = kernel.call(methods::PUT_FINISH, &end(first.sha256.clone()))?;
    assert_eq!(again, first);
    kernel.goodbye()
}

#[test]
fn bad_uploads_are_refused_in_sentences_and_leave_nothing() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    for name in [
        "../x",
        "a\nb",
        "a\0b",
        "",
        ".x",
        "-x",
        "/x",
        &"x".repeat(129),
    ] {
        let refused = kernel.refused(methods::PUT_BEGIN, &begin(name, 1))?;
        assert_eq!(refused.code, ErrorCode::BadRequest, "{name:?}: {refused}");
    }
    let refused = kernel.refused(methods::PUT_BEGIN, &begin("a", 0))?;
    assert!(refused.message.contains("0 bytes"), "{refused}");
    for size in [1 << 60, u64::MAX] {
        let refused = kernel.refused(methods::PUT_BEGIN, &begin("a", size))?;
        assert_eq!(refused.code, ErrorCode::Exhausted);
        assert!(refused.message.contains("delete some"), "{refused}");
    }
    let nobodys = PutRef {
        id: "../../etc".into(),
    };
    assert_eq!(
        kernel.refused(methods::PUT_ABORT, &nobodys)?.code,
        ErrorCode::NotFound
    );
    assert_eq!(state(&mut kernel)?.incoming, []);
    let left = fs::read_dir(node.path("state/incoming"))
        .expect("a folder")
        .count();
    assert_eq!(left, 0);
    kernel.goodbye()
}

#[test]
fn chunks_that_do_not_belong_there_change_nothing() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    let at: PutAt = kernel.call(methods::PUT_BEGIN, &begin("a", 5))?;
    let chunk = |offset, data: &[u8]| PutChunk {
        id: at.id.clone(),
        offset,
        data: data.to_vec(),
    };
    let refused = |kernel: &mut FakeKernel, chunk| -> Result<WireError, Failure> {
        kernel.refused(methods::PUT_WRITE, &chunk)
    };
    assert_eq!(
        refused(&mut kernel, chunk(1, b"x"))?.code,
        ErrorCode::Conflict
    );
    assert_eq!(
        refused(&mut kernel, chunk(0, b"sixsix"))?.code,
        ErrorCode::BadRequest
    );
    assert_eq!(
        refused(&mut kernel, chunk(0, b""))?.code,
        ErrorCode::BadRequest
    );
    let long = vec![0; MAX_CHUNK + 1];
    assert_eq!(
        refused(&mut kernel, chunk(0, &long))?.code,
        ErrorCode::BadRequest
    );
    let early = PutFinish {
        id: at.id.clone(),
        sha256: None,
    };
    let early = kernel.refused(methods::PUT_FINISH, &early)?;
    assert!(early.message.contains("0 of 5"), "{early}");
    assert_eq!(write(&mut kernel, &at, b"whole")?.offset, 5);
    finish(&mut kernel, &at)?;
    assert_eq!(node.image("a"), b"whole");
    kernel.goodbye()
}

#[test]
fn uploads_that_nobody_finishes_are_bounded_and_can_be_forgotten() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    let mut first = None;
    for n in 0..8 {
        let at: PutAt = kernel.call(methods::PUT_BEGIN, &begin(&format!("{n}"), 10))?;
        first.get_or_insert(at);
    }
    let refused = kernel.refused(methods::PUT_BEGIN, &begin("9", 10))?;
    assert_eq!(refused.code, ErrorCode::Exhausted);
    let first = PutRef {
        id: first.expect("one").id,
    };
    kernel.call::<_, Nothing>(methods::PUT_ABORT, &first)?;
    kernel.call::<_, PutAt>(methods::PUT_BEGIN, &begin("9", 10))?;
    kernel.goodbye()
}

#[test]
fn a_drive_keeps_its_image_over_deaths_and_gets_it_back_from_a_new_binding() -> Result<(), Failure>
{
    let node = Node::new();
    node.put_there("a.img", &[0; 1024]);
    let mut kernel = node.start()?;
    let none = state(&mut kernel)?;
    assert!(none.luns.is_empty() && none.reason.is_some());
    node.bind(&mut kernel, 1)?;
    kernel.call::<_, Nothing>(methods::ATTACH, &attach(1, "a.img", Medium::Disk))?;
    let file = node.attribute(1, "file");
    assert!(file.ends_with("/images/a.img"), "{file}");
    assert_eq!(
        (node.attribute(1, "ro"), node.attribute(1, "cdrom")),
        ("0".into(), "0".into())
    );
    kernel.kill()?;
    let mut kernel = node.start()?;
    node.bind(&mut kernel, 1)?;
    assert_eq!(state(&mut kernel)?.luns[1].image.as_deref(), Some("a.img"));
    // Another profile, and back: the drives are new.
    kernel.emit(
        "gadget",
        topics::GADGET_STATE,
        &node.bound(2, &["keyboard"]),
    )?;
    let without: StorageState =
        kernel.expect_that(topics::STORAGE_STATE, |s: &StorageState| s.luns.is_empty())?;
    assert!(without.reason.expect("a reason").contains("install"));
    node.unplug();
    node.bind(&mut kernel, 3)?;
    assert_eq!(node.attribute(1, "file"), file);
    kernel.goodbye()
}

#[test]
fn a_profile_whose_function_is_told_before_its_binding_keeps_the_image() -> Result<(), Failure> {
    let node = Node::new();
    node.put_there("a.img", &[0; 1024]);
    let mut kernel = node.start()?;
    node.bind(&mut kernel, 1)?;
    kernel.call::<_, Nothing>(methods::ATTACH, &attach(1, "a.img", Medium::Disk))?;
    let file = node.attribute(1, "file");
    fs::rename(node.path("usb"), node.path("old")).expect("another function");
    fs::create_dir_all(node.path("usb/lun.0")).expect("a folder");
    fs::create_dir_all(node.path("usb/lun.1")).expect("a folder");
    node.unplug();
    kernel.emit("gadget", topics::GADGET_STATE, &node.bound(1, &["storage"]))?;
    assert_eq!(state(&mut kernel)?.luns[1].image.as_deref(), Some("a.img"));
    assert_eq!(node.attribute(1, "file"), file);
    kernel.goodbye()
}

#[test]
fn what_the_target_ejects_stays_out_also_when_nobody_looked() -> Result<(), Failure> {
    let node = Node::new();
    node.put_there("a.img", &[0; 1024]);
    for death in [false, true] {
        let mut kernel = node.start()?;
        node.bind(&mut kernel, 1)?;
        kernel.call::<_, Nothing>(methods::ATTACH, &attach(0, "a.img", Medium::Disk))?;
        if death {
            kernel.kill()?;
            kernel = node.start()?;
        }
        fs::write(node.path("usb/lun.0/file"), "").expect("the target ejects");
        if death {
            kernel.emit("gadget", topics::GADGET_STATE, &node.bound(1, &["storage"]))?;
        }
        let told: StorageState = kernel
            .expect_that(topics::STORAGE_STATE, |s: &StorageState| {
                s.luns.first().is_some_and(|lun| lun.problem.is_some())
            })?;
        assert_eq!(told.luns[0].image, None);
        assert!(told.luns[0]
            .problem
            .as_ref()
            .expect("words")
            .contains("ejected"));
        assert_eq!(node.attribute(0, "file"), "");
        kernel.goodbye()?;
    }
    Ok(())
}

#[test]
fn what_cannot_be_in_a_drive_is_refused_with_what_to_do() -> Result<(), Failure> {
    let node = Node::new();
    node.put_there("odd.img", &[0; 1000]);
    node.put_there("packed.img.gz", &[&b"\x1f\x8b"[..], &[0; 1022]].concat());
    node.put_there("disk.img", &vec![0; 1 << 20]);
    let mut kernel = node.start()?;
    let early = kernel.refused(methods::ATTACH, &attach(0, "disk.img", Medium::Disk))?;
    assert_eq!(early.code, ErrorCode::Conflict, "no drives yet");
    node.bind(&mut kernel, 1)?;
    for (image, medium, says) in [
        ("odd.img", Medium::Disk, "multiple of 512"),
        ("odd.img", Medium::Cdrom, "as a disk"),
        ("packed.img.gz", Medium::Disk, "unpack"),
        ("disk.img", Medium::Cdrom, "ISO 9660"),
        ("none.img", Medium::Disk, "there is no image"),
        ("../../etc/passwd", Medium::Disk, "another name"),
    ] {
        let refused = kernel.refused(methods::ATTACH, &attach(0, image, medium))?;
        assert!(refused.message.contains(says), "{image}: {refused}");
    }
    assert_eq!(node.attribute(0, "file"), "");
    kernel.goodbye()
}

#[test]
fn a_drive_is_made_renamed_attached_ejected_and_deleted() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.start()?;
    node.bind(&mut kernel, 1)?;
    let drive = |image: &str, size| Drive {
        image: image.into(),
        size,
    };
    for size in [0, 1 << 60] {
        assert_eq!(
            kernel.refused(methods::DRIVE, &drive("d", size))?.code,
            ErrorCode::BadRequest
        );
    }
    kernel.call::<_, Nothing>(methods::DRIVE, &drive("d", (3 << 20) + 5))?;
    assert_eq!(
        kernel.refused(methods::DRIVE, &drive("d", 3 << 20))?.code,
        ErrorCode::Conflict
    );
    let rename = Rename {
        image: "d".into(),
        to: "files.img".into(),
    };
    kernel.call::<_, Nothing>(methods::RENAME, &rename)?;
    assert_eq!(state(&mut kernel)?.images[0].size, 3 << 20);
    kernel.call::<_, Nothing>(methods::ATTACH, &attach(0, "files.img", Medium::Disk))?;
    let image = ImageRef {
        image: "files.img".into(),
    };
    let refused = kernel.refused(methods::DELETE, &image)?;
    assert!(refused.message.contains("eject it first"), "{refused}");
    kernel.call::<_, Nothing>(
        methods::EJECT,
        &Eject {
            lun: 0,
            force: false,
        },
    )?;
    kernel.call::<_, Nothing>(methods::DELETE, &image)?;
    assert!(state(&mut kernel)?.images.is_empty());
    kernel.goodbye()
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() -> Result<(), Failure> {
    let node = Node::new();
    assert!(node.start_with(json!({ "reserve": 5 })).is_err());
    Ok(())
}
