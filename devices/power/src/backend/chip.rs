//! Finds a line among the GPIO chips of the machine.

use crate::config::LineId;
use gpiocdev::{
    chip::{chips, Chip},
    request::{Builder, Request},
};
use std::{fs, path::PathBuf};
use thiserror::Error;

/// What `gpioinfo` shows.
const CONSUMER: &str = "dkvm-power";
/// The label of the chip with a Pi's header; `pinctrl-bcm2711` and others. It comes first among those without a name.
const PI_LABEL: &str = "pinctrl-bcm";
/// Says `Y` when Linux leaves a dead program's outputs as they are. Linux of raspberrypi.com does unless told not to.
const PERSIST: &str = "/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs";

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    chip: PathBuf,
    offset: u32,
}

/// Why a line was not found.
#[derive(Debug, Error)]
pub(super) enum FindError {
    #[error(
        "there is no GPIO chip: /dev/gpiochip* is missing, or not this device's group's (gpio)"
    )]
    Chipless,
    #[error(
        "there is no GPIO chip {wanted:?}: there are {there}; see `chip` in the configuration"
    )]
    UnknownChip { wanted: String, there: String },
    #[error("{chip} has no {line}: its lines are 0 to {last}")]
    UnknownLine {
        chip: String,
        line: LineId,
        last: u32,
    },
    #[error(
        "no GPIO chip has a {0}: see `gpioinfo` of a Linux with libgpiod, or use the line's number"
    )]
    UnknownName(LineId),
}

/// One chip, by what it says of itself.
struct Known {
    path: PathBuf,
    name: String,
    label: String,
    lines: u32,
}

/// Whether there is any.
pub(super) fn any() -> bool {
    chips().is_ok_and(|chips| !chips.is_empty())
}

/// What asks Linux for a line, as far as that is the same for all.
pub(super) fn ask(chip: Option<&str>, line: &LineId) -> Result<Builder, FindError> {
    let place = find(chip, line)?;
    let mut builder = Request::builder();
    builder
        .on_chip(place.chip)
        .with_consumer(CONSUMER)
        .with_line(place.offset);
    Ok(builder)
}

/// Where a line is.
fn find(chip: Option<&str>, line: &LineId) -> Result<Place, FindError> {
    let known = known();
    let candidates = candidates(&known, chip)?;
    match line {
        LineId::Number(number) => numbered(candidates, line, *number),
        LineId::Name(name) => {
            named(&candidates, name).ok_or_else(|| FindError::UnknownName(line.clone()))
        }
    }
}

fn known() -> Vec<Known> {
    let all = chips().unwrap_or_default().into_iter();
    all.filter_map(|path| {
        let info = Chip::from_path(&path).ok()?.info().ok()?;
        Some(Known {
            path,
            name: info.name,
            label: info.label,
            lines: info.num_lines,
        })
    })
    .collect()
}

/// Those that a line may be on, the likeliest first.
fn candidates<'k>(known: &'k [Known], chip: Option<&str>) -> Result<Vec<&'k Known>, FindError> {
    let Some(wanted) = chip else {
        let mut all: Vec<_> = known.iter().collect();
        all.sort_by_key(|chip| !chip.label.starts_with(PI_LABEL));
        return if all.is_empty() {
            Err(FindError::Chipless)
        } else {
            Ok(all)
        };
    };
    let is_it = |chip: &&Known| {
        chip.name == wanted || chip.label == wanted || chip.path.as_os_str() == wanted
    };
    match known.iter().find(is_it) {
        Some(chip) => Ok(vec![chip]),
        None => Err(FindError::UnknownChip {
            wanted: wanted.to_owned(),
            there: there(known),
        }),
    }
}

fn there(known: &[Known]) -> String {
    let all: Vec<_> = known
        .iter()
        .map(|chip| format!("{} ({})", chip.name, chip.label))
        .collect();
    if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    }
}

fn numbered(candidates: Vec<&Known>, line: &LineId, number: u32) -> Result<Place, FindError> {
    let chip = candidates.first().ok_or(FindError::Chipless)?;
    if number >= chip.lines {
        return Err(FindError::UnknownLine {
            chip: chip.name.clone(),
            line: line.clone(),
            last: chip.lines.saturating_sub(1),
        });
    }
    Ok(Place {
        chip: chip.path.clone(),
        offset: number,
    })
}

fn named(candidates: &[&Known], name: &str) -> Option<Place> {
    candidates.iter().find_map(|known| {
        let line = Chip::from_path(&known.path).ok()?.find_line_info(name)?;
        Some(Place {
            chip: known.path.clone(),
            offset: line.offset,
        })
    })
}

/// What to say when Linux would leave a button pressed after this device's death.
pub(super) fn persistence() -> Option<String> {
    let says = fs::read_to_string(PERSIST).ok()?;
    says.trim().eq_ignore_ascii_case("y").then(|| {
        "this Linux leaves a GPIO line as it is when its program dies, so that a button could stay pressed: put pinctrl_bcm2835.persist_gpio_outputs=n on the kernel's command line".to_owned()
    })
}
