//! The image library and what of it is in the target's USB drives.

use serde::{Deserialize, Serialize};

/// Methods of the storage device.
pub mod methods {
    /// `{}` → [`super::StorageState`]: for those who are not sent the topic, as the command line is not.
    pub const GET: &str = "storage.get";
    /// [`super::PutBegin`] → [`super::PutAt`]: checks name and size, and keeps the space, before a byte is sent. The same begun
    /// again goes on where it stopped.
    pub const PUT_BEGIN: &str = "storage.put.begin";
    /// [`super::PutChunk`] → [`super::PutAt`]: the next bytes, at most [`super::MAX_CHUNK`]. Several may be under way, in order.
    pub const PUT_WRITE: &str = "storage.put.write";
    /// [`super::PutFinish`] → [`super::Finished`]: all is there: it is on the card, has its hash, and becomes an image.
    pub const PUT_FINISH: &str = "storage.put.finish";
    /// [`super::PutRef`] → `{}`: forgets an upload that is not finished.
    pub const PUT_ABORT: &str = "storage.put.abort";
    /// [`super::Rename`] → `{}`. An image in a drive keeps its name.
    pub const RENAME: &str = "storage.rename";
    /// [`super::ImageRef`] → `{}`. An image in a drive stays.
    pub const DELETE: &str = "storage.delete";
    /// [`super::Attach`] → `{}`: puts an image into a drive of the target; what was in it is ejected first.
    pub const ATTACH: &str = "storage.attach";
    /// [`super::Eject`] → `{}`. `conflict` when the target has locked the drive and `force` was not said.
    pub const EJECT: &str = "storage.eject";
    /// [`super::Drive`] → `{}`: makes an empty FAT drive.
    pub const DRIVE: &str = "storage.drive";
    /// [`super::FilesOf`] → [`super::FileList`]: what is in a folder of a FAT drive.
    pub const FILES: &str = "storage.files";
    /// [`super::FileRef`] → `{}`: deletes a file from a FAT drive. `timeout` while it goes on for longer than an answer may
    /// take: asked again, it waits for the same.
    pub const FILES_REMOVE: &str = "storage.files.remove";
}

/// Most bytes in one `storage.put.write`: a short burst for the router, beside which a key does not wait long.
pub const MAX_CHUNK: usize = 32 * 1024;
/// Chunks that an uploader keeps under way: enough to hide a call's way there and back, few enough for the router.
pub const WINDOW: usize = 8;
/// Longest name of an image, bytes of UTF-8.
pub const MAX_NAME: usize = 128;

/// Arguments of `storage.put.begin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBegin {
    /// Name of the image to be.
    pub name: String,
    /// Its size, bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal, where it is known beforehand: an upload with another is another upload.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Anything that tells this file from another of that name and size, where its hash is not known beforehand; may be empty.
    #[serde(default)]
    pub tag: String,
    /// It becomes a file on a FAT drive; absent: an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onto: Option<Onto>,
}

/// Where on a FAT drive an upload goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onto {
    /// Name of the drive's image.
    pub image: String,
    /// A folder that is there, `a/b`; empty: the root.
    #[serde(default)]
    pub folder: String,
    /// One that is in a drive of the target is taken out for the moment, and put in again: the target sees its medium change.
    #[serde(default)]
    pub take_out: bool,
}

/// Where an upload stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PutAt {
    /// Names the upload: the same one has the same.
    pub id: String,
    /// The next byte that is wanted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: u64,
}

/// Arguments of `storage.put.write`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutChunk {
    /// From `storage.put.begin`.
    pub id: String,
    /// Where the bytes belong; must be the wanted offset.
    pub offset: u64,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// Arguments of `storage.put.finish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutFinish {
    /// From `storage.put.begin`.
    pub id: String,
    /// What the whole must have, where that is known only now.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// What became of a finished upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finished {
    /// The image's name.
    pub name: String,
    /// SHA-256 of what is on the card.
    pub sha256: String,
}

