//! The window's life: it comes, is resized, covered, closed, and comes again.

use super::{
    keys::{Held, Key, Keys},
    paint::{Formats, Ground, Layer},
    panes::Pane,
    upload::{Sharing, Upload},
    WindowError,
};
use crate::{
    config::Shape,
    core::{Division, Size},
};
use std::os::fd::{AsFd, OwnedFd};
use tokio::io::{unix::AsyncFd, Interest};
use x11rb::{
    atom_manager,
    connection::Connection,
    protocol::{
        render::ConnectionExt as _,
        xproto::{
            AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Screen,
            ScreenSaver, WindowClass,
        },
        Event,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
    x11_utils::X11Error,
    COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT,
};

/// RENDER with filters.
const RENDER: (u32, u32) = (0, 6);
/// Of a window that has no picture yet.
pub(super) const AT_FIRST: Size = Size {
    width: 960,
    height: 540,
};
/// The button that means something: the left one.
const LEFT: u8 = 1;
/// WM_CLASS: instance and class.
const CLASS: &[u8] = b"dkvm-screen\0dKVM\0";
atom_manager! {
    pub(super) Atoms: AtomsCookie {
        WM_PROTOCOLS,
        WM_DELETE_WINDOW,
        UTF8_STRING,
        _NET_WM_NAME,
        _NET_WM_USER_TIME,
        _NET_WM_STATE,
        _NET_WM_STATE_FULLSCREEN,
        _NET_SUPPORTING_WM_CHECK,
    }
}

/// How it is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The X server; `None` is the environment's.
    pub display: Option<String>,
    /// Its first shape.
    pub shape: Shape,
}

/// What a person, or the server, did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It was closed.
    Closed,
    /// Nobody sees it now.
    Hidden,
    /// It is seen.
    Seen,
    /// The last picture has arrived: another may be shown.
    Arrived,
    /// It has another size.
    Resized,
    /// A key that means something.
    Pressed(Key),
    /// A click, so far from its corner.
    Clicked((i16, i16)),
    /// The server has refused something, and the picture is none any more.
    Refused(String),
}

/// A window.
pub struct Window {
    pub(super) connection: RustConnection,
    socket: AsyncFd<OwnedFd>,
    pub(super) atoms: Atoms,
    pub(super) screen: Screen,
    pub(super) ground: Ground,
    pub(super) sharing: Sharing,
    pub(super) division: Division,
    pub(super) panes: Vec<Pane>,
    /// All targets.
    pub(super) board: Layer,
    pub(super) board_upload: Upload,
    pub(super) note: Layer,
    pub(super) size: Size,
    /// Before it filled the screen, where there is no window manager that remembers it.
    pub(super) before: Size,
    pub(super) shape: Shape,
    /// A picture has decided on how large it is.
    pub(super) has_begun: bool,
    open: bool,
    keys: Keys,
    held: Held,
    title: String,
}

impl Window {
    /// Connects, and makes a window that is not shown yet.
    pub fn new(options: &Options) -> Result<Self, WindowError> {
        let display = options.display.clone();
        let display = display.or_else(|| std::env::var("DISPLAY").ok());
        let display = display.filter(|name| !name.is_empty());
        let display = display.ok_or(WindowError::NoDisplay)?;
        let (connection, number) = RustConnection::connect(Some(&display))
            .map_err(|source| WindowError::Connect { display, source })?;
        let screen = connection.setup().roots[number].clone();
        if connection.setup().image_byte_order != x11rb::protocol::xproto::ImageOrder::LSB_FIRST {
            return Err(WindowError::Lacks("little-endian pixels"));
        }
        let atoms = Atoms::new(&connection)?.reply()?;
        let version = connection.render_query_version(RENDER.0, RENDER.1);
        version
            .map_err(|_| WindowError::Lacks("RENDER extension"))?
            .reply()?;
        let formats = Formats::find(&connection, screen.root_visual)?;
        let window = create(&connection, &screen)?;
        let socket = connection.stream().as_fd().try_clone_to_owned()?;
        let sharing = Sharing::ask(&connection);
        let made = Self {
            ground: Ground::new(&connection, window, formats)?,
            sharing,
            keys: Keys::find(&connection)?,
            held: Held::default(),
            socket: watched(socket)?,
            connection,
            atoms,
            screen,
            division: Division::Spots(Vec::new()),
            panes: Vec::new(),
            board: Layer::EMPTY,
            board_upload: Upload::new(sharing),
            note: Layer::EMPTY,
            size: AT_FIRST,
            before: AT_FIRST,
            shape: options.shape,
            has_begun: false,
            open: false,
            title: String::new(),
        };
        made.describe()?;
        Ok(made)
    }

