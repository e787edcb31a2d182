//! The command line.

use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;
use dkvm_boot::Step;
use dkvm_wire::vocab::typist::MAX_PACE_MS;
use std::path::PathBuf;

const SOCKET: &str = "/run/dkvm/kernel.sock";

/// Run a dKVM node and look after it.
///
/// A node works a PC to which it is wired by USB and HDMI. Its kernel runs every device (keyboard, capture, web and so
/// on) as a process of its own; these commands show them and tell the kernel what to do.
#[derive(Debug, Parser)]
#[command(name = "dkvm", version, arg_required_else_help = true, subcommand_required = true, after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "Examples:
  dkvm ps                    what runs, and what is wrong
  dkvm logs -f hid           follow the log of one device
  dkvm restart capture       end it and start it again
  dkvm top                   live: rates, memory, restarts
  dkvm check my.toml         is this configuration right?

Exit codes: 0 done, 1 failed, 2 called wrongly.";

/// What every command takes.
#[derive(Debug, ClapArgs)]
pub struct Common {
    /// The kernel's control socket
    #[arg(long, global = true, value_name = "PATH", env = "DKVM_SOCKET", default_value = SOCKET)]
    pub socket: PathBuf,
    /// Print JSON, for programs: one value, or one per line where the output goes on
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the kernel: start the devices of the configuration and supervise them
    #[command(
        after_help = "Example:\n  dkvm kernel --config /etc/dkvm/dkvm.toml\n\nIt ends, and all devices with it, on SIGTERM or Ctrl-C."
    )]
    Kernel(Config),
    /// Start the machine: what BusyBox init runs once, before the kernel
    #[command(
        after_help = "It mounts what a system needs, brings up the card's data partition and reads the owner's dkvm.txt. Run it nowhere else."
    )]
    Boot(Boot),
    /// Check a configuration: every mistake with its line and what to write instead
    #[command(after_help = "Examples:\n  dkvm check\n  dkvm check my.toml && dkvm reload")]
    Check {
        /// The configuration; without it the one that the kernel would take: the owner's
        /// (/var/lib/dkvm/config/dkvm.toml) where there is one, else the image's (/etc/dkvm/dkvm.toml)
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// List the devices and their state
    #[command(
        after_help = "Examples:\n  dkvm ps\n  dkvm ps --json | jq -r '.devices[] | select(.phase != \"running\") | .name'"
    )]
    Ps,
    /// Show log lines
    #[command(
        after_help = "Examples:\n  dkvm logs                  the last lines of all\n  dkvm logs -n 500 hid       the last 500 of one device\n  dkvm logs -f kernel        follow the kernel's own"
    )]
    Logs(Logs),
    /// Show how devices died: when, why, and their last words
    #[command(after_help = "Examples:\n  dkvm deaths\n  dkvm deaths capture -n 1")]
    Deaths {
        /// Only of this device
        device: Option<String>,
        /// How many, the newest
        #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        count: u32,
    },
    /// Start a device that was stopped, or that the kernel has given up
    Start(Target),
    /// Stop a device; it stays stopped until `dkvm start` or the kernel's next start
    Stop(Target),
    /// End a device and start it again
    Restart(Target),
    /// Read the configuration again and apply what changed, with the fewest restarts
    #[command(after_help = "A configuration with mistakes changes nothing. See also: dkvm check")]
    Reload,
    /// Watch the node live: state, restarts, events and frames per second, memory
    #[command(
        after_help = "Keys: q or Ctrl-C ends.\n\nExamples:\n  dkvm top\n  dkvm top --once --json     one measurement, for programs"
    )]
    Top(Top),
    /// The target's power: its front panel's buttons and LEDs, Wake-on-LAN
    #[command(
        after_help = "Examples:\n  dkvm power                 what is wired, and whether the PC is on\n  dkvm power press           a short press: on, or an orderly shutdown\n  dkvm power hold            6 seconds: off, whatever it does\n  dkvm power wake server     a machine of the configuration, or a MAC address\n\nWhat can hurt asks first; --yes answers."
    )]
    Power {
        #[command(subcommand)]
        what: Option<PowerDo>,
    },
    /// Type a text on the target, key by key, in the target's keyboard layout
    #[command(
        name = "type",
        after_help = "Examples:\n  dkvm type --layout de 'Grüße'        the layout that the target has\n  dkvm type --file script.sh           a whole file; each line end is Enter\n  pwgen 20 1 | dkvm type -             from a program\n  dkvm type --layouts                  what layouts there are\n\nWhat the layout cannot type is told before the first key. It takes keyboard and mouse; who takes them from it ends it.\nCtrl-C ends this command, not the typing: dkvm type --cancel does."
    )]
    Type(TypeText),
    /// Images of disks and CD-ROMs, and what of them is in the target's USB drives
    #[command(
        after_help = "Examples:\n  dkvm storage                              images, unfinished uploads, drives\n  dkvm storage put debian.iso               a stopped upload goes on where it stopped\n  dkvm storage attach debian.iso --cdrom    into the first empty drive\n  dkvm storage eject\n  dkvm storage drive files.img 64           an empty FAT drive of 64 MiB\n\nThe target has drives with a USB profile that has storage: dkvm usb"
    )]
    Storage {
        #[command(subcommand)]
        what: Option<StorageDo>,
    },
    /// What the target gets by USB: profiles, soft unplug and replug
    #[command(
        after_help = "Examples:\n  dkvm usb                   what is bound, and which profiles there are\n  dkvm usb profile install   keyboard, mice and virtual drives\n  dkvm usb replug            a keyboard that the target has lost comes back\n\nAnother profile asks first; --yes answers. The choice lasts over restarts."
    )]
    Usb {
        #[command(subcommand)]
        what: Option<UsbDo>,
    },
    /// Bring a new image to this node, try it, and keep it when it is well; without FILE, show what the slots hold
    #[command(
        after_help = "Examples:\n  dkvm update                          what the slots hold, and how the last update ended\n  dkvm update dkvm-rpi4-0.2.0.dkvm     the whole update\n  dkvm update --rollback               back to the image before, by a trial as well\n\nAn image that is not well within two minutes is left by itself. A stopped upload goes on where it stopped."
    )]
    Update(Update),
    /// Forget all that this node keeps (password, certificate, configuration), and restart it as new
    #[command(after_help = "The images in the slots stay. It asks first; --yes answers.")]
    FactoryReset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Restart this machine, after all devices have ended in good order
    #[command(
        after_help = "It also ends safe mode. See also: dkvm restart DEVICE, which restarts one device"
    )]
    Reboot {
        /// Into the other slot, once: what is there must prove itself, or the machine comes back
        #[arg(long)]
        trial: bool,
    },
    /// Put this machine off, after all devices have ended in good order
    Poweroff,
    /// Show the kernel's version, name, uptime and memory
    Info,
    /// Print completions for a shell
    #[command(after_help = "Example:\n  dkvm completions bash > /etc/bash_completion.d/dkvm")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What to do with images and drives.
