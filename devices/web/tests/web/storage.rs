//! An image on its way in: whole, in parts, by names that are hostile, and by people who may not.

use crate::common::{
    failed,
    slot::{headers, meanwhile},
    Answer, Node, Visitor,
};
use dkvm_testkit::Failure;
use dkvm_wire::{
    decode_body, encode_body,
    vocab::storage::{
        FileInfo, FileList, FilesOf, Finished, Onto, PutAt, PutBegin, PutChunk, PutFinish, Taken,
    },
    ErrorCode, WireError,
};
use std::{cell::RefCell, rc::Rc, thread};

type Outcome = Result<(), Failure>;

const SIZE: usize = 1_000_000;

/// A storage device behind the fake kernel.
#[derive(Debug, Default)]
struct Shelf {
    kept: Vec<u8>,
    begun: Vec<PutBegin>,
    finished: u32,
}

fn install(node: &mut Node) -> Rc<RefCell<Shelf>> {
    let shelf = Rc::new(RefCell::new(Shelf::default()));
    let begin = shelf.clone();
    node.kernel
        .answer("storage/storage.put.begin", move |body| {
            let asked: PutBegin = decode(body)?;
            let mut shelf = begin.borrow_mut();
            let offset = shelf.kept.len() as u64;
            if asked.name.contains('/') {
                return Err(WireError::new(
                    ErrorCode::BadRequest,
                    "give it another name",
                ));
            }
            shelf.begun.push(asked);
            Ok(encode_body(&PutAt {
                id: "u1".into(),
                offset,
            }))
        });
    let write = shelf.clone();
    node.kernel
        .answer("storage/storage.put.write", move |body| {
            let chunk: PutChunk = decode(body)?;
            let kept = &mut write.borrow_mut().kept;
            if chunk.offset != kept.len() as u64 {
                return Err(WireError::new(ErrorCode::Conflict, "elsewhere"));
            }
            kept.extend_from_slice(&chunk.data);
            let offset = kept.len() as u64;
            Ok(encode_body(&PutAt {
                id: chunk.id,
                offset,
            }))
        });
    let finish = shelf.clone();
    node.kernel
        .answer("storage/storage.put.finish", move |body| {
            let _: PutFinish = decode(body)?;
            finish.borrow_mut().finished += 1;
            let (name, sha256) = ("a.iso".into(), "9f".into());
            Ok(encode_body(&Finished { name, sha256 }))
        });
    shelf
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    decode_body("storage", body)
        .map_err(|error| WireError::new(ErrorCode::BadRequest, error.to_string()))
}

fn start() -> Result<(Node, Rc<RefCell<Shelf>>, Visitor), Failure> {
    let mut node = Node::start()?;
    let shelf = install(&mut node);
    let owner = node.owner()?;
    Ok((node, shelf, owner))
}