    fn describe(&self) -> Result<(), WindowError> {
        let (window, atoms) = (self.ground.window, &self.atoms);
        self.connection.change_property32(
            PropMode::REPLACE,
            window,
            atoms.WM_PROTOCOLS,
            AtomEnum::ATOM,
            &[atoms.WM_DELETE_WINDOW],
        )?;
        let class = (AtomEnum::WM_CLASS, AtomEnum::STRING);
        self.connection
            .change_property8(PropMode::REPLACE, window, class.0, class.1, CLASS)?;
        // It comes by itself: the keyboard stays with who has it.
        let (time, kind) = (atoms._NET_WM_USER_TIME, AtomEnum::CARDINAL);
        self.connection
            .change_property32(PropMode::REPLACE, window, time, kind, &[0])?;
        self.connection.flush()?;
        Ok(())
    }

    /// Shows the window, if it is not.
    pub fn open(&mut self) -> Result<(), WindowError> {
        if self.open {
            return Ok(());
        }
        self.open = true;
        if self.shape == Shape::FullScreen {
            self.connection.change_property32(
                PropMode::REPLACE,
                self.ground.window,
                self.atoms._NET_WM_STATE,
                AtomEnum::ATOM,
                &[self.atoms._NET_WM_STATE_FULLSCREEN],
            )?;
        }
        self.connection.map_window(self.ground.window)?;
        if self.shape == Shape::FullScreen {
            self.reshape()?;
        }
        self.connection.flush()?;
        Ok(())
    }

    /// Takes it away; [`Window::open`] brings it back.
    pub fn close(&mut self) -> Result<(), WindowError> {
        self.open = false;
        self.forget()?;
        let window = self.ground.window;
        self.connection.unmap_window(window)?;
        // It comes back when a person goes to a target: then in front.
        let time = self.atoms._NET_WM_USER_TIME;
        self.connection.delete_property(window, time)?;
        self.connection.flush()?;
        Ok(())
    }

    /// Completes when the server has said something. Cancel-safe.
    pub async fn readable(&self) -> Result<(), WindowError> {
        self.socket.readable().await?.clear_ready();
        Ok(())
    }

    /// What happened since. Nothing may be waited for before this has nothing more: an answer that was waited for may have
    /// brought it along.
    pub fn happened(&mut self) -> Result<Option<Happened>, WindowError> {
        while let Some(event) = self.connection.poll_for_event()? {
            if let Some(happened) = self.take(event)? {
                return Ok(Some(happened));
            }
        }
        Ok(None)
    }

    fn take(&mut self, event: Event) -> Result<Option<Happened>, WindowError> {
        match event {
            Event::ClientMessage(message)
                if message.data.as_data32()[0] == self.atoms.WM_DELETE_WINDOW =>
            {
                return Ok(Some(Happened::Closed));
            }
            Event::UnmapNotify(_) if self.open => return Ok(Some(Happened::Hidden)),
            Event::MapNotify(_) => return Ok(Some(Happened::Seen)),
            Event::ShmCompletion(completion) => {
                self.arrived(completion.shmseg);
                return Ok(Some(Happened::Arrived));
            }
            Event::Expose(expose) if expose.count == 0 => self.paint()?,
            Event::ConfigureNotify(configured) => {
                let size = Size {
                    width: configured.width,
                    height: configured.height,
                };
                return self.resized(size);
            }
            Event::KeyPress(key) => {
                let repeats = self.held.repeats(key.detail, key.time);
                match self.keys.meaning(key.detail) {
                    // Only to walk on is what a key is held for.
                    Some(meant) if repeats && !matches!(meant, Key::Arrow(_)) => {}
                    Some(Key::FullScreen) => self.turn()?,
                    other => return Ok(other.map(Happened::Pressed)),
                }
            }
            Event::KeyRelease(key) => self.held.up(key.detail, key.time),
            Event::FocusOut(_) => self.held.forget(),
            Event::KeymapNotify(keymap) => self.held.begin(&keymap),
            Event::ButtonPress(button) if button.detail == LEFT => {
                return Ok(Some(Happened::Clicked((button.event_x, button.event_y))));
            }
            Event::MappingNotify(_) => self.keys = Keys::find(&self.connection)?,
            Event::Error(error) => return self.refused(&error).map(Some),
            _ => {}
        }
        Ok(None)
    }

