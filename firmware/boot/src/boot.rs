//! The whole of it, in order. No step may stop the boot: what fails is a notice, and the next one goes on.

use crate::card::{self, Card};
use crate::console::Console;
use crate::data::{self, Data};
use crate::settings::{self, Settings};
use crate::steps::{self, Selected, RUN_DIR, SETTINGS};
use crate::{accounts, child, clock, health, mounts, name, release};
use dkvm_card::{autoboot, DATA, ROOTS};
use dkvm_wire::service::{BootInfo, ImageInfo, Slot};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where things are kept.
pub const STATE_DIR: &str = "/var/lib/dkvm";
const ZONE: &str = "zone";
const ZONES: &str = "/usr/share/zoneinfo";
/// They take milliseconds; the files that they are read from are on the card.
const HELPER_DEADLINE: Duration = Duration::from_secs(5);
/// Whose device joins Wi-Fi.
const WIFI_USER: &str = "dkvm-network";
const INFO: &str = "info.json";
const SLOT: &str = "dkvm.slot=";

/// Starts the machine.
pub fn run() {
    let mut console = Console::start();
    let mut notices: Vec<String> = mounts::mount_all()
        .iter()
        .map(|failure| format!("{failure}."))
        .collect();
    if let Err(error) = fs::create_dir_all(RUN_DIR) {
        notices.push(format!(
            "Making {RUN_DIR} failed ({error}): the owner's settings are lost for this boot."
        ));
    }
    clock::set_floor();
    let configfs = mounts::mount_configfs();
    let helpers = start_helpers();
    let card = card::find();
    notices.extend(card.as_ref().and_then(open_card));
    let (selected, data) = look_at(card.as_ref(), &mut console);
    let outcome = settings_of_card();
    let is_known = outcome.is_some();
    let outcome = outcome.unwrap_or_default();
    console.say(&data.story);
    notices.extend(selected.notices.iter().cloned());
    notices.extend(outcome.notices);
    notices.extend(data.notices.iter().cloned());
    if selected.reset && data.persistent {
        console.say("factory reset, as a file on the card asked for");
    }
    notices.extend(leave(&outcome.settings));
    if is_known {
        notices.extend(leave_peers(&outcome.settings));
    }
    helpers
        .into_iter()
        .for_each(|helper| child::finish(helper, HELPER_DEADLINE));
    // It was a module, which is loaded now.
    notices.extend(
        configfs
            .or_else(|_| mounts::mount_configfs())
            .err()
            .map(|failure| format!("{failure}.")),
    );
    let info = info(card, &selected, &data, notices);
    info.notices.iter().for_each(|notice| console.say(notice));
    write_info(&info, &mut console);
    console.done();
}

/// Lone programs that go on meanwhile: the loopback interface, and the gadget's drivers where they are modules.
fn start_helpers() -> Vec<Child> {
    let start = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    };
    let loopback = start("ip", &["link", "set", "lo", "up"]);
    let gadget = if mounts::has_gadgets() {
        None
    } else {
        start("modprobe", &["-q", "libcomposite"])
    };
    loopback.into_iter().chain(gadget).collect()
}

/// For the device that updates. Returns what could not be done.
fn open_card(card: &Card) -> Option<String> {
    let partitions = (1..=DATA).map(|number| card.partition(number));
    let nodes = std::iter::once(card.disk.clone()).chain(partitions);
    let error = accounts::give_card(nodes).err()?;
    Some(format!(
        "The card cannot be given to the device that updates ({error}): updates will fail."
    ))
}

/// What the owner has set; `None` where the card did not tell.
fn settings_of_card() -> Option<settings::Outcome> {
    let bytes = fs::read(SETTINGS);
    let _ = fs::remove_file(SETTINGS);
    bytes.ok().map(|bytes| settings::read(&bytes))
}

/// What the card says, and its data partition where it belongs.
fn look_at(card: Option<&Card>, console: &mut Console) -> (Selected, Data) {
    let state_dir = Path::new(STATE_DIR);
    let Some(card) = card else {
        return (Selected::default(), data::without_card(state_dir));
    };
    let look = data::look(card);
    let data = data::bring_up(card, look.data, state_dir, &mut |text| console.say(text));
    let selected = look.selected.unwrap_or_else(|reason| Selected {
        notices: vec![format!("dkvm.txt on the card was ignored: {reason}.")],
        ..Selected::default()
    });
    (selected, data)
}

