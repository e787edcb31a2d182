//! The command line.

mod peers;
mod storage;

pub use peers::{Pair, PeersDo};
pub use storage::{AttachTo, CopyTo, FetchUrl, FilesDo, StorageDo};

use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;
use dkvm_boot::Step;
use dkvm_wire::service::MAX_CONFIRM_S;
use dkvm_wire::vocab::typist::MAX_PACE_MS;
use std::path::PathBuf;

/// Of the machine's kernel.
pub const SOCKET: &str = "/run/dkvm/kernel.sock";

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
  dkvm --node office ps      what runs at another node

Exit codes: 0 done, 1 failed, 2 called wrongly.";

/// What every command takes.
#[derive(Debug, ClapArgs)]
pub struct Common {
    /// The kernel's control socket; where the machine has none, $XDG_RUNTIME_DIR/dkvm/kernel.sock
    #[arg(long, global = true, value_name = "PATH", env = "DKVM_SOCKET", default_value = SOCKET)]
    pub socket: PathBuf,
    /// Do it at another node, which this one is paired with: `dkvm peers` lists them
    // Its own id: commands have arguments called `node`, and a global one of that id would take their values.
    #[arg(id = "at_node", long = "node", global = true, value_name = "NODE")]
    pub node: Option<String>,
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
    #[command(
        after_help = "Examples:\n  dkvm check\n  dkvm check --user\n  dkvm check my.toml && dkvm reload"
    )]
    Check {
        /// The configuration; without it the one that the kernel would take: the owner's
        /// (/var/lib/dkvm/config/dkvm.toml) where there is one, else the image's (/etc/dkvm/dkvm.toml)
        #[arg(value_name = "FILE", conflicts_with = "user")]
        file: Option<PathBuf>,
        /// The one that `dkvm kernel --user` would take: $XDG_CONFIG_HOME/dkvm/dkvm.toml, else /etc/dkvm/dkvm.toml
        #[arg(long)]
        user: bool,
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
    /// The configuration: read it, change it so that it takes itself back, go back to an earlier one
    #[command(
        after_help = "Examples:\n  dkvm config                        which one is in force, how the last change ended\n  dkvm config edit                   in $EDITOR; what is wrong is shown, and it asks before it is kept\n  dkvm config get >my.toml           then change it, and\n  dkvm config apply my.toml --comment 'less video'\n  dkvm --node pi config apply my.toml\n  dkvm config history\n  dkvm config rollback               to the one before\n\nA change is on trial until its devices are up and, from a terminal or over --node, until it is confirmed; otherwise the\none before is in force again by itself."
    )]
    Config {
        #[command(subcommand)]
        what: Option<ConfigDo>,
    },
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
        after_help = "Examples:\n  dkvm storage                              images, unfinished uploads, drives\n  dkvm storage put debian.iso               a stopped upload goes on where it stopped\n  dkvm storage attach debian.iso --cdrom    into the first empty drive\n  dkvm storage eject\n  dkvm storage drive files.img 64           an empty FAT drive of 64 MiB\n  dkvm storage copy notes.txt files.img     a file onto it\n  dkvm storage files files.img              what is on it\n\nThe target has drives with a USB profile that has storage: dkvm usb"
    )]
    Storage {
        #[command(subcommand)]
        what: Option<StorageDo>,
    },
    /// The target's sound: whether it plays and records, who hears it, whose microphone is open
    #[command(
        after_help = "Examples:\n  dkvm sound\n  dkvm sound source MS2109    the sound card of an HDMI dongle\n  dkvm sound source gadget    the target's USB speakers again\n\nThe target has speakers and a microphone with a USB profile that has audio: dkvm usb profile desk. Sound is heard in the page."
    )]
    Sound {
        #[command(subcommand)]
        what: Option<SoundDo>,
    },
    /// Macros: keys to be pressed on the target, under a name
    #[command(
        after_help = "Examples:\n  dkvm macro put login steps.txt      a step a line: Ctrl+Alt+Del, text root, wait 500ms, Enter\n  dkvm macro run login\n  dkvm macro export >macros.txt       all of them; dkvm macro import brings them back\n\nWhat is wrong with a line is told before anything is pressed. It takes keyboard and mouse; who takes them from it ends it."
    )]
    Macro {
        #[command(subcommand)]
        what: MacroDo,
    },
    /// The target's serial console, on this terminal; Ctrl+] leaves
    #[command(
        after_help = "Examples:\n  dkvm serial                work it; Ctrl+] leaves\n  dkvm serial history        what the target said last, 256 KiB at most\n\nThe target has a serial port with a USB profile that has one: dkvm usb profile console"
    )]
    Serial {
        #[command(subcommand)]
        what: Option<SerialDo>,
    },
    /// What the target gets by USB: profiles, soft unplug and replug
    #[command(
        after_help = "Examples:\n  dkvm usb                   what is bound, and which profiles there are\n  dkvm usb profile install   keyboard, mice and virtual drives\n  dkvm usb replug            a keyboard that the target has lost comes back\n\nAnother profile asks first; --yes answers. The choice lasts over restarts."
    )]
    Usb {
        #[command(subcommand)]
        what: Option<UsbDo>,
    },
    /// Move the mouse to and fro while nobody works the target, so that it does not lock its screen
    #[command(
        after_help = "Examples:\n  dkvm jiggle        whether it does\n  dkvm jiggle 60     after 60 s without input, and every 60 s from then on\n  dkvm jiggle off\n\nA pixel there and back; a target that sleeps is left alone. It lasts over restarts."
    )]
    Jiggle {
        /// Seconds, up to a day, or `off`
        #[arg(value_name = "SECONDS|off", value_parser = seconds)]
        every: Option<u32>,
    },
    /// The network to the target by USB: its state, and what is open
    #[command(
        after_help = "Examples:\n  dkvm usbnet                what the target was given\n  dkvm usbnet nat on         the target reaches the node's network, and what that leads to\n  dkvm usbnet isolate on     the target does not reach the node's own ports\n\nThe target has a network with a USB profile that has one: dkvm usb profile desk\nBoth are off unless asked for, and last over restarts. nat on asks first; --yes answers."
    )]
    Usbnet {
        #[command(subcommand)]
        what: Option<UsbnetDo>,
    },
    /// Pair with another node: a person at each compares the same code. Without NODE, list who waits to be paired
    #[command(
        after_help = "Examples:\n  dkvm pair office --grants view,type        calls it; both nodes show a code\n  dkvm pair 192.0.2.7                        one that the network does not show\n  dkvm pair                                  who has called this node\n  dkvm pair --accept 3 --grants all          the code is the same: that node may do all of it here\n\nA program that calls prints the code and ends: whoever compares it answers with --accept. Grants say what the other may do here: view, type, power, storage, configure, or all. Without them it may nothing; an answer to a call of this node keeps to what that named."
    )]
    Pair(Pair),
    /// The paired nodes: their links, what they may do here and this node there
    #[command(
        after_help = "Examples:\n  dkvm peers\n  dkvm peers allow office view,type,power    all that it may do here from now on\n  dkvm peers forget office                   cut off at once\n  dkvm peers authorise office FINGERPRINT --address 192.0.2.7 --grants all\n\nThen: dkvm --node office ps"
    )]
    Peers {
        #[command(subcommand)]
        what: Option<PeersDo>,
    },
    /// Where keyboard and mouse of this workstation go: show it, or move them to a node
    #[command(
        after_help = "Examples:\n  dkvm focus                 where input goes, the nodes and their hotkeys\n  dkvm focus office          keyboard and mouse work office's target\n  dkvm focus here            this machine again; on the keyboard: both Ctrl keys together\n\nWho is at work there is not pushed away: --steal does."
    )]
    Focus(Focus),
    /// The nodes that are seen on the network and not paired
    #[command(after_help = "Example:\n  dkvm nodes && dkvm pair office")]
    Nodes,
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

