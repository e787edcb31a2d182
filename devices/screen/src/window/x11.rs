//! The window's life: it comes, is resized, covered, closed, and comes again.

use super::{
    keys::full_screen_key,
    paint::{Formats, Ground, Layer},
    upload::{Sent, Upload},
    WindowError,
};
use crate::{
    config::Shape,
    core::{first_size, Size},
    pixels::Pixels,
};
use std::os::fd::{AsFd, OwnedFd};
use tokio::io::{unix::AsyncFd, Interest};
use x11rb::{
    atom_manager,
    connection::Connection,
    protocol::{
        render::ConnectionExt as _,
        xproto::{
            AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
            EventMask, Keycode, PropMode, Screen, ScreenSaver, StackMode, WindowClass,
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
const AT_FIRST: Size = Size {
    width: 960,
    height: 540,
};
/// WM_CLASS: instance and class.
const CLASS: &[u8] = b"dkvm-screen\0dKVM\0";
/// What window managers call the end and the beginning of a state.
const REMOVE: u32 = 0;
const ADD: u32 = 1;
/// A request of an application.
const APPLICATION: u32 = 1;

atom_manager! {
    Atoms: AtomsCookie {
        WM_PROTOCOLS,
        WM_DELETE_WINDOW,
        UTF8_STRING,
        _NET_WM_NAME,
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
    /// The server has refused something, and the picture is none any more.
    Refused(String),
}

/// A window.
pub struct Window {
    connection: RustConnection,
    socket: AsyncFd<OwnedFd>,
    atoms: Atoms,
    screen: Screen,
    ground: Ground,
    upload: Upload,
    under_way: bool,
    picture: Layer,
    words: Layer,
    note: Layer,
    size: Size,
    /// Before it filled the screen, where there is no window manager that remembers it.
    before: Size,
    shape: Shape,
    open: bool,
    f11: Option<Keycode>,
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
        let made = Self {
            ground: Ground::new(&connection, window, formats)?,
            upload: Upload::new(&connection),
            f11: full_screen_key(&connection)?,
            socket: watched(socket)?,
            connection,
            atoms,
            screen,
            under_way: false,
            picture: Layer::EMPTY,
            words: Layer::EMPTY,
            note: Layer::EMPTY,
            size: AT_FIRST,
            before: AT_FIRST,
            shape: options.shape,
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
        self.connection.unmap_window(self.ground.window)?;
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
            Event::ShmCompletion(_) => {
                self.under_way = false;
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
            Event::KeyPress(key) if Some(key.detail) == self.f11 => self.turn()?,
            Event::MappingNotify(_) => self.f11 = full_screen_key(&self.connection)?,
            Event::Error(error) => return self.refused(&error).map(Some),
            _ => {}
        }
        Ok(None)
    }

    /// It may have been the picture, of which no completion comes then.
    fn refused(&mut self, error: &X11Error) -> Result<Happened, WindowError> {
        self.under_way = false;
        self.picture.clear(&self.connection)?;
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
        self.repaint()?;
        Ok(Some(Happened::Resized))
    }

    /// Full screen and back.
    fn turn(&mut self) -> Result<(), WindowError> {
        self.shape = match self.shape {
            Shape::FullScreen => Shape::Window,
            Shape::Window => {
                self.before = self.size;
                Shape::FullScreen
            }
        };
        self.reshape()?;
        self.connection.flush()?;
        Ok(())
    }

    /// By the window manager, or, where there is none, by ourselves.
    fn reshape(&self) -> Result<(), WindowError> {
        let root = self.screen.root;
        let manager = self.connection.get_property(
            false,
            root,
            self.atoms._NET_SUPPORTING_WM_CHECK,
            AtomEnum::WINDOW,
            0,
            1,
        )?;
        if manager.reply()?.value_len == 0 {
            return self.reshape_alone();
        }
        let what = match self.shape {
            Shape::FullScreen => ADD,
            Shape::Window => REMOVE,
        };
        let state = self.atoms._NET_WM_STATE;
        let data = [what, self.atoms._NET_WM_STATE_FULLSCREEN, 0, APPLICATION, 0];
        let message = ClientMessageEvent::new(32, self.ground.window, state, data);
        let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        self.connection.send_event(false, root, mask, message)?;
        Ok(())
    }

    fn reshape_alone(&self) -> Result<(), WindowError> {
        let size = match self.shape {
            Shape::FullScreen => self.screen_size(),
            Shape::Window => self.before,
        };
        let place = ConfigureWindowAux::new()
            .x(0)
            .y(0)
            .width(u32::from(size.width))
            .height(u32::from(size.height))
            .stack_mode(StackMode::ABOVE);
        self.connection
            .configure_window(self.ground.window, &place)?;
        Ok(())
    }

    fn screen_size(&self) -> Size {
        Size {
            width: self.screen.width_in_pixels,
            height: self.screen.height_in_pixels,
        }
    }

    /// How large it is.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Whether the server still reads the picture before.
    pub const fn is_busy(&self) -> bool {
        self.under_way
    }

    /// Another picture. The first decides on how large the window is.
    pub fn show(&mut self, pixels: &Pixels) -> Result<(), WindowError> {
        let size = pixels.size();
        let is_first = self.picture.size().is_none() && self.size == AT_FIRST;
        if is_first && self.shape == Shape::Window {
            self.before = first_size(size, self.screen_size());
            self.reshape_to(self.before)?;
        }
        let is_other = self.picture.size() != Some(size) || self.words.size().is_some();
        self.words.clear(&self.connection)?;
        let sent = self
            .picture
            .put(&self.connection, &self.ground, &mut self.upload, pixels)?;
        self.under_way = sent == Sent::UnderWay;
        if is_other {
            self.repaint()
        } else {
            self.paint()
        }
    }

    fn reshape_to(&self, size: Size) -> Result<(), WindowError> {
        let place = ConfigureWindowAux::new()
            .width(u32::from(size.width))
            .height(u32::from(size.height));
        self.connection
            .configure_window(self.ground.window, &place)?;
        Ok(())
    }

    /// A sentence in place of the picture.
    pub fn say(&mut self, words: &Pixels) -> Result<(), WindowError> {
        self.picture.clear(&self.connection)?;
        let upload = &mut Upload::Socket;
        self.words
            .put(&self.connection, &self.ground, upload, words)?;
        self.repaint()
    }

    /// A sentence over whatever is shown, or none.
    pub fn note(&mut self, words: Option<&Pixels>) -> Result<(), WindowError> {
        match words {
            None => self.note.clear(&self.connection)?,
            Some(words) => {
                let upload = &mut Upload::Socket;
                self.note
                    .put(&self.connection, &self.ground, upload, words)?;
            }
        }
        self.repaint()
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

    /// Lets all go that was shown.
    pub fn forget(&mut self) -> Result<(), WindowError> {
        self.picture.clear(&self.connection)?;
        self.words.clear(&self.connection)?;
        self.note.clear(&self.connection)
    }

    /// From nothing: what was there and is not any more goes, too.
    fn repaint(&self) -> Result<(), WindowError> {
        self.connection
            .clear_area(false, self.ground.window, 0, 0, 0, 0)?;
        self.paint()
    }

    fn paint(&self) -> Result<(), WindowError> {
        let (connection, ground) = (&self.connection, &self.ground);
        self.picture.scaled(connection, ground, self.size)?;
        self.words.plain(connection, ground, self.size, 1)?;
        self.note.plain(connection, ground, self.size, 2)?;
        connection.flush()?;
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
    let mask = EventMask::EXPOSURE | EventMask::STRUCTURE_NOTIFY | EventMask::KEY_PRESS;
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
