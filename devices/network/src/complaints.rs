//! What goes wrong again and again is told once, until it is over.

use std::collections::HashMap;

/// What has been told.
#[derive(Debug, Default)]
pub struct Complaints {
    told: HashMap<String, String>,
}

impl Complaints {
    /// What is wrong about something, or nothing any more.
    pub fn about(&mut self, what: &str, sentence: Option<String>) {
        if let Some(fresh) = self.fresh(what, sentence) {
            dkvm_sdk::warn!("{fresh}");
        }
    }

    fn fresh(&mut self, what: &str, sentence: Option<String>) -> Option<String> {
        let Some(sentence) = sentence else {
            self.told.remove(what);
            return None;
        };
        let before = self.told.insert(what.to_owned(), sentence.clone());
        (before.as_ref() != Some(&sentence)).then_some(sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_again_only_after_it_was_over() {
        let mut complaints = Complaints::default();
        let mut tell = |sentence: Option<&str>| complaints.fresh("it", sentence.map(str::to_owned));
        assert_eq!(tell(Some("a")).as_deref(), Some("a"));
        assert_eq!(tell(Some("a")), None);
        assert_eq!(tell(Some("b")).as_deref(), Some("b"));
        assert_eq!(tell(None), None);
        assert_eq!(tell(Some("b")).as_deref(), Some("b"));
    }
}
