/// Bytes of a text like `96M`, `64K`, `1G` or `4096`.
pub(super) fn parse(text: &str) -> Option<u64> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn units() {
        assert_eq!(parse("96M"), Some(96 << 20));
        assert_eq!(parse("64 KiB"), Some(64 << 10));
        assert_eq!(parse("4096"), Some(4096));
        assert_eq!(parse("1G"), Some(1 << 30));
    }

    #[test]
    fn nonsense_is_none() {
        for text in [
            "",
            "M",
            "-1",
            "12X",
            "1.5M",
            "99999999999999999999",
            "18446744073709551615K",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
