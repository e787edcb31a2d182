use super::{show, Session};
use crate::error::CliError;
use crate::output::{self, harmless, Form};
use crate::table::{render, Align};
use dkvm_wire::service::{methods, ConfigEntry, ConfigHistory};

pub fn entries(session: &mut Session) -> Result<Vec<ConfigEntry>, CliError> {
    let history: ConfigHistory = session.ask(methods::CONFIG_HISTORY)?;
    Ok(history.entries)
}

/// `dkvm config history`
pub fn run(session: &mut Session, form: Form) -> Result<(), CliError> {
    let entries = entries(session)?;
    if form == Form::Json {
        return output::json(&ConfigHistory { entries });
    }
    if entries.is_empty() {
        return output::line("no configuration was applied yet");
    }
    let rows: Vec<_> = entries.iter().map(row).collect();
    let head = [
        ("NUMBER", Align::Right),
        ("WHEN (UTC)", Align::Left),
        ("WHO", Align::Left),
        ("OUTCOME", Align::Left),
        ("COMMENT", Align::Left),
    ];
    output::lines(&render(head, &rows))
}

fn row(entry: &ConfigEntry) -> [String; 5] {
    let why = entry.why.as_ref().map(|why| harmless(why));
    let comment = [Some(harmless(&entry.comment)), why];
    let comment = comment
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty());
    [
        entry.number.to_string(),
        when(entry.at_unix_ms),
        harmless(&entry.who),
        show::outcome(entry.outcome).to_owned(),
        comment.collect::<Vec<_>>().join("; "),
    ]
}

/// To the minute. The days of a year are counted from March, so that the leap day is the last.
fn when(unix_ms: u64) -> String {
    let minutes = unix_ms / 60_000;
    let (days, minute) = (minutes / 1440, minutes % 1440);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year}-{month:02}-{day:02} {:02}:{:02}",
        minute / 60,
        minute % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (1_700_000_000, "2023-11-14 22:13"),
            (4_102_444_800, "2100-01-01 00:00"),
        ] {
            assert_eq!(when(seconds * 1000), shown);
        }
    }
}