impl Command {
    /// The name of one that works on this machine alone, without a kernel.
    pub fn local(&self) -> Option<&'static str> {
        match self {
            Self::Kernel(_) => Some("kernel"),
            Self::Boot(_) => Some("boot"),
            Self::Check { .. } => Some("check"),
            Self::Completions { .. } => Some("completions"),
            _ => None,
        }
    }
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigDo {
    /// Print the one in force, or one of the history
    Get {
        /// Its number in the history
        number: Option<u32>,
    },
    /// Change it in $EDITOR and apply it
    Edit(ApplyHow),
    /// Apply a file; `-` is the standard input
    Apply {
        /// The whole configuration
        file: PathBuf,
        #[command(flatten)]
        how: ApplyHow,
    },
    /// Say what is wrong with a file for that node's release, or whom it would touch; `-` is the standard input
    Check {
        /// The whole configuration
        file: PathBuf,
    },
    /// List those that were applied
    History,
    /// Take back the one on trial, or apply an earlier one
    Rollback {
        /// Its number in the history; without it the one before
        number: Option<u32>,
        #[command(flatten)]
        how: ApplyHow,
    },
    /// Keep the one on trial
    Confirm {
        /// Its number; without it the one on trial
        number: Option<u32>,
    },
}

/// How a configuration is applied.
#[derive(Debug, ClapArgs)]
pub struct ApplyHow {
    /// Seconds within which it has to be confirmed, or `none`; 60 at a terminal and over --node
    #[arg(long, value_name = "SECONDS|none", value_parser = confirm_time)]
    pub confirm: Option<ConfirmTime>,
    /// What for, for the history
    #[arg(long)]
    pub comment: Option<String>,
}