#[derive(Debug, Subcommand)]
pub enum StorageDo {
    /// Show images, unfinished uploads, and what is in the drives
    Ls,
    /// Bring an image to this node
    Put {
        /// A disk image or an ISO
        file: PathBuf,
        /// Another name for it
        #[arg(long)]
        name: Option<String>,
    },
    /// Put an image into a drive; with --lun what was in it is ejected
    Attach(AttachTo),
    /// Take out what is in a drive
    Eject {
        /// Which drive
        #[arg(long, value_name = "N", default_value_t = 0)]
        lun: u32,
        /// Also when the target has locked it, and may lose what it has not written yet
        #[arg(long)]
        force: bool,
    },
    /// Delete an image
    Rm {
        /// Its name
        image: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Give an image another name
    Mv {
        /// Its name
        image: String,
        /// The new one
        to: String,
    },
    /// Make an empty drive with a FAT file system
    Drive {
        /// Its name
        image: String,
        /// Its size in MiB
        #[arg(value_parser = clap::value_parser!(u64).range(1..=4096))]
        mib: u64,
    },
    /// Forget an unfinished upload
    Forget {
        /// The name of the image that it was to become
        name: String,
    },
}

/// An image, and how it goes into a drive.
#[derive(Debug, ClapArgs)]
pub struct AttachTo {
    /// The image's name
    pub image: String,
    /// Which drive, also one that is full; the first that is empty without it
    #[arg(long, value_name = "N")]
    pub lun: Option<u32>,
    /// As a CD-ROM, else as a disk
    #[arg(long)]
    pub cdrom: bool,
    /// The target may write to it
    #[arg(long, conflicts_with = "cdrom")]
    pub writable: bool,
}

/// What to do with the target's power.
#[derive(Debug, Subcommand)]
pub enum PowerDo {
    /// Show what is wired, whether the PC is on, and who can be woken
    Status,
    /// Press the power button shortly
    Press {
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Hold the power button until the PC is off
    Hold {
        /// How long, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=15))]
        seconds: u32,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Press the reset button
    Reset {
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Wake a machine by the network
    Wake {
        /// Its name in the configuration, or its MAC address
        #[arg(value_name = "NAME|MAC")]
        target: String,
    },
}

/// What to do with USB towards the target.
#[derive(Debug, Subcommand)]
pub enum UsbDo {
    /// Show what is bound, which profiles there are, and why one does not fit
    List,
    /// Give the target another profile: it sees one device unplugged and another plugged
    Profile {
        /// Its name, as `dkvm usb` shows it
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Plug what was unplugged
    Plug,
    /// Unplug, as if the cable were pulled
    Unplug,
    /// Unplug and plug: the target sets everything up anew
    Replug,
}

#[derive(Debug, ClapArgs)]
pub struct Config {
    /// The configuration, and no other; without it the owner's (/var/lib/dkvm/config/dkvm.toml) where
    /// there is one that is right, else the image's (/etc/dkvm/dkvm.toml)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Its own parts, which it runs as processes of their own.
#[derive(Debug, ClapArgs)]
pub struct Boot {
    #[arg(long, hide = true, value_parser = step, requires_all = ["disk", "root"])]
    pub step: Option<Step>,
    #[arg(long, hide = true)]
    pub disk: Option<PathBuf>,
    #[arg(long, hide = true)]
    pub root: Option<u32>,
}

#[derive(Debug, ClapArgs)]
pub struct Logs {
    /// Only of this device, or `kernel`
    pub device: Option<String>,
    /// Go on with new lines as they come
    #[arg(short, long)]
    pub follow: bool,
    /// How many lines to begin with
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100)]
    pub lines: u32,
}

#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["text", "file", "cancel", "layouts"]))]
pub struct TypeText {
    /// The text; - reads it from standard input
    pub text: Option<String>,
    /// The text of a file
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The target's keyboard layout; without it, the one of the configuration
    #[arg(short, long, value_name = "LAYOUT")]
    pub layout: Option<String>,
    /// Pause after each character, for targets that lose keys; without it, as fast as the target takes them
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_PACE_MS)))]
    pub pace: Option<u32>,
    /// Say only whether it can be typed
    #[arg(long, conflicts_with_all = ["cancel", "layouts"])]
    pub check: bool,
    /// Stop what is being typed
    #[arg(long)]
    pub cancel: bool,
    /// List the layouts
    #[arg(long)]
    pub layouts: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Update {
    /// The bundle: dkvm-BOARD-VERSION.dkvm
    #[arg(conflicts_with_all = ["try_staged", "rollback", "abort"])]
    pub file: Option<PathBuf>,
    /// Take an image that is older than the running one
    #[arg(long, requires = "file")]
    pub downgrade: bool,
    /// Bring it into the other slot and do not start it yet
    #[arg(long, requires = "file")]
    pub stage_only: bool,
    /// Start the image that was brought with --stage-only
    #[arg(long = "try", conflicts_with_all = ["rollback", "abort"])]
    pub try_staged: bool,
    /// Start the other slot's image, where it holds one that was healthy before
    #[arg(long, conflicts_with = "abort")]
    pub rollback: bool,
    /// Forget an upload, or an image that waits for its trial
    #[arg(long)]
    pub abort: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Target {
    /// The device's name, as `dkvm ps` shows it
    pub device: String,
}

#[derive(Debug, ClapArgs)]
pub struct Top {
    /// Measure once, print, end
    #[arg(long)]
    pub once: bool,
    /// Milliseconds between measurements
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub interval: u32,
}

fn step(name: &str) -> Result<Step, String> {
    Step::of_name(name).ok_or_else(|| format!("there is no step {name:?}"))
}
