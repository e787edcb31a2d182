/// What a device's exit code tells the kernel: a closed list, sysexits' numbers where they fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Clean end: not restarted unless it was asked to be up, and then without penalty.
    Done = 0,
    /// The hardware is not there: slow retry, woken by hot-plug, not counted as a failure.
    HardwareAbsent = 69,
    /// A fault of the device's own.
    Internal = 70,
    /// A passing condition; try again with the ordinary back-off.
    TryAgain = 75,
    /// The other side broke the wire protocol.
    Protocol = 76,
    /// The device's configuration is wrong: failed at once, until the configuration changes.
    BadConfig = 78,
}

impl ExitCode {
    /// The code as the number for `exit(2)`.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The meaning of an exit status, if it is one of ours.
    pub fn from_code(code: i32) -> Option<Self> {
        [
            Self::Done,
            Self::HardwareAbsent,
            Self::Internal,
            Self::TryAgain,
            Self::Protocol,
            Self::BadConfig,
        ]
        .into_iter()
        .find(|known| known.code() == code)
    }
}
