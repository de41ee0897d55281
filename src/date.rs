//! Points in time as people and programs read them: in UTC, to the second. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 24 * 60 * 60;

/// `2026-01-02T03:04:05Z`, of so many seconds since 1970.
#[must_use]
pub fn utc(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // Years begin in March here, so that the day that some have more is the last: eras are of 400 years.
    let from_march = days + 719_468;
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// The same of the clock's time.
#[must_use]
pub fn of_clock(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).map(|since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX / 2));
    utc(since.unwrap_or(0))
}

/// The same to the millisecond: `2026-01-02T03:04:05.678Z`.
#[must_use]
pub fn of_clock_to_millis(time: SystemTime) -> String {
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_millis());
    let whole = of_clock(time);
    format!("{}.{millis:03}Z", whole.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, want) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_323_045, "2026-01-02T03:04:05Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-2_203_891_200, "1900-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), want);
        }
        assert_eq!(of_clock(UNIX_EPOCH + std::time::Duration::from_secs(951_782_400)), "2000-02-29T00:00:00Z");
        let time = UNIX_EPOCH + std::time::Duration::from_millis(951_782_400_007);
        assert_eq!(of_clock_to_millis(time), "2000-02-29T00:00:00.007Z");
    }
}
