//! How large the window is: as its picture, as a person drags it, or as the screen.

use super::{x11::Window, WindowError};
use crate::{config::Shape, core::Size};
use x11rb::{
    connection::Connection,
    protocol::xproto::{
        AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, StackMode,
    },
};

/// What window managers call the end and the beginning of a state.
const REMOVE: u32 = 0;
const ADD: u32 = 1;
/// A request of an application.
const APPLICATION: u32 = 1;

impl Window {
    /// Full screen and back.
    pub(super) fn turn(&mut self) -> Result<(), WindowError> {
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
    pub(super) fn reshape(&self) -> Result<(), WindowError> {
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

    pub(super) fn screen_size(&self) -> Size {
        Size {
            width: self.screen.width_in_pixels,
            height: self.screen.height_in_pixels,
        }
    }

    pub(super) fn reshape_to(&self, size: Size) -> Result<(), WindowError> {
        let place = ConfigureWindowAux::new()
            .width(u32::from(size.width))
            .height(u32::from(size.height));
        self.connection
            .configure_window(self.ground.window, &place)?;
        Ok(())
    }
}
