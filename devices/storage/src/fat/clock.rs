//! The date that a file gets: the node's, in UTC.

use fatfs::{Date, DateTime, Time, TimeProvider};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;
/// Days from 1970-01-01 to 1980-01-01, the first that FAT has, and to 2107-12-31, the last.
const FIRST: u64 = 3652;
const LAST: u64 = 50_402;

/// The node's clock, as far as FAT can say it.
#[derive(Debug)]
pub struct Clock;

impl TimeProvider for Clock {
    fn get_current_date(&self) -> Date {
        self.get_current_date_time().date
    }

    fn get_current_date_time(&self) -> DateTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        at(since.map_or(0, |since| since.as_secs()))
    }
}

fn at(seconds: u64) -> DateTime {
    let of = |part: u64| u16::try_from(part).unwrap_or_default();
    let rest = seconds % DAY;
    DateTime {
        date: date((seconds / DAY).clamp(FIRST, LAST)),
        time: Time {
            hour: of(rest / 3600),
            min: of(rest / 60 % 60),
            sec: of(rest % 60),
            millis: 0,
        },
    }
}

/// Of days since 1970-01-01. Counted from the first of March of the year 0, so that the day that may be missing is the last of a year.
fn date(days: u64) -> Date {
    let of = |part: u64| u16::try_from(part).unwrap_or_default();
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    Date {
        year: of(era * 400 + year + u64::from(month >= 10)),
        month: of(if month < 10 { month + 3 } else { month - 9 }),
        day: of(day - (153 * month + 2) / 5 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seconds: u64) -> (u16, u16, u16, u16, u16, u16) {
        let DateTime { date, time } = at(seconds);
        (
            date.year, date.month, date.day, time.hour, time.min, time.sec,
        )
    }

    #[test]
    fn dates_are_those_of_the_calendar_and_none_is_outside_of_fats() {
        assert_eq!(told(951_827_696), (2000, 2, 29, 12, 34, 56));
        assert_eq!(told(951_868_800), (2000, 3, 1, 0, 0, 0));
        assert_eq!(told(1_798_761_599), (2026, 12, 31, 23, 59, 59));
        assert_eq!(told(1_798_761_600), (2027, 1, 1, 0, 0, 0));
        assert_eq!(told(0), (1980, 1, 1, 0, 0, 0));
        let last = told(u64::MAX / 2);
        assert_eq!((last.0, last.1, last.2), (2107, 12, 31));
    }
}