/// Puts the settings where the devices look for them. Returns what could not be done.
fn leave(settings: &Settings) -> Vec<String> {
    let run_dir = Path::new(RUN_DIR);
    let network = settings::network_toml(settings);
    let done = [
        (
            "The network's address",
            fs::write(run_dir.join("network.toml"), network),
        ),
        ("Wi-Fi", leave_wifi(settings)),
        ("The SSH key", leave_keys(settings)),
        ("The time zone", leave_zone(settings)),
        ("The host name", set_host_name(settings)),
    ];
    let failed = done
        .into_iter()
        .filter_map(|(what, result)| Some((what, result.err()?)));
    failed
        .map(|(what, error)| format!("{what} was not set: {error}."))
        .collect()
}

fn leave_wifi(settings: &Settings) -> io::Result<()> {
    let Some(wifi) = &settings.wifi else {
        return Ok(());
    };
    let path = Path::new(RUN_DIR).join("wpa_supplicant.conf");
    steps::keep_private(&path, settings::wpa_supplicant_conf(wifi).as_bytes())?;
    accounts::give(&path, WIFI_USER)
}

fn leave_keys(settings: &Settings) -> io::Result<()> {
    let keys = settings::authorized_keys(settings);
    keys.map_or(Ok(()), |keys| {
        fs::write(Path::new(RUN_DIR).join("authorized_keys"), keys)
    })
}

/// Nobody, too: a node that the card names no more loses its rights. One of a card that cannot be read keeps them.
fn leave_peers(settings: &Settings) -> Option<String> {
    let written = fs::write(Path::new(RUN_DIR).join("peers"), settings::peers(settings));
    let error = written.err()?;
    Some(format!(
        "Which other nodes may do everything was not set: {error}."
    ))
}

fn leave_zone(settings: &Settings) -> io::Result<()> {
    let Some(zone) = &settings.zone else {
        return Ok(());
    };
    known_zone(zone)?;
    fs::write(Path::new(RUN_DIR).join(ZONE), zone)
}

fn set_host_name(settings: &Settings) -> io::Result<()> {
    let given = settings.host_name.clone();
    let name = given.unwrap_or_else(|| name::default_name(Path::new(STATE_DIR)));
    Ok(rustix::system::sethostname(name.as_bytes())?)
}

/// A name means something only where the image has the zone database; POSIX' form always does.
fn known_zone(zone: &str) -> io::Result<()> {
    let says_itself = zone == "UTC" || zone.bytes().any(|b| b.is_ascii_digit());
    match says_itself || Path::new(ZONES).join(zone).is_file() {
        true => Ok(()),
        false => Err(io::Error::other(format!("this image knows no zone `{zone}`; write it in POSIX' form, such as `CET-1CEST,M3.5.0,M10.5.0/3`"))),
    }
}

/// The zone that the owner has set, for `TZ`.
pub fn zone() -> Option<String> {
    fs::read_to_string(Path::new(RUN_DIR).join(ZONE)).ok()
}

fn info(
    card: Option<Card>,
    selected: &Selected,
    data: &Data,
    mut notices: Vec<String>,
) -> BootInfo {
    let (unhealthy_boots, counted) = health::count_boot(Path::new(STATE_DIR));
    if let Err(error) = counted {
        notices.push(format!("{error}."));
    }
    let image = card.as_ref().map(|card| {
        let slot = running_slot(card);
        let committed = committed_slot(selected, &mut notices).unwrap_or(slot);
        let release = release::read();
        ImageInfo {
            board: release.board,
            version: release.version,
            slot,
            committed,
            persistent: data.persistent,
        }
    });
    let card = card.map(|card| card.disk.display().to_string());
    BootInfo {
        image,
        notices,
        unhealthy_boots,
        card,
    }
}

/// Tells when there is no telling, unless the whole partition was told of already.
fn committed_slot(selected: &Selected, notices: &mut Vec<String>) -> Option<Slot> {
    let slot = selected.autoboot.as_deref().and_then(autoboot::committed);
    if slot.is_none() && selected.notices.is_empty() {
        notices.push("autoboot.txt on the card's first partition names no slot: write the image to the card again.".to_owned());
    }
    slot
}

/// The command line says it; the root's partition knows it too.
fn running_slot(card: &Card) -> Slot {
    let line = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let said = line
        .split_whitespace()
        .filter_map(|word| word.strip_prefix(SLOT))
        .next_back();
    match said {
        Some("a") => Slot::A,
        Some("b") => Slot::B,
        _ if card.root == ROOTS[1] => Slot::B,
        _ => Slot::A,
    }
}

fn write_info(info: &BootInfo, console: &mut Console) {
    let path = Path::new(RUN_DIR).join(INFO);
    let text = serde_json::to_string(info).map_err(io::Error::other);
    if let Err(error) = text.and_then(|text| fs::write(&path, text)) {
        console.say(&format!("writing {} failed: {error}", path.display()));
    }
}
