//! A real X server without a screen, and a look at what it shows.

use dkvm_testkit::Failure;
use rustix::process::{kill_process, Pid, Signal};
use std::{
    cell::Cell,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};
use x11rb::{
    connection::Connection,
    protocol::{
        screensaver::ConnectionExt as _,
        xproto::{
            self, AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask,
            ImageFormat, KeyPressEvent, MapState, Window,
        },
    },
    rust_connection::RustConnection,
};

/// What comes sooner or later is looked for so often,
const MOMENT: Duration = Duration::from_millis(20);
/// and so many times.
const TIMES: u32 = 700;
/// From one event of a person to the next, by the server's clock, ms.
const HAND: u32 = 100;

pub struct XServer {
    process: Child,
    pub display: String,
    connection: RustConnection,
    root: Window,
    /// When the person did something last, ms.
    time: Cell<u32>,
    pub size: (u16, u16),
}

fn failed(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("{what}: {error}"))
}

impl XServer {
    pub fn start(more: &[&str]) -> Result<Self, Failure> {
        let mut process = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "800x600x24"])
            .args(["-nolisten", "tcp", "-noreset"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed("Xvfb does not start (lab/setup.sh installs it)", error))?;
        let mut number = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut number)
            .map_err(|error| failed("Xvfb does not say its display", error))?;
        let display = format!(":{}", number.trim());
        let (connection, screen) = RustConnection::connect(Some(&display))
            .map_err(|error| failed("Xvfb cannot be reached", error))?;
        let screen = &connection.setup().roots[screen];
        Ok(Self {
            process,
            display,
            root: screen.root,
            time: Cell::new(0),
            size: (screen.width_in_pixels, screen.height_in_pixels),
            connection,
        })
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> Option<bool>) -> Result<(), Failure> {
        for _ in 0..TIMES {
            if holds(self) == Some(true) {
                return Ok(());
            }
            sleep(MOMENT);
        }
        Err(Failure::new(format!("it never came that {what}")))
    }

    /// The window, and where it is: x, y, width, height.
    pub fn window(&self) -> Option<(Window, [u16; 4])> {
        let tree = self.connection.query_tree(self.root).ok()?.reply().ok()?;
        tree.children.into_iter().find_map(|window| {
            let seen = self
                .connection
                .get_window_attributes(window)
                .ok()?
                .reply()
                .ok()?;
            let place = self.connection.get_geometry(window).ok()?.reply().ok()?;
            let at = |edge: i16| u16::try_from(edge).unwrap_or(0);
            let place = [at(place.x), at(place.y), place.width, place.height];
            (seen.map_state == MapState::VIEWABLE).then_some((window, place))
        })
    }

    pub fn is_open(&self) -> bool {
        self.window().is_some()
    }

    pub fn window_size(&self) -> Option<(u16, u16)> {
        self.window().map(|(_, place)| (place[2], place[3]))
    }

    /// Red, green, blue of a place in the window, in hundredths of its size.
    pub fn color(&self, (right, down): (u32, u32)) -> Option<[u8; 3]> {
        let (window, [_, _, width, height]) = self.window()?;
        let part = |edge: u16, of: u32| i16::try_from(u32::from(edge) * of / 100).ok();
        let (x, y) = (part(width, right)?, part(height, down)?);
        let format = ImageFormat::Z_PIXMAP;
        let image = self.connection.get_image(format, window, x, y, 1, 1, !0);
        let data = image.ok()?.reply().ok()?.data;
        Some([*data.get(2)?, *data.get(1)?, *data.first()?])
    }

    /// The middle of a row of the window, in hundredths of its height: three fifths of it.
    pub fn row(&self, down: u32) -> Option<Vec<[u8; 3]>> {
        let (window, [_, _, width, height]) = self.window()?;
        let (left, count) = (i16::try_from(width / 5).ok()?, width / 5 * 3);
        let y = i16::try_from(u32::from(height) * down / 100).ok()?;
        let format = ImageFormat::Z_PIXMAP;
        let image = self
            .connection
            .get_image(format, window, left, y, count, 1, !0);
        let data = image.ok()?.reply().ok()?.data;
        let pixels = data.chunks_exact(4);
        Some(pixels.map(|one| [one[2], one[1], one[0]]).collect())
    }

    pub fn until_color(&self, at: (u32, u32), wanted: [u8; 3]) -> Result<(), Failure> {
        let last = std::cell::Cell::new(None);
        let seen = self.until("a colour", |server| {
            last.set(server.color(at));
            last.get().map(|color| is_near(color, wanted))
        });
        seen.map_err(|_| {
            Failure::new(format!(
                "at {at:?} there is {:?} and never {wanted:?}",
                last.get()
            ))
        })
    }

    /// How many pixels of the window are lit.
    pub fn lit(&self) -> Option<usize> {
        let (window, [_, _, width, height]) = self.window()?;
        let format = ImageFormat::Z_PIXMAP;
        let image = self
            .connection
            .get_image(format, window, 0, 0, width, height, !0);
        let data = image.ok()?.reply().ok()?.data;
        Some(
            data.chunks(4)
                .filter(|pixel| pixel[..3].iter().any(|part| *part > 90))
                .count(),
        )
    }

    pub fn title(&self) -> Option<String> {
        let (window, _) = self.window()?;
        let name = AtomEnum::WM_NAME;
        let name = self
            .connection
            .get_property(false, window, name, AtomEnum::ANY, 0, 1000);
        String::from_utf8(name.ok()?.reply().ok()?.value).ok()
    }

    /// As a person drags its corner.
    pub fn resize(&self, (width, height): (u16, u16)) -> Result<(), Failure> {
        let (window, _) = self.window().ok_or_else(|| Failure::new("no window"))?;
        let size = ConfigureWindowAux::new()
            .width(u32::from(width))
            .height(u32::from(height));
        let _ = self.connection.configure_window(window, &size);
        self.connection
            .flush()
            .map_err(|error| failed("Xvfb", error))
    }

    /// As a window manager does when its cross is clicked.
    pub fn close(&self) -> Result<(), Failure> {
        let (window, _) = self.window().ok_or_else(|| Failure::new("no window"))?;
        let atom = |name: &[u8]| {
            let reply = self.connection.intern_atom(false, name).ok()?.reply();
            reply.ok().map(|reply| reply.atom)
        };
        let (protocols, delete) = atom(b"WM_PROTOCOLS")
            .zip(atom(b"WM_DELETE_WINDOW"))
            .ok_or_else(|| Failure::new("no atoms"))?;
        let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        let none = EventMask::NO_EVENT;
        let _ = self.connection.send_event(false, window, none, message);
        self.connection
            .flush()
            .map_err(|error| failed("Xvfb", error))
    }

    /// For so long nobody was here, ms, as screen lockers ask.
    pub fn idle_ms(&self) -> Option<u32> {
        let info = self.connection.screensaver_query_info(self.root);
        Some(info.ok()?.reply().ok()?.ms_since_user_input)
    }

    /// A key of the keyboard, by its name in X.
    pub fn press(&self, sym: u32) -> Result<(), Failure> {
        self.down(sym)?;
        self.up(sym)
    }

    /// It goes down.
    pub fn down(&self, sym: u32) -> Result<(), Failure> {
        self.time.set(self.time.get() + HAND);
        self.input(xproto::KEY_PRESS_EVENT, self.code(sym)?, (0, 0))
    }

    /// It goes up.
    pub fn up(&self, sym: u32) -> Result<(), Failure> {
        self.time.set(self.time.get() + HAND);
        self.input(xproto::KEY_RELEASE_EVENT, self.code(sym)?, (0, 0))
    }

    /// It is down for long: up and down, both at one time.
    pub fn repeat(&self, sym: u32) -> Result<(), Failure> {
        self.up(sym)?;
        self.input(xproto::KEY_PRESS_EVENT, self.code(sym)?, (0, 0))
    }

    fn code(&self, sym: u32) -> Result<u8, Failure> {
        let setup = self.connection.setup();
        let count = setup.max_keycode - setup.min_keycode + 1;
        let map = self
            .connection
            .get_keyboard_mapping(setup.min_keycode, count);
        let map = map
            .map_err(|error| failed("Xvfb", error))?
            .reply()
            .map_err(|error| failed("Xvfb", error))?;
        let each = usize::from(map.keysyms_per_keycode);
        let at = map
            .keysyms
            .chunks(each)
            .position(|syms| syms.contains(&sym));
        let at = at.ok_or_else(|| Failure::new(format!("no key {sym:#x}")))?;
        Ok(setup.min_keycode + u8::try_from(at).expect("a keycode"))
    }

    /// The left button, in hundredths of the window's size.
    pub fn click(&self, (right, down): (u32, u32)) -> Result<(), Failure> {
        let (_, [_, _, width, height]) = self.window().ok_or_else(|| Failure::new("no window"))?;
        let part = |edge: u16, of: u32| i16::try_from(u32::from(edge) * of / 100).unwrap_or(0);
        let at = (part(width, right), part(height, down));
        self.input(xproto::BUTTON_PRESS_EVENT, 1, at)
    }

    /// The events of keys and of buttons have the same shape.
    fn input(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<(), Failure> {
        let (window, _) = self.window().ok_or_else(|| Failure::new("no window"))?;
        let event = KeyPressEvent {
            response_type: kind,
            detail,
            sequence: 0,
            time: self.time.get(),
            root: self.root,
            event: window,
            child: 0,
            root_x: 0,
            root_y: 0,
            event_x: x,
            event_y: y,
            state: 0_u16.into(),
            same_screen: true,
        };
        let mask = EventMask::KEY_PRESS | EventMask::BUTTON_PRESS;
        let _ = self.connection.send_event(false, window, mask, event);
        self.connection
            .flush()
            .map_err(|error| failed("Xvfb", error))
    }

    /// What a window manager reads before it gives the window the keyboard: the time of the person's last doing there.
    pub fn user_time(&self) -> Option<u32> {
        let (window, _) = self.window()?;
        let name = b"_NET_WM_USER_TIME";
        let name = self.connection.intern_atom(false, name).ok()?;
        let (name, kind) = (name.reply().ok()?.atom, AtomEnum::CARDINAL);
        let time = self
            .connection
            .get_property(false, window, name, kind, 0, 1);
        let time = time.ok()?.reply().ok()?;
        let mut values = time.value32()?;
        values.next()
    }

    /// It takes nothing any more, and answers nobody, as with a graphics driver that hangs.
    pub fn stand_still(&self) -> Result<(), Failure> {
        self.signal(Signal::STOP)?;
        until_stopped(self.process.id())
    }

    /// It goes on.
    pub fn go_on(&self) -> Result<(), Failure> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        kill_process(Pid::from_child(&self.process), signal).map_err(|error| failed("Xvfb", error))
    }

    /// The session ends.
    pub fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until a process that was told to stop has done so.
pub fn until_stopped(pid: u32) -> Result<(), Failure> {
    for _ in 0..TIMES {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        if stat.is_ok_and(|stat| stat.contains(") T ")) {
            return Ok(());
        }
        sleep(MOMENT);
    }
    Err(Failure::new(format!("process {pid} never stopped")))
}

pub fn is_near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 12)
}