/// What `POST /api/storage` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Taken {
    /// Names the upload.
    pub id: String,
    /// The next byte that is wanted; the size when all is there.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: u64,
    /// Of the whole, when it is an image now; absent before, and while it is read back.
    pub sha256: Option<String>,
}

/// An upload by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct PutRef {
    pub id: String,
}

/// An image by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct ImageRef {
    pub image: String,
}

/// Arguments of `storage.rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[allow(missing_docs)]
pub struct Rename {
    pub image: String,
    pub to: String,
}

/// What the target takes a drive for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Medium {
    Disk,
    Cdrom,
}

/// Whether the target may write. A CD-ROM is always read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Access {
    ReadOnly,
    Writable,
}

/// Arguments of `storage.attach`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Attach {
    /// Which drive.
    pub lun: u32,
    /// Name of an image.
    pub image: String,
    /// What the target takes it for.
    pub medium: Medium,
    /// Whether the target may write.
    pub access: Access,
}

/// Arguments of `storage.eject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Eject {
    /// Which drive.
    pub lun: u32,
    /// Also when the target has locked it, and may lose what it has not written yet.
    #[serde(default)]
    pub force: bool,
}

/// Arguments of `storage.drive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Drive {
    /// Name of the image to be.
    pub image: String,
    /// Its size, bytes; rounded down to whole MiB.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub size: u64,
}

/// Arguments of `storage.files`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FilesOf {
    /// Name of the drive's image.
    pub image: String,
    /// A folder, `a/b`; empty: the root.
    #[serde(default)]
    pub folder: String,
}

/// A file or a folder on a FAT drive. Its name is what the target wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// Bytes; 0 for a folder.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub size: u64,
    /// It is a folder.
    pub folder: bool,
}

/// What is in a folder of a FAT drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileList {
    /// In the order in which they were made, at most [`MAX_FILES`].
    pub files: Vec<FileInfo>,
    /// How many there are.
    pub count: u32,
    /// Bytes that are free on the drive.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub free: u64,
}

/// Most entries that are told of a folder: a message stays small beside a key.
pub const MAX_FILES: usize = 256;

/// Arguments of `storage.files.remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileRef {
    /// Name of the drive's image.
    pub image: String,
    /// The file, with the folders that it is in: `a/b.txt`.
    pub path: String,
    /// As with [`Onto`].
    #[serde(default)]
    pub take_out: bool,
}

/// A finished image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StoredImage {
    /// Its name.
    pub name: String,
    /// Bytes.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub size: u64,
    /// As it was uploaded, in hexadecimal; absent when it was not made by an upload.
    pub sha256: Option<String>,
    /// It has been in a writable drive since, or its files were changed: it need not have that hash any more.
    pub modified: bool,
    /// It begins as a FAT drive does: files can be put onto it.
    #[serde(default)]
    pub fat: bool,
}

/// An upload that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Incoming {
    /// Names it.
    pub id: String,
    /// Name of the image to be.
    pub name: String,
    /// Bytes in all.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub size: u64,
    /// Bytes that are there.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: u64,
    /// All is there, and is read back for its hash.
    pub verifying: bool,
}

/// One of the target's drives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LunInfo {
    /// Which.
    pub index: u32,
    /// What is in it; absent when it is empty.
    pub image: Option<String>,
    /// What the target takes it for.
    pub medium: Medium,
    /// Whether the target may write.
    pub access: Access,
    /// What is wrong with it, a sentence.
    pub problem: Option<String>,
}

/// Topic `storage.state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StorageState {
    /// By name.
    pub images: Vec<StoredImage>,
    /// Uploads that are not finished.
    pub incoming: Vec<Incoming>,
    /// The target's drives; empty while it has none.
    pub luns: Vec<LunInfo>,
    /// Why it has none, a sentence.
    pub reason: Option<String>,
    /// Bytes that an upload may take.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub free: u64,
    /// Bytes of the data partition.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: u64,
}
