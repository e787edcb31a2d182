//! What nodes are called here.

use crate::fingerprint::Fingerprint;

/// As long as a part of a host name.
const LONGEST: usize = 63;
/// Room for what tells two of one name apart.
const SUFFIX: usize = 4;

/// Whether it may be a node's name: it becomes a file's, and is typed.
pub fn is_valid(name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= LONGEST && !name.starts_with('-');
    fits && name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A name from what a node calls itself: `Office.local` is `office`.
pub fn of(said: &str, key: &Fingerprint) -> String {
    let first = said.split('.').next().unwrap_or_default();
    let name: String = first
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(LONGEST - SUFFIX)
        .collect();
    let name = name.trim_matches('-').to_owned();
    if is_valid(&name) {
        name
    } else {
        format!("node-{}", key.short())
    }
}

/// That name, or where others have it, one like it.
pub fn unique(name: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&name) {
        return name;
    }
    let mut others = (2u32..).map(|n| format!("{name}-{n}"));
    others.find(|other| !taken(other)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_come_from_what_a_node_says() {
        let key = Fingerprint::of(0xab);
        assert_eq!(of("Office.local", &key), "office");
        assert_eq!(of("my desk", &key), "my-desk");
        assert_eq!(of("../../etc", &key), "node-abababab");
        assert_eq!(of("", &key), "node-abababab");
        assert_eq!(unique("office".into(), |name| name == "office"), "office-2");
    }

    proptest! {
        #[test]
        fn whatever_is_said_the_name_is_valid(said in ".{0,200}", n in 0usize..5) {
            let name = of(&said, &Fingerprint::of(1));
            prop_assert!(is_valid(&name), "{}", name);
            let taken: Vec<String> = (0..n).map(|n| match n { 0 => name.clone(), n => format!("{name}-{}", n + 1) }).collect();
            let unique = unique(name, |one| taken.iter().any(|other| other == one));
            prop_assert!(is_valid(&unique) && !taken.contains(&unique));
        }
    }
}
