use super::{body, Sample};
use dkvm_wire::vocab::storage::{
    Access, Attach, Drive, Eject, FileInfo, FileList, FileRef, FilesOf, Finished, ImageRef,
    Incoming, LunInfo, Medium, Onto, PutAt, PutBegin, PutChunk, PutFinish, PutRef, Rename,
    StorageState, StoredImage, Taken,
};

const NAME: &str = "debian.iso";

pub fn all() -> Vec<Sample> {
    let mut samples = uploads();
    samples.extend(images());
    samples.extend(files());
    samples.push(body("storage-state", state()));
    samples
}

pub fn state() -> StorageState {
    StorageState {
        images: vec![StoredImage {
            name: NAME.into(),
            size: 700_000_000,
            sha256: Some("9f".into()),
            modified: false,
            fat: false,
        }],
        incoming: vec![Incoming {
            id: "4c".into(),
            name: "other.img".into(),
            size: 65_536,
            offset: 32_768,
            verifying: false,
        }],
        luns: vec![
            LunInfo {
                index: 0,
                image: Some(NAME.into()),
                medium: Medium::Cdrom,
                access: Access::ReadOnly,
                problem: None,
            },
            LunInfo {
                index: 1,
                image: None,
                medium: Medium::Disk,
                access: Access::Writable,
                problem: Some("it is gone".into()),
            },
        ],
        reason: None,
        free: 1_000_000_000,
        total: 30_000_000_000,
    }
}

pub fn attach() -> Attach {
    Attach {
        lun: 0,
        image: NAME.into(),
        medium: Medium::Cdrom,
        access: Access::ReadOnly,
    }
}

fn uploads() -> Vec<Sample> {
    vec![
        body(
            "storage-put-begin",
            PutBegin {
                name: NAME.into(),
                size: 700_000_000,
                sha256: None,
                tag: String::new(),
                onto: None,
            },
        ),
        body(
            "storage-put-at",
            PutAt {
                id: "4c".into(),
                offset: 32_768,
            },
        ),
        body(
            "storage-put-chunk",
            PutChunk {
                id: "4c".into(),
                offset: 0,
                data: vec![7],
            },
        ),
        body(
            "storage-put-finish",
            PutFinish {
                id: "4c".into(),
                sha256: Some("9f".into()),
            },
        ),
        body(
            "storage-finished",
            Finished {
                name: NAME.into(),
                sha256: "9f".into(),
            },
        ),
        body(
            "storage-taken",
            Taken {
                id: "4c".into(),
                offset: 700_000_000,
                sha256: Some("9f".into()),
            },
        ),
        body("storage-put-ref", PutRef { id: "4c".into() }),
    ]
}

fn images() -> Vec<Sample> {
    vec![
        body("storage-image-ref", ImageRef { image: NAME.into() }),
        body(
            "storage-rename",
            Rename {
                image: NAME.into(),
                to: "d.iso".into(),
            },
        ),
        body("storage-attach", attach()),
        body(
            "storage-eject",
            Eject {
                lun: 0,
                force: true,
            },
        ),
        body(
            "storage-drive",
            Drive {
                image: "files.img".into(),
                size: 64 << 20,
            },
        ),
    ]
}

fn files() -> Vec<Sample> {
    let onto = Onto {
        image: "files.img".into(),
        folder: "docs".into(),
        take_out: true,
    };
    vec![
        body(
            "storage-put-begin-onto",
            PutBegin {
                name: "notes.txt".into(),
                size: 500,
                sha256: None,
                tag: String::new(),
                onto: Some(onto),
            },
        ),
        body(
            "storage-files-of",
            FilesOf {
                image: "files.img".into(),
                folder: "docs".into(),
            },
        ),
        body("storage-file-list", file_list()),
        body("storage-file-ref", file_ref()),
    ]
}

fn file_list() -> FileList {
    FileList {
        files: vec![FileInfo {
            name: "notes.txt".into(),
            size: 500,
            folder: false,
        }],
        count: 1,
        free: 1_000_000,
    }
}

pub fn file_ref() -> FileRef {
    FileRef {
        image: "files.img".into(),
        path: "docs/notes.txt".into(),
        take_out: false,
    }
}
