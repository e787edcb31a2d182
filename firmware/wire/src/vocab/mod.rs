//! The vocabulary of the devices in this repository: the bodies of their topics and methods.
//! The kernel never looks into them.

pub mod audio;
pub mod desk;
pub mod fetch;
pub mod gadget;
pub mod input;
pub mod network;
pub mod page;
pub mod peer;
pub mod power;
pub mod serial;
pub mod storage;
pub mod typist;
pub mod update;
pub mod usbnet;
pub mod video;
