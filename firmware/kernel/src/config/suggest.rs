/// Longest word that is compared: nobody mistypes a key of more.
const LONGEST: usize = 40;

/// The candidate that a person most likely meant: at most a third of the letters are off.
pub(super) fn closest<'a>(typed: &str, candidates: &[&'a str]) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (distance(typed, candidate), *candidate))
        .filter(|(off, candidate)| *off <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// ` Did you mean "x"?`, or nothing.
pub(super) fn did_you_mean(typed: &str, candidates: &[&str]) -> String {
    closest(typed, candidates)
        .map_or_else(String::new, |word| format!("; did you mean \"{word}\"?"))
}

/// How many letters must be added, removed, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (
        a.chars().take(LONGEST).collect(),
        b.chars().take(LONGEST).collect(),
    );
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let changed = last[j] + usize::from(a[i] != b[j]);
            let mut best = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_find_their_word() {
        let keys = ["command", "after", "enabled", "user"];
        for (typed, meant) in [
            ("comand", "command"),
            ("afetr", "after"),
            ("enable", "enabled"),
            ("usr", "user"),
        ] {
            assert_eq!(closest(typed, &keys), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_strange_word_finds_nothing() {
        assert_eq!(closest("frequency", &["command", "after"]), None);
        assert_eq!(closest("x", &["command"]), None);
    }
}
