//! Pixels on their way into the X server: by memory that both have, else through the socket.

use super::WindowError;
use crate::pixels::{Pixels, PIXEL};
use rustix::{
    fd::OwnedFd,
    fs::{ftruncate, memfd_create, MemfdFlags},
};
use std::{fs::File, os::unix::fs::FileExt};
use x11rb::{
    connection::{Connection, RequestConnection},
    errors::ReplyOrIdError,
    protocol::{
        shm::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, Drawable, Gcontext, ImageFormat},
    },
    rust_connection::RustConnection,
};

/// Of every pixel that is sent.
pub(super) const DEPTH: u8 = 24;
/// Of a request that carries pixels, beside them.
const REQUEST_HEAD: usize = 64;

/// The way.
pub(super) enum Upload {
    /// A file in memory that both have; written, not mapped, so nothing is read that the other side changes.
    Shared(Shared),
    /// The server is elsewhere, or does without.
    Socket,
}

pub(super) struct Shared {
    file: Option<(File, shm::Seg, usize)>,
    /// The server still reads what was sent last: it says when it has.
    is_read: bool,
}

/// Whether the server takes memory of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    Yes,
    No,
}

impl Sharing {
    /// Asks it.
    pub(super) fn ask(connection: &RustConnection) -> Self {
        let version = connection.shm_query_version().ok();
        let version = version.and_then(|cookie| cookie.reply().ok());
        match version.map(|shm| (shm.major_version, shm.minor_version)) {
            // The first that takes a file by its descriptor.
            Some(version) if version >= (1, 2) => Self::Yes,
            _ => Self::No,
        }
    }
}

impl Upload {
    /// Shared memory where the server takes it.
    pub(super) const fn new(sharing: Sharing) -> Self {
        match sharing {
            Sharing::Yes => Self::Shared(Shared {
                file: None,
                is_read: false,
            }),
            Sharing::No => Self::Socket,
        }
    }

    /// Whether the server still reads what was sent before.
    pub(super) const fn is_busy(&self) -> bool {
        matches!(self, Self::Shared(shared) if shared.is_read)
    }

    /// The server has read what is in a segment. Says whether that is this one's.
    pub(super) fn arrived(&mut self, segment: shm::Seg) -> bool {
        match self {
            Self::Shared(shared) if shared.segment() == Some(segment) => {
                shared.is_read = false;
                true
            }
            _ => false,
        }
    }

    /// Something was refused, and may have been this: nothing is waited for.
    pub(super) const fn give_up(&mut self) {
        if let Self::Shared(shared) = self {
            shared.is_read = false;
        }
    }

    /// Takes the memory back.
    pub(super) fn free(self, connection: &RustConnection) -> Result<(), WindowError> {
        if let Self::Shared(shared) = self {
            if let Some(segment) = shared.segment() {
                connection.shm_detach(segment)?;
            }
        }
        Ok(())
    }

    /// Sends a picture to a pixmap of its size.
    pub(super) fn send(
        &mut self,
        connection: &RustConnection,
        (to, gc): (Drawable, Gcontext),
        pixels: &Pixels,
    ) -> Result<(), WindowError> {
        if let Self::Shared(shared) = self {
            match shared.send(connection, (to, gc), pixels) {
                Ok(()) => return Ok(()),
                Err(why) => {
                    dkvm_sdk::info!("pictures go through the socket, which takes longer: no memory is shared with the X server ({why})");
                    *self = Self::Socket;
                }
            }
        }
        through_socket(connection, (to, gc), pixels)
    }
}

/// Why memory is not shared.
#[derive(Debug, thiserror::Error)]
enum ShareError {
    #[error(transparent)]
    Memory(#[from] std::io::Error),
    #[error(transparent)]
    Server(#[from] ReplyOrIdError),
}

impl Shared {
    fn segment(&self) -> Option<shm::Seg> {
        self.file.as_ref().map(|(_, segment, _)| *segment)
    }

    fn send(
        &mut self,
        connection: &RustConnection,
        (to, gc): (Drawable, Gcontext),
        pixels: &Pixels,
    ) -> Result<(), ShareError> {
        let (file, segment) = self.fit(connection, pixels.bytes().len())?;
        file.write_all_at(pixels.bytes(), 0)?;
        let size = pixels.size();
        let sent = connection.shm_put_image(
            to,
            gc,
            size.width,
            size.height,
            0,
            0,
            size.width,
            size.height,
            0,
            0,
            DEPTH,
            ImageFormat::Z_PIXMAP.into(),
            true,
            segment,
            0,
        );
        sent.map_err(ReplyOrIdError::from)?;
        self.is_read = true;
        Ok(())
    }

    /// Of at least this length. A smaller one is left to the server, which lets it go.
    fn fit(
        &mut self,
        connection: &RustConnection,
        length: usize,
    ) -> Result<(&File, shm::Seg), ShareError> {
        if let Some((_, segment, has)) = &self.file {
            if *has < length {
                connection
                    .shm_detach(*segment)
                    .map_err(ReplyOrIdError::from)?;
                self.file = None;
            }
        }
        let (file, segment, _) = match &mut self.file {
            Some(file) => file,
            none => none.insert(attach(connection, length)?),
        };
        Ok((file, *segment))
    }
}

fn attach(
    connection: &RustConnection,
    length: usize,
) -> Result<(File, shm::Seg, usize), ShareError> {
    let memory: OwnedFd = memfd_create("dkvm-screen", MemfdFlags::CLOEXEC).map_err(io)?;
    ftruncate(&memory, length as u64).map_err(io)?;
    let file = File::from(memory);
    let segment = connection.generate_id()?;
    let theirs = file.try_clone()?;
    let attached = connection.shm_attach_fd(segment, theirs, true);
    attached
        .map_err(ReplyOrIdError::from)?
        .check()
        .map_err(ReplyOrIdError::from)?;
    Ok((file, segment, length))
}

fn io(error: rustix::io::Errno) -> std::io::Error {
    error.into()
}

/// In bands as high as a request may be. Then the server is waited for: it sets the pace.
fn through_socket(
    connection: &RustConnection,
    (to, gc): (Drawable, Gcontext),
    pixels: &Pixels,
) -> Result<(), WindowError> {
    let size = pixels.size();
    let line = usize::from(size.width) * PIXEL;
    let room = connection
        .maximum_request_bytes()
        .saturating_sub(REQUEST_HEAD);
    let lines = (room / line.max(1)).max(1);
    for (band, bytes) in pixels.bytes().chunks((lines * line).max(1)).enumerate() {
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let top = i16::try_from(band * lines).unwrap_or(i16::MAX);
        let height = short(bytes.len() / line.max(1));
        connection.put_image(
            ImageFormat::Z_PIXMAP,
            to,
            gc,
            size.width,
            height,
            0,
            top,
            0,
            DEPTH,
            bytes,
        )?;
    }
    connection.get_input_focus()?.reply()?;
    Ok(())
}
