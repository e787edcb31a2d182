//! What the target reads when it asks for a report by itself (GET_REPORT): Linux answers for us, with what it was given.
#![allow(unsafe_code)]

use crate::{
    core::motion::Fine,
    descriptors::{CERTIFICATE_FEATURE, CONTACTS_FEATURE, WHEEL_FEATURE},
    reports::{Extra, Form, Function, Kind, CONTACTS},
};
use rustix::ioctl::{ioctl, opcode, Setter};
use std::{fs::File, io};

/// Longest report that Linux keeps (`MAX_REPORT_LENGTH` of linux/usb/g_hid.h).
const LONGEST: usize = 64;

/// One answer, as `struct usb_hidg_report` of linux/usb/g_hid.h has it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    id: u8,
    /// Zero: for each request, without asking us.
    ask: u8,
    length: u16,
    data: [u8; LONGEST],
    padding: [u8; 4],
}

/// `GADGET_HID_WRITE_GET_REPORT`.
const GIVE: rustix::ioctl::Opcode = opcode::write::<Answer>(b'g', 0x42);

impl Answer {
    /// A report of an ID (0 for none) with its first data byte.
    fn new(id: u8, value: u8) -> Self {
        let mut data = [0; LONGEST];
        match id {
            0 => data[0] = value,
            id => (data[0], data[1]) = (id, value),
        }
        let length = LONGEST as u16;
        Self {
            id,
            ask: 0,
            length,
            data,
            padding: [0; 4],
        }
    }

    /// Gives it to Linux.
    pub fn give(&self, file: &File) -> io::Result<()> {
        // SAFETY: the opcode is that of `struct usb_hidg_report`, whose layout `Answer` has; Linux only reads it, and files
        // of other drivers refuse it with ENOTTY.
        let give = unsafe { Setter::<GIVE, Answer>::new(*self) };
        // SAFETY: as above.
        unsafe { ioctl(file, give) }.map_err(io::Error::from)
    }
}

/// All that a function can be asked for. Nobody asks for an input report who needs it, for all are sent; but Linux would wait
/// 2.5 s for ours, and the target with it: "nothing pressed" does. A mouse without IDs has one answer for both, the wheels'.
pub fn answers(function: Function, form: Form, fine: Fine) -> Vec<Answer> {
    let kind = match function {
        Function::Keyboard => return vec![Answer::new(0, 0)],
        Function::Absolute => Kind::Absolute,
        Function::Relative => Kind::Relative,
    };
    let inputs = form.kinds(function).filter_map(|kind| form.id(kind));
    let mut answers: Vec<_> = inputs.map(|id| Answer::new(id, 0)).collect();
    let id = form.id(kind).map_or(0, |_| WHEEL_FEATURE);
    answers.push(Answer::new(id, fine.feature()));
    if function == Function::Absolute && form.extras.has(Extra::Touch) {
        answers.push(Answer::new(CONTACTS_FEATURE, CONTACTS as u8));
        answers.push(Answer::new(CERTIFICATE_FEATURE, 0));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_linux_takes_it() {
        assert_eq!(std::mem::size_of::<Answer>(), 72);
    }

    #[test]
    fn each_report_has_its_answer() {
        let told = |function, form, fine| {
            let all = answers(function, form, Fine::of_feature(fine));
            all.into_iter()
                .map(|one| (one.id, one.data[0], one.data[1]))
                .collect::<Vec<_>>()
        };
        let full = told(Function::Absolute, Form::FULL, 5);
        let inputs = [(1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 4, 0), (5, 5, 0)];
        assert_eq!(full[..5], inputs);
        assert_eq!(full[5..], [(6, 6, 5), (7, 7, 5), (8, 8, 0)]);
        assert_eq!(told(Function::Relative, Form::FULL, 5), [(0, 5, 0)]);
        for function in Function::ALL {
            assert_eq!(told(function, Form::PLAIN, 0), [(0, 0, 0)]);
        }
        assert_eq!(told(Function::Keyboard, Form::FULL, 0), [(0, 0, 0)]);
    }
}
