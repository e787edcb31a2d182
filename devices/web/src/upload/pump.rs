//! From a body to the update device: the head first, so that a bundle that is refused is not read on; then chunk by
//! chunk, each when the one before is answered.

use super::{
    piece::Piece,
    source::{Source, SourceError},
};
use bytes::Bytes;
use dkvm_wire::{
    vocab::update::{Begin, Chunk, Upload, UploadRef, MAX_CHUNK, MAX_HEAD},
    ErrorCode, WireError,
};
use hyper::body::Body;
use std::future::Future;
use thiserror::Error;

/// Who installs bundles: the update device.
pub trait Installer {
    /// `update.begin`
    fn begin(&self, begin: &Begin) -> impl Future<Output = Result<Upload, WireError>> + Send;
    /// `update.write`
    fn write(&self, chunk: &Chunk) -> impl Future<Output = Result<Upload, WireError>> + Send;
    /// `update.finish`
    fn finish(&self, upload: &UploadRef) -> impl Future<Output = Result<(), WireError>> + Send;
    /// How far it is, for those who ask meanwhile.
    fn stands(&self, upload: &Upload, piece: &Piece);
}

/// What the visitor asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What the body is.
    pub piece: Piece,
    /// The upload that it goes on with; needed where it does not begin at the bundle's first byte.
    pub id: Option<String>,
    /// Take an image that is older than the running one.
    pub downgrade: bool,
}

/// Why it did not go in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The visitor's side.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A part from the middle, of one does not know what.
    #[error("a part that is not the bundle's first needs `?id=`, as the answer to the first part named it")]
    NoId,
    /// The update device's side.
    #[error(transparent)]
    Refused(#[from] WireError),
}

/// Takes one body in. The upload as it stands after it; with its last byte it is finished too.
pub async fn pump<B, I>(order: &Order, body: B, installer: &I) -> Result<Upload, Failure>
where
    B: Body<Data = Bytes> + Unpin,
    I: Installer,
{
    let piece = &order.piece;
    let mut source = Source::new(body, piece.length);
    let upload = start(order, &mut source, installer).await?;
    installer.stands(&upload, piece);
    // What is there already is not written again.
    source
        .skip(upload.offset.saturating_sub(piece.offset))
        .await?;
    let upload = write_all(upload, piece, &mut source, installer).await?;
    if upload.offset >= piece.size {
        let id = upload.id.clone();
        installer.finish(&UploadRef { id }).await?;
    }
    Ok(upload)
}

async fn start<B, I>(
    order: &Order,
    source: &mut Source<B>,
    installer: &I,
) -> Result<Upload, Failure>
where
    B: Body<Data = Bytes> + Unpin,
    I: Installer,
{
    let Piece { offset, size, .. } = order.piece;
    if offset > 0 {
        let id = order.id.clone().ok_or(Failure::NoId)?;
        return Ok(Upload { id, offset });
    }
    let begin = Begin {
        size,
        head: source.peek(MAX_HEAD).await?.to_vec(),
        downgrade: order.downgrade,
    };
    Ok(installer.begin(&begin).await?)
}

async fn write_all<B, I>(
    mut upload: Upload,
    piece: &Piece,
    source: &mut Source<B>,
    installer: &I,
) -> Result<Upload, Failure>
where
    B: Body<Data = Bytes> + Unpin,
    I: Installer,
{
    loop {
        let data = source.next(MAX_CHUNK).await?;
        if data.is_empty() {
            return Ok(upload);
        }
        let chunk = Chunk {
            id: upload.id,
            offset: upload.offset,
            data: data.to_vec(),
        };
        let wanted = chunk.offset + chunk.data.len() as u64;
        upload = installer.write(&chunk).await?;
        installer.stands(&upload, piece);
        if upload.offset != wanted {
            return Err(elsewhere(&upload, wanted).into());
        }
    }
}

fn elsewhere(upload: &Upload, wanted: u64) -> WireError {
    let message = format!(
        "the update device is at byte {} of the bundle, not at {wanted}: send it again, it goes on where it stopped",
        upload.offset
    );
    WireError::new(ErrorCode::Conflict, message)
}

#[cfg(test)]
#[path = "pump_tests.rs"]
mod tests;
