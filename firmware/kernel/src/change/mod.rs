//! A change of the configuration while it is watched: which devices have to come up, until when, and whether somebody has to
//! confirm it. Pure: (what is seen, now) in, a verdict out.

mod watch;

pub(crate) use watch::{Confirm, Touched, Verdict, View, Watch};
