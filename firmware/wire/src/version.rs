use crate::handshake::WireVersion;

/// The version of the wire protocol; never the version of a crate or a release.
///
/// *Minor* goes up when a message, field, topic or error code is added that an older reader may
/// ignore. *Major* goes up when an older reader would misunderstand: a field changes its meaning or
/// leaves, a rule of framing or of the handshake changes. A kernel takes every device of its own
/// major, whatever the minor.
pub const WIRE_VERSION: WireVersion = WireVersion { major: 1, minor: 0 };