    /// One that is none of a pane any more is nobody's.
    fn arrived(&mut self, segment: u32) {
        let mut uploads = self.panes.iter_mut().map(|pane| &mut pane.upload);
        if !uploads.any(|upload| upload.arrived(segment)) {
            self.board_upload.arrived(segment);
        }
    }

    /// It may have been any picture, of which no completion comes then.
    fn refused(&mut self, error: &X11Error) -> Result<Happened, WindowError> {
        for pane in &mut self.panes {
            pane.upload.give_up();
            pane.clear(&self.connection)?;
        }
        self.board_upload.give_up();
        self.board.clear(&self.connection)?;
        Ok(Happened::Refused(format!(
            "the X server refuses a request: {:?} ({})",
            error.error_kind,
            error.request_name.unwrap_or("of no known name")
        )))
    }

    fn resized(&mut self, size: Size) -> Result<Option<Happened>, WindowError> {
        if size == self.size {
            return Ok(None);
        }
        self.size = size;
        self.arrange();
        self.repaint()?;
        Ok(Some(Happened::Resized))
    }

    /// How large it is.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// What stands in its bar.
    pub fn title(&mut self, title: &str) -> Result<(), WindowError> {
        if self.title == title {
            return Ok(());
        }
        title.clone_into(&mut self.title);
        let (window, text) = (self.ground.window, title.as_bytes());
        let utf8 = self.atoms.UTF8_STRING;
        let (name, long) = (AtomEnum::WM_NAME, self.atoms._NET_WM_NAME);
        self.connection
            .change_property8(PropMode::REPLACE, window, name, utf8, text)?;
        self.connection
            .change_property8(PropMode::REPLACE, window, long, utf8, text)?;
        self.connection.flush()?;
        Ok(())
    }

    /// Somebody is at this machine: it is not idle, whatever the server sees of its keys.
    pub fn stay_awake(&self) -> Result<(), WindowError> {
        self.connection.force_screen_saver(ScreenSaver::RESET)?;
        self.connection.flush()?;
        Ok(())
    }
}

fn watched(socket: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // Deprecated for descriptors that may change under it, which an `OwnedFd` does not; its successor is unsafe.
    #[allow(deprecated)]
    AsyncFd::with_interest(socket, Interest::READABLE)
}

fn create(connection: &RustConnection, screen: &Screen) -> Result<u32, WindowError> {
    let window = connection.generate_id()?;
    let mask = EventMask::EXPOSURE
        | EventMask::STRUCTURE_NOTIFY
        | EventMask::KEY_PRESS
        | EventMask::KEY_RELEASE
        | EventMask::KEYMAP_STATE
        | EventMask::FOCUS_CHANGE
        | EventMask::BUTTON_PRESS;
    let look = CreateWindowAux::new()
        .background_pixel(screen.black_pixel)
        .event_mask(mask);
    connection.create_window(
        COPY_DEPTH_FROM_PARENT,
        window,
        screen.root,
        0,
        0,
        AT_FIRST.width,
        AT_FIRST.height,
        0,
        WindowClass::INPUT_OUTPUT,
        COPY_FROM_PARENT,
        &look,
    )?;
    Ok(window)
}