fn post(
    node: &mut Node,
    visitor: &Visitor,
    path: &str,
    more: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Failure> {
    let (mut visitor, path, body) = (visitor.clone(), path.to_owned(), body.to_vec());
    let mut all = headers(&visitor);
    for (name, value) in more {
        all.retain(|(known, _)| known != name);
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    let work = thread::spawn(move || {
        let all: Vec<_> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        visitor.request("POST", &path, &all, &body)
    });
    meanwhile(node, work)
}

fn image() -> Vec<u8> {
    (0..SIZE).map(|n| (n % 253) as u8).collect()
}

#[test]
fn a_whole_image_goes_in_and_is_finished() -> Outcome {
    let (mut node, shelf, owner) = start()?;
    let path = "/api/storage?name=my%20%C3%A4.iso&tag=t";
    let answer = post(&mut node, &owner, path, &[], &image())?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let taken: Taken = answer.json()?;
    assert_eq!(
        (taken.offset, taken.sha256.as_deref()),
        (SIZE as u64, Some("9f"))
    );
    let shelf = shelf.borrow();
    assert!(shelf.kept == image(), "byte for byte");
    let begun = &shelf.begun[0];
    assert_eq!(
        (begun.name.as_str(), begun.tag.as_str(), begun.size),
        ("my ä.iso", "t", SIZE as u64)
    );
    Ok(())
}

#[test]
fn in_parts_and_one_too_early_is_told_where_to_go_on() -> Outcome {
    let (mut node, shelf, owner) = start()?;
    let whole = image();
    let path = "/api/storage?name=a.iso";
    let mut at = 500_000;
    let mut parts = 0;
    while at < SIZE {
        let end = (at + 300_000).min(SIZE);
        let range = format!("bytes {at}-{}/{SIZE}", end - 1);
        let part = [("content-range", range.as_str())];
        let answer = post(&mut node, &owner, path, &part, &whole[at..end])?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        at = answer.json::<Taken>()?.offset as usize;
        parts += 1;
    }
    assert_eq!(parts, 5, "one for nothing, four that were taken");
    assert!(shelf.borrow().kept == whole);
    assert_eq!(shelf.borrow().finished, 1);
    Ok(())
}

#[test]
fn hostile_requests_are_refused_in_sentences() -> Outcome {
    let (mut node, shelf, owner) = start()?;
    for (path, body, says) in [
        ("/api/storage?name=..%2Fx", &b"x"[..], "another name"),
        ("/api/storage?name=%ff", b"x", "UTF-8"),
        ("/api/storage?name=%", b"x", "UTF-8"),
        ("/api/storage?name=a", b"", "0 bytes"),
    ] {
        let answer = post(&mut node, &owner, path, &[], body)?;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.message()?.contains(says),
            "{path}: {}",
            answer.text()
        );
    }
    assert!(shelf.borrow().kept.is_empty());
    Ok(())
}

#[test]
fn strangers_and_foreign_pages_upload_nothing() -> Outcome {
    let (mut node, shelf, owner) = start()?;
    let path = "/api/storage?name=a";
    let mut stranger = node.visitor()?;
    stranger.get("/api/session").map_err(failed)?;
    assert_eq!(post(&mut node, &stranger, path, &[], b"x")?.status, 401);
    for header in [("origin", "https://evil.example"), ("x-dkvm-csrf", "0")] {
        assert_eq!(post(&mut node, &owner, path, &[header], b"x")?.status, 403);
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(post(&mut node, &owner, path, &form, b"x")?.status, 415);
    assert_eq!(owner.clone().get(path)?.status, 405);
    assert!(shelf.borrow().begun.is_empty());
    Ok(())
}

#[test]
fn a_file_goes_onto_a_drive_and_is_listed() -> Outcome {
    let (mut node, shelf, owner) = start()?;
    node.kernel.answer("storage/storage.files", |body| {
        let of: FilesOf = decode(body)?;
        let name = format!("{} {}", of.image, of.folder);
        let file = FileInfo {
            name,
            size: 5,
            folder: false,
        };
        Ok(encode_body(&FileList {
            files: vec![file],
            count: 1,
            free: 7,
        }))
    });
    let path = "/api/storage?name=a.txt&onto=my%20%C3%A4.img&folder=docs%2Fold&take_out=1";
    let answer = post(&mut node, &owner, path, &[], b"abc")?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let onto = Onto {
        image: "my ä.img".into(),
        folder: "docs/old".into(),
        take_out: true,
    };
    assert_eq!(shelf.borrow().begun[0].onto, Some(onto));
    let list = get(&mut node, &owner)?;
    assert_eq!(list.status, 200, "{}", list.text());
    assert_eq!(list.json::<FileList>()?.files[0].name, "my ä.img a/b");
    let stranger = node.visitor()?;
    assert_eq!(get(&mut node, &stranger)?.status, 401);
    Ok(())
}

fn get(node: &mut Node, visitor: &Visitor) -> Result<Answer, Failure> {
    let mut visitor = visitor.clone();
    let path = "/api/storage/files?image=my%20%C3%A4.img&folder=a%2Fb";
    meanwhile(node, thread::spawn(move || visitor.get(path)))
}
