use std::fmt;

/// Why a test of a device failed: what was expected, what came, and what the device logged.
///
/// Tests return it: `fn it_works() -> Result<(), Failure>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    what: String,
    log: Vec<String>,
}

impl Failure {
    /// A failure in one sentence.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            log: Vec::new(),
        }
    }

    /// The same with the device's log.
    #[must_use]
    pub fn with_log(mut self, log: Vec<String>) -> Self {
        self.log = log;
        self
    }

    /// The sentence alone.
    pub fn sentence(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.log.is_empty() {
            write!(f, "\n  the device's log:")?;
        }
        self.log
            .iter()
            .try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// As a person reads it: this is what a failed test prints.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<dkvm_wire::DecodeError> for Failure {
    fn from(error: dkvm_wire::DecodeError) -> Self {
        Self::new(error.to_string())
    }
}
