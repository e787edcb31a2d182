//! Who may in: the password, sessions, and what keeps strangers and foreign pages out.

mod hash;
pub mod limit;
pub mod origin;
pub mod password;
pub mod session;
pub mod token;
