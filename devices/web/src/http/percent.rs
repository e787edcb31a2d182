//! Percent-encoding, for the one parameter that can hold anything: the name of a file.

/// The text that was encoded; none when it was no UTF-8, or not encoded well.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        // `from_str_radix` would take a sign too.
        let well = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        bytes.push(well.then(|| u8::from_str_radix(digits, 16).ok())??);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_browsers_encode_it() {
        assert_eq!(decode("a%20b%2Fc.iso").as_deref(), Some("a b/c.iso"));
        assert_eq!(decode("%D0%B4+%e4%bd%a0").as_deref(), Some("д+你"));
        for wrong in ["%", "%2", "%zz", "%+1", "%ff", "%é"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn anything_encoded_comes_back(text in any::<String>()) {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(decode(&encoded), Some(text));
        }

        #[test]
        fn anything_else_ends(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
