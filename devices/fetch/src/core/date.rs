//! The day that the node's clock says.

const DAY: u64 = 24 * 60 * 60;

/// `2026-11-21`, from seconds since 1970.
pub fn date(seconds: u64) -> String {
    let mut day = seconds / DAY;
    let mut year = 1970;
    while day >= days(year) && year < 9999 {
        day -= days(year);
        year += 1;
    }
    let february = days(year) - 337;
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}

fn days(year: u64) -> u64 {
    let of = |years| year.is_multiple_of(years);
    let leap = of(4) && (!of(100) || of(400));
    365 + u64::from(leap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_219_200, "2026-11-21"),
            (1_798_675_199, "2026-12-30"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
        ] {
            assert_eq!(date(seconds), wanted, "{seconds}");
        }
        assert!(date(u64::MAX).starts_with("9999-"));
    }
}