/// Time to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmTime {
    None,
    Seconds(u32),
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

/// What to do with macros.
#[derive(Debug, Subcommand)]
pub enum MacroDo {
    /// List them
    Ls,
    /// Print one
    Show {
        /// Its name
        name: String,
    },
    /// Keep one, in place of the one that has its name
    Put {
        /// Its name
        name: String,
        /// Its steps, one a line; - reads them from standard input
        file: PathBuf,
    },
    /// Remove one
    Rm {
        /// Its name
        name: String,
    },
    /// Press its keys
    Run {
        /// Its name
        name: String,
        /// The target's keyboard layout for its texts; without it, the one of the configuration
        #[arg(short, long, value_name = "LAYOUT")]
        layout: Option<String>,
        /// Pause after each character
        #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_PACE_MS)))]
        pace: Option<u32>,
    },
    /// End the one that runs
    Cancel,
    /// Print all, each with its name in brackets above it
    Export,
    /// Keep all of such a file
    Import {
        /// The file; - reads standard input
        file: PathBuf,
    },
}

/// What to do with the target's serial port.
#[derive(Debug, Subcommand)]
pub enum SerialDo {
    /// Print what the target said last
    History,
    /// Show whether the port is open, and how much was said
    Status,
}

/// What to do with sound.
#[derive(Debug, Subcommand)]
pub enum SoundDo {
    /// Choose whose sound is heard: `gadget`, or a sound card
    Source {
        /// One of those that `dkvm sound` lists
        source: String,
    },
}

/// What to do with the network to the target.
#[derive(Debug, Subcommand)]
pub enum UsbnetDo {
    /// Show the interface, what the target was given, and what is open
    State,
    /// Let the target reach the node's network, or no longer
    Nat {
        /// Whether it does
        turn: Turn,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Keep the target from the node's own ports, or no longer
    Isolate {
        /// Whether it is kept from them
        turn: Turn,
    },
}

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Turn {
    /// Switch it on
    On,
    /// Switch it off
    Off,
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
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    pub config: Option<PathBuf>,
    /// As a person's own, on a workstation: with $XDG_CONFIG_HOME/dkvm/dkvm.toml where there is one that is right, else
    /// /etc/dkvm/dkvm.toml
    #[arg(long)]
    pub user: bool,
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
pub struct Focus {
    /// The node, or `here`; without it, show where input goes
    #[arg(value_name = "NODE|here")]
    pub to: Option<String>,
    /// Also when somebody is at work there
    #[arg(long, requires = "to")]
    pub steal: bool,
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

fn confirm_time(text: &str) -> Result<ConfirmTime, String> {
    if text == "none" {
        return Ok(ConfirmTime::None);
    }
    let wanted = || format!("it takes 1 to {MAX_CONFIRM_S} seconds, or `none`");
    let seconds = text.parse().map_err(|_| wanted())?;
    if !(1..=MAX_CONFIRM_S).contains(&seconds) {
        return Err(wanted());
    }
    Ok(ConfirmTime::Seconds(seconds))
}

fn step(name: &str) -> Result<Step, String> {
    Step::of_name(name).ok_or_else(|| format!("there is no step {name:?}"))
}
/// A time of the jiggler; 0 is off.
fn seconds(text: &str) -> Result<u32, String> {
    if text == "off" {
        return Ok(0);
    }
    let wanted = || "it takes a number of seconds, or `off`".to_owned();
    text.parse().map_err(|_| wanted())
}
