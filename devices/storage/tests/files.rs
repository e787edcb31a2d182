//! Files on FAT drives, by the device as a process.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use dkvm_testkit::{Failure, FakeKernel, Launch, Setup};
use dkvm_wire::{
    service::Nothing,
    vocab::storage::{
        methods, Access, Attach, Drive, Eject, FileList, FileRef, FilesOf, Finished, ImageRef,
        Medium, Onto, PutAt, PutBegin, PutChunk, PutFinish, StorageState, MAX_CHUNK,
    },
    ErrorCode,
};
use serde_json::json;
use std::{fs, path::PathBuf};

struct Node {
    folder: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["state", "run"] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self) -> Result<FakeKernel, Failure> {
        let launch = Launch::program(env!("CARGO_BIN_EXE_dkvm-storage"))
            .env("DKVM_RUN_DIR", self.path("run"))
            .env("DKVM_STATE_DIR", self.path("state"));
        let config = json!({ "backend": "dummy", "in_memory": "allow", "reserve_mib": 0 });
        let mut kernel = FakeKernel::start(launch, Setup::new("storage").config(config))?;
        kernel.ready()?;
        Ok(kernel)
    }

    fn with_drive(&self) -> Result<FakeKernel, Failure> {
        let mut kernel = self.start()?;
        let drive = Drive {
            image: "d.img".into(),
            size: 4 << 20,
        };
        kernel.call::<_, Nothing>(methods::DRIVE, &drive)?;
        Ok(kernel)
    }

    fn drive(&self) -> Vec<u8> {
        fs::read(self.path("state/images/d.img")).expect("the drive")
    }

    /// As another reader of FAT sees it.
    fn read(&self, path: &str) -> Vec<u8> {
        let disk = std::io::Cursor::new(self.drive());
        let system = fatfs::FileSystem::new(disk, fatfs::FsOptions::new()).expect("a drive");
        let mut file = system.root_dir().open_file(path).expect("a file");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).expect("its bytes");
        bytes
    }
}

fn begin(name: &str, size: usize) -> PutBegin {
    PutBegin {
        name: name.into(),
        size: size as u64,
        sha256: None,
        tag: String::new(),
        onto: Some(Onto {
            image: "d.img".into(),
            folder: String::new(),
            take_out: false,
        }),
    }
}

fn taken_out(name: &str, size: usize) -> PutBegin {
    let mut begin = begin(name, size);
    begin.onto.as_mut().expect("a drive").take_out = true;
    begin
}

fn bytes(size: usize) -> Vec<u8> {
    (0..size as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

fn write(kernel: &mut FakeKernel, mut at: PutAt, whole: &[u8]) -> Result<PutAt, Failure> {
    while (at.offset as usize) < whole.len() {
        let from = at.offset as usize;
        let data = whole[from..whole.len().min(from + MAX_CHUNK)].to_vec();
        let chunk = PutChunk {
            id: at.id.clone(),
            offset: at.offset,
            data,
        };
        at = kernel.call(methods::PUT_WRITE, &chunk)?;
    }
    Ok(at)
}

fn end(at: &PutAt) -> PutFinish {
    PutFinish {
        id: at.id.clone(),
        sha256: None,
    }
}

fn put(kernel: &mut FakeKernel, begin: &PutBegin, whole: &[u8]) -> Result<Finished, Failure> {
    let at = kernel.call(methods::PUT_BEGIN, begin)?;
    let at = write(kernel, at, whole)?;
    kernel.call(methods::PUT_FINISH, &end(&at))
}

fn list(kernel: &mut FakeKernel) -> Result<FileList, Failure> {
    let of = FilesOf {
        image: "d.img".into(),
        folder: String::new(),
    };
    kernel.call(methods::FILES, &of)
}

fn file(path: &str) -> FileRef {
    FileRef {
        image: "d.img".into(),
        path: path.into(),
        take_out: false,
    }
}

fn state(kernel: &mut FakeKernel) -> Result<StorageState, Failure> {
    kernel.call(methods::GET, &Nothing {})
}

fn attach(kernel: &mut FakeKernel) -> Result<(), Failure> {
    let attach = Attach {
        lun: 0,
        image: "d.img".into(),
        medium: Medium::Disk,
        access: Access::Writable,
    };
    kernel.call::<_, Nothing>(methods::ATTACH, &attach)?;
    Ok(())
}

#[test]
fn a_file_comes_is_listed_and_goes() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.with_drive()?;
    let whole = bytes(300_001);
    let finished = put(
        &mut kernel,
        &begin("Notizen, lang.txt", whole.len()),
        &whole,
    )?;
    assert_eq!(finished.name, "d.img/Notizen, lang.txt");
    assert!(node.read("Notizen, lang.txt") == whole);
    let told = state(&mut kernel)?;
    assert!(told.incoming.is_empty() && told.images.len() == 1 && told.images[0].modified);
    let listed = list(&mut kernel)?;
    assert_eq!((listed.count, listed.files[0].size), (1, 300_001));
    assert!(listed.free < 4 << 20);
    kernel.call::<_, Nothing>(methods::FILES_REMOVE, &file("notizen, LANG.txt"))?;
    assert_eq!(list(&mut kernel)?.count, 0);
    let gone = kernel.refused(methods::FILES_REMOVE, &file("Notizen, lang.txt"))?;
    assert_eq!(gone.code, ErrorCode::NotFound, "{gone}");
    let left = fs::read_dir(node.path("state/incoming")).expect("a folder");
    assert_eq!(left.count(), 0);
    kernel.goodbye()
}

#[test]
fn an_upload_goes_on_after_deaths_and_is_byte_exact() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.with_drive()?;
    let whole = bytes(1_500_000);
    let begin = begin("a.bin", whole.len());
    for life in 1..6 {
        let at = kernel.call(methods::PUT_BEGIN, &begin)?;
        write(&mut kernel, at, &whole[..whole.len() / 6 * life])?;
        kernel.kill()?;
        kernel = node.start()?;
    }
    let waits = state(&mut kernel)?;
    assert_eq!(waits.incoming[0].name, "d.img/a.bin");
    put(&mut kernel, &begin, &whole)?;
    assert!(node.read("a.bin") == whole);
    // Who lost the answer asks again.
    let again: PutAt = kernel.call(methods::PUT_BEGIN, &begin)?;
    assert_eq!(again.offset, 1_500_000);
    let told: Finished = kernel.call(methods::PUT_FINISH, &end(&again))?;
    assert_eq!(told.name, "d.img/a.bin");
    kernel.goodbye()
}

