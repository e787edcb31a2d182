//! Pictures in the X server, and how they come into the window: scaled by RENDER, which the server's graphics hardware does.

use super::{
    upload::{Upload, DEPTH},
    WindowError,
};
use crate::{
    core::{fit, Rect, Size},
    pixels::Pixels,
};
use x11rb::{
    connection::Connection,
    protocol::{
        render::{
            self, ConnectionExt as _, CreatePictureAux, PictOp, PictType, Pictformat, Pictforminfo,
            Repeat, Transform,
        },
        xproto::{ConnectionExt as _, CreateGCAux, Pixmap, Visualid, Window},
    },
    rust_connection::RustConnection,
};

/// RENDER's fractions are of 2^16.
const ONE: i32 = 1 << 16;

/// How RENDER calls what we send, and what the window has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formats {
    ours: Pictformat,
    window: Pictformat,
}

impl Formats {
    pub(super) fn find(connection: &RustConnection, visual: Visualid) -> Result<Self, WindowError> {
        let reply = connection.render_query_pict_formats();
        let formats = reply
            .map_err(|_| WindowError::Lacks("RENDER extension"))?
            .reply()
            .map_err(|_| WindowError::Lacks("RENDER extension"))?;
        let ours = formats.formats.iter().find(|format| is_ours(format));
        let visuals = formats.screens.iter().flat_map(|screen| &screen.depths);
        let mut visuals = visuals.flat_map(|depth| &depth.visuals);
        let window = visuals.find(|known| known.visual == visual);
        Ok(Self {
            ours: ours.ok_or(WindowError::Lacks("24-bit colour"))?.id,
            window: window
                .ok_or(WindowError::Lacks("format for its windows"))?
                .format,
        })
    }
}

/// Blue in the lowest byte.
fn is_ours(format: &Pictforminfo) -> bool {
    let direct = format.direct;
    format.type_ == PictType::DIRECT
        && format.depth == DEPTH
        && (direct.red_shift, direct.green_shift, direct.blue_shift) == (16, 8, 0)
        && direct.alpha_mask == 0
}

/// A picture in the server.
pub(super) struct Canvas {
    pixmap: Pixmap,
    gc: u32,
    picture: render::Picture,
    pub(super) size: Size,
}

impl Canvas {
    fn new(
        connection: &RustConnection,
        window: Window,
        formats: Formats,
        size: Size,
    ) -> Result<Self, WindowError> {
        let (pixmap, gc, picture) = (
            connection.generate_id()?,
            connection.generate_id()?,
            connection.generate_id()?,
        );
        connection.create_pixmap(DEPTH, pixmap, window, size.width, size.height)?;
        connection.create_gc(gc, pixmap, &CreateGCAux::new().graphics_exposures(0))?;
        // At its edge a scaled picture is mixed with what lies beside it.
        let edge = CreatePictureAux::new().repeat(Repeat::PAD);
        connection.render_create_picture(picture, pixmap, formats.ours, &edge)?;
        Ok(Self {
            pixmap,
            gc,
            picture,
            size,
        })
    }

    fn free(self, connection: &RustConnection) -> Result<(), WindowError> {
        connection.render_free_picture(self.picture)?;
        connection.free_gc(self.gc)?;
        connection.free_pixmap(self.pixmap)?;
        Ok(())
    }
}

/// A place for pictures of changing size.
pub(super) struct Layer {
    canvas: Option<Canvas>,
}

/// What a layer is drawn into.
pub(super) struct Ground {
    pub(super) window: Window,
    pub(super) picture: render::Picture,
    pub(super) formats: Formats,
}

impl Ground {
    pub(super) fn new(
        connection: &RustConnection,
        window: Window,
        formats: Formats,
    ) -> Result<Self, WindowError> {
        let picture = connection.generate_id()?;
        connection.render_create_picture(
            picture,
            window,
            formats.window,
            &CreatePictureAux::new(),
        )?;
        Ok(Self {
            window,
            picture,
            formats,
        })
    }
}

impl Layer {
    pub(super) const EMPTY: Self = Self { canvas: None };

    pub(super) fn size(&self) -> Option<Size> {
        self.canvas.as_ref().map(|canvas| canvas.size)
    }

    /// Puts a picture there.
    pub(super) fn put(
        &mut self,
        connection: &RustConnection,
        ground: &Ground,
        upload: &mut Upload,
        pixels: &Pixels,
    ) -> Result<(), WindowError> {
        let size = pixels.size();
        if self.size() != Some(size) {
            self.clear(connection)?;
        }
        let canvas = match &mut self.canvas {
            Some(canvas) => canvas,
            none => none.insert(Canvas::new(
                connection,
                ground.window,
                ground.formats,
                size,
            )?),
        };
        upload.send(connection, (canvas.pixmap, canvas.gc), pixels)
    }

    pub(super) fn clear(&mut self, connection: &RustConnection) -> Result<(), WindowError> {
        self.canvas
            .take()
            .map_or(Ok(()), |old| old.free(connection))
    }

    /// Draws it as large as a place allows.
    pub(super) fn scaled(
        &self,
        connection: &RustConnection,
        ground: &Ground,
        within: Rect,
    ) -> Result<(), WindowError> {
        let Some(canvas) = &self.canvas else {
            return Ok(());
        };
        let place = fit(canvas.size, within.size).within(within);
        let ratio = |from: u16, to: u16| i32::from(from) * ONE / i32::from(to.max(1));
        let transform = Transform {
            matrix11: ratio(canvas.size.width, place.size.width),
            matrix22: ratio(canvas.size.height, place.size.height),
            matrix33: ONE,
            ..Transform::default()
        };
        connection.render_set_picture_transform(canvas.picture, transform)?;
        let filter: &[u8] = if place.size == canvas.size {
            b"nearest"
        } else {
            b"bilinear"
        };
        connection.render_set_picture_filter(canvas.picture, filter, &[])?;
        draw(connection, ground, canvas, place)
    }

    /// Draws it pixel for pixel in a place, in the middle, so far down: 0 is the top, 2 the bottom. What is larger is cut.
    pub(super) fn plain(
        &self,
        connection: &RustConnection,
        ground: &Ground,
        within: Rect,
        down: u16,
    ) -> Result<(), WindowError> {
        let Some(canvas) = &self.canvas else {
            return Ok(());
        };
        let room = |outer: u16, inner: u16| outer.saturating_sub(inner) / 2;
        let (own, size) = (canvas.size, within.size);
        let place = Rect {
            x: i16::try_from(room(size.width, own.width)).unwrap_or(0),
            y: i16::try_from(room(size.height, own.height).saturating_mul(down)).unwrap_or(0),
            size: Size {
                width: own.width.min(size.width),
                height: own.height.min(size.height),
            },
        };
        draw(connection, ground, canvas, place.within(within))
    }
}

fn draw(
    connection: &RustConnection,
    ground: &Ground,
    canvas: &Canvas,
    place: Rect,
) -> Result<(), WindowError> {
    let Size { width, height } = place.size;
    connection.render_composite(
        PictOp::SRC,
        canvas.picture,
        x11rb::NONE,
        ground.picture,
        0,
        0,
        0,
        0,
        place.x,
        place.y,
        width,
        height,
    )?;
    Ok(())
}
