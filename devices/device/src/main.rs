//! `dkvm-device NAME`: all devices of this repository in one file, one fresh process per device.
//!
//! One file of all is a fifth of six separate ones on the flash, and half in memory.

use std::{ffi::OsStr, process::exit};

/// What sysexits.h calls a wrong command line.
const USAGE: i32 = 64;

struct Device {
    name: &'static str,
    what: &'static str,
    main: fn() -> i32,
}

const DEVICES: &[Device] = &[
    Device {
        name: "gadget",
        what: "what the target sees on its USB port",
        main: dkvm_gadget::main,
    },
    Device {
        name: "hid",
        what: "keyboard and mice of the target",
        main: dkvm_hid::main,
    },
    Device {
        name: "capture",
        what: "the target's screen, as raw frames",
        main: dkvm_capture::main,
    },
    Device {
        name: "encode",
        what: "frames made small enough for the network",
        main: dkvm_encode::main,
    },
    Device {
        name: "h264",
        what: "frames as H.264, for those who decode it",
        main: dkvm_h264::main,
    },
    Device {
        name: "web",
        what: "the page, over HTTPS",
        main: dkvm_web::main,
    },
    Device {
        name: "power",
        what: "the target's power: front panel by GPIO, Wake-on-LAN",
        main: dkvm_power::main,
    },
    Device {
        name: "led",
        what: "the status LED of the Pi",
        main: dkvm_led::main,
    },
    Device {
        name: "network",
        what: "links, addresses, Wi-Fi, the node's name and time",
        main: dkvm_network::main,
    },
    Device {
        name: "update",
        what: "a new image into the other slot, its trial and its commit",
        main: dkvm_update::main,
    },
    Device {
        name: "typist",
        what: "text as keystrokes, in the target's layout",
        main: dkvm_typist::main,
    },
    Device {
        name: "storage",
        what: "images, and what of them is in the target's USB drives",
        main: dkvm_storage::main,
    },
    Device {
        name: "fetch",
        what: "images by URL, into the image library",
        main: dkvm_fetch::main,
    },
    Device {
        name: "serial",
        what: "the target's serial console, by USB",
        main: dkvm_serial::main,
    },
    Device {
        name: "audio",
        what: "the target's sound, and a microphone for it",
        main: dkvm_audio::main,
    },
    Device {
        name: "usbnet",
        what: "the network to the target, by USB",
        main: dkvm_usbnet::main,
    },
    Device {
        name: "peer",
        what: "the link to other nodes",
        main: dkvm_peer::main,
    },
    #[cfg(feature = "workstation")]
    Device {
        name: "input",
        what: "keyboards and mice of a workstation, for whom has the focus",
        main: dkvm_input::main,
    },
    #[cfg(feature = "workstation")]
    Device {
        name: "screen",
        what: "a target's picture in a window, on a workstation",
        main: dkvm_screen::main,
    },
    #[cfg(feature = "workstation")]
    Device {
        name: "speaker",
        what: "a target's sound, on a workstation",
        main: dkvm_speaker::main,
    },
    #[cfg(feature = "workstation")]
    Device {
        name: "mic",
        what: "a workstation's microphone, for a target",
        main: dkvm_mic::main,
    },
    Device {
        name: "service",
        what: "a program that is no device, supervised as one",
        main: dkvm_service::main,
    },
];

fn main() {
    let name = std::env::args_os().nth(1);
    let found = DEVICES
        .iter()
        .find(|device| name.as_deref() == Some(OsStr::new(device.name)));
    exit(match found {
        Some(device) => (device.main)(),
        None => usage(name.as_deref()),
    })
}

/// To stderr in every case: stdout is the protocol's.
fn usage(name: Option<&OsStr>) -> i32 {
    match name {
        Some(name) => eprintln!("<error> there is no device {name:?} in this program"),
        None => {
            eprintln!("usage: dkvm-device NAME, as a command in the configuration of `dkvm kernel`")
        }
    }
    for device in DEVICES {
        eprintln!("  {:8} {}", device.name, device.what);
    }
    USAGE
}