#[test]
fn a_death_at_any_moment_of_a_change_leaves_the_drive_as_it_was_or_as_it_should_be(
) -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.with_drive()?;
    let whole = bytes(900_000);
    put(&mut kernel, &begin("old", 5), b"stays")?;
    for moment in 0..12u64 {
        let name = format!("new {moment}");
        let at = kernel.call(methods::PUT_BEGIN, &begin(&name, whole.len()))?;
        let at = write(&mut kernel, at, &whole)?;
        kernel.begin(methods::PUT_FINISH, &end(&at))?;
        std::thread::sleep(std::time::Duration::from_millis(moment * 3));
        kernel.kill()?;
        kernel = node.start()?;
        assert_eq!(node.read("old"), b"stays");
        let there = list(&mut kernel)?.files;
        if there.iter().any(|file| file.name == name) {
            assert!(node.read(&name) == whole, "{name}");
            kernel.call::<_, Nothing>(methods::FILES_REMOVE, &file(&name))?;
        }
        assert!(!node.path("state/incoming/changed.new").exists());
        for one in state(&mut kernel)?.incoming {
            let put = dkvm_wire::vocab::storage::PutRef { id: one.id };
            kernel.call::<_, Nothing>(methods::PUT_ABORT, &put)?;
        }
    }
    kernel.goodbye()
}

#[test]
fn what_cannot_be_is_refused_before_the_first_byte() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.with_drive()?;
    put(&mut kernel, &begin("there.txt", 1), b"x")?;
    fs::write(node.path("state/images/no.img"), vec![7; 1 << 20]).expect("an image");
    let before = node.drive();
    for (name, says) in [
        ("../x", "another name"),
        ("a\nb", "another name"),
        ("", "needs a name"),
        ("a:b", "FAT has not"),
        ("a\\b", "FAT has not"),
        ("a?", "FAT has not"),
        ("a.", "ends with a dot"),
        ("THERE.TXT", "already"),
        (&"ä".repeat(256), "too long"),
    ] {
        let refused = kernel.refused(methods::PUT_BEGIN, &begin(name, 1))?;
        assert!(refused.message.contains(says), "{name:?}: {refused}");
    }
    let large = kernel.refused(methods::PUT_BEGIN, &begin("large", 5 << 20))?;
    assert_eq!(large.code, ErrorCode::Exhausted);
    assert!(large.message.contains("are free on it"), "{large}");
    for (image, folder, says) in [
        ("none.img", "", "no image"),
        ("no.img", "", "no FAT file system"),
        ("d.img", "none", "no folder"),
        ("d.img", "../..", "`..`"),
    ] {
        let mut begin = begin("x", 1);
        begin.onto = Some(Onto {
            image: image.into(),
            folder: folder.into(),
            take_out: false,
        });
        let refused = kernel.refused(methods::PUT_BEGIN, &begin)?;
        assert!(
            refused.message.contains(says),
            "{image} {folder}: {refused}"
        );
    }
    for path in ["..", "", "/", "../images/no.img", "a\nb"] {
        kernel.refused(methods::FILES_REMOVE, &file(path))?;
    }
    assert!(state(&mut kernel)?.incoming.is_empty());
    assert!(node.drive() == before);
    kernel.goodbye()
}

#[test]
fn a_drive_of_the_target_is_taken_out_only_when_asked_and_put_back() -> Result<(), Failure> {
    let node = Node::new();
    let mut kernel = node.with_drive()?;
    attach(&mut kernel)?;
    let refused = kernel.refused(methods::PUT_BEGIN, &begin("a.txt", 3))?;
    assert!(refused.message.contains("--take-out"), "{refused}");
    assert_eq!(list(&mut kernel)?.count, 0, "it is listed all the same");
    put(&mut kernel, &taken_out("a.txt", 3), b"abc")?;
    let lun = &state(&mut kernel)?.luns[0];
    assert_eq!((lun.image.as_deref(), &lun.problem), (Some("d.img"), &None));
    let refused = kernel.refused(methods::FILES_REMOVE, &file("a.txt"))?;
    assert_eq!(refused.code, ErrorCode::Conflict);
    let remove = FileRef {
        take_out: true,
        ..file("a.txt")
    };
    kernel.call::<_, Nothing>(methods::FILES_REMOVE, &remove)?;
    assert_eq!(list(&mut kernel)?.count, 0);
    let eject = Eject {
        lun: 0,
        force: false,
    };
    kernel.call::<_, Nothing>(methods::EJECT, &eject)?;
    let image = ImageRef {
        image: "d.img".into(),
    };
    kernel.call::<_, Nothing>(methods::DELETE, &image)?;
    kernel.goodbye()
}
