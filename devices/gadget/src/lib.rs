//! dkvm-gadget
