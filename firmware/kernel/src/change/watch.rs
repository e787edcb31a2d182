use crate::supervise::{Millis, LONGEST_HELLO_MS};
use dkvm_wire::{DeviceName, Generation};
use std::collections::HashMap;

/// From `goodbye` to SIGKILL, and until that has worked.
const STOP_MS: u64 = 7_000;
/// Two failures with their waits, and what is given back to a device that was not let run: so much is no fault of it.
const SLACK_MS: u64 = 10_000;
/// So many deaths on the way up are no accident.
const DEATHS: u32 = 3;

/// A device that has to come up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) name: DeviceName,
    /// Ready in a later life than this.
    pub(crate) generation: Generation,
    /// It had died so often.
    pub(crate) deaths: u32,
    /// Its own time from welcome to ready.
    pub(crate) ready_ms: u64,
    /// What of these is new too comes before it.
    pub(crate) after: Vec<DeviceName>,
}

/// How it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum View {
    /// Ready in this life.
    Ready(Generation),
    /// On its way, after so many deaths.
    Coming(u32),
    /// Given up, or its hardware is not there: the sentence.
    Down(String),
    /// A person, or safe mode, holds it: nobody waits for it.
    Excused,
}

/// Whether somebody has to say that it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// No.
    Needless,
    /// Within so many ms after its devices are up.
    Within(u64),
    /// Until then, out of so many ms.
    Until(Millis, u64),
    /// Somebody has.
    Given,
}

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing yet.
    Wait,
    /// All are up, and it is confirmed where it had to be.
    Good,
    /// A sentence each.
    Bad(Vec<String>),
}

/// A change under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watch {
    waiting: Vec<(Touched, Millis)>,
    down: Vec<String>,
    pub(crate) confirm: Confirm,
}

impl Watch {
    pub(crate) fn new(touched: Vec<Touched>, confirm: Confirm, now: Millis) -> Self {
        let mut known = HashMap::new();
        let mut due = |one| now + patience(&touched, one, &mut known);
        let waiting = touched.iter().map(|one| (one.clone(), due(one))).collect();
        Self {
            waiting,
            down: Vec::new(),
            confirm,
        }
    }

    pub(crate) fn waiting(&self) -> Vec<DeviceName> {
        self.waiting
            .iter()
            .map(|(one, _)| one.name.clone())
            .collect()
    }

    /// When to look again though nothing has happened.
    pub(crate) fn due(&self) -> Option<Millis> {
        let dues = self.waiting.iter().map(|(_, due)| *due);
        let confirm = match self.confirm {
            Confirm::Until(until, _) => Some(until),
            _ => None,
        };
        dues.chain(confirm).min()
    }

    /// For so long the kernel itself did not run: no device is to blame, and nobody could confirm.
    pub(crate) fn lag(&mut self, ms: u64) {
        for (_, due) in &mut self.waiting {
            *due = *due + ms;
        }
        if let Confirm::Until(until, of) = self.confirm {
            self.confirm = Confirm::Until(until + ms, of);
        }
    }

    /// How it stands. `see` says how a device is, and its last sentence.
    pub(crate) fn look(
        &mut self,
        now: Millis,
        see: impl Fn(&DeviceName) -> (View, String),
    ) -> Verdict {
        let (mut waiting, down) = (Vec::new(), &mut self.down);
        for (one, due) in self.waiting.drain(..) {
            let (view, said) = see(&one.name);
            match judge(&one, &view, now >= due) {
                Judged::Up => {}
                Judged::Wait => waiting.push((one, due)),
                Judged::Down => down.push(sentence(&one.name, view, &said)),
            }
        }
        self.waiting = waiting;
        if !self.waiting.is_empty() {
            return Verdict::Wait;
        }
        if !self.down.is_empty() {
            return Verdict::Bad(std::mem::take(&mut self.down));
        }
        self.confirmed(now)
    }

    /// What is known to be down already, though others are still waited for.
    pub(crate) fn down(&self) -> &[String] {
        &self.down
    }

    fn confirmed(&mut self, now: Millis) -> Verdict {
        match self.confirm {
            Confirm::Needless | Confirm::Given => Verdict::Good,
            Confirm::Within(ms) => {
                self.confirm = Confirm::Until(now + ms, ms);
                Verdict::Wait
            }
            Confirm::Until(until, _) if now < until => Verdict::Wait,
            Confirm::Until(_, ms) => {
                Verdict::Bad(vec![format!("nobody confirmed it within {} s", ms / 1000)])
            }
        }
    }
}

enum Judged {
    Up,
    Wait,
    Down,
}

fn judge(one: &Touched, view: &View, late: bool) -> Judged {
    match view {
        View::Excused => Judged::Up,
        View::Ready(generation) if *generation > one.generation => Judged::Up,
        View::Down(_) => Judged::Down,
        View::Coming(deaths) if deaths.saturating_sub(one.deaths) >= DEATHS => Judged::Down,
        _ if late => Judged::Down,
        _ => Judged::Wait,
    }
}

fn sentence(name: &DeviceName, view: View, said: &str) -> String {
    let why = match view {
        View::Down(why) => why,
        View::Coming(_) | View::Ready(_) if !said.is_empty() => said.to_owned(),
        _ => "it was not ready in its time".to_owned(),
    };
    format!("{name} does not come up: {why}")
}

/// How long one may take, and before it those that it comes after; a few start at a time. Each is reckoned once.
fn patience<'a>(
    all: &'a [Touched],
    one: &'a Touched,
    known: &mut HashMap<&'a DeviceName, u64>,
) -> u64 {
    if let Some(ms) = known.get(&one.name) {
        return *ms;
    }
    // A circle cannot be configured; it would end here all the same.
    known.insert(&one.name, 0);
    let own = STOP_MS + LONGEST_HELLO_MS * (1 + all.len() as u64 / 3) + one.ready_ms + SLACK_MS;
    let before = all.iter().filter(|other| one.after.contains(&other.name));
    let longest = before.map(|other| patience(all, other, known)).max();
    let whole = own + longest.unwrap_or(0);
    known.insert(&one.name, whole);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DeviceName {
        DeviceName::try_from(text).expect("a name")
    }

    fn touched(text: &str, after: &[&str]) -> Touched {
        Touched {
            name: name(text),
            generation: Generation(1),
            deaths: 2,
            ready_ms: 15_000,
            after: after.iter().map(|text| name(text)).collect(),
        }
    }

    fn watch(confirm: Confirm) -> Watch {
        Watch::new(
            vec![touched("a", &[]), touched("b", &["a"])],
            confirm,
            Millis(0),
        )
    }

    fn look(watch: &mut Watch, now: u64, views: &[(&str, View)]) -> Verdict {
        let views: HashMap<_, _> = views.iter().map(|(of, view)| (name(of), view)).collect();
        watch.look(Millis(now), |of| {
            (views[of].clone(), "last words".to_owned())
        })
    }

    const UP: View = View::Ready(Generation(2));
    const COMING: View = View::Coming(2);

    #[test]
    fn all_have_to_be_up_in_a_life_of_their_own() {
        let mut watch = watch(Confirm::Needless);
        let old = View::Ready(Generation(1));
        assert_eq!(
            look(&mut watch, 1, &[("a", old), ("b", COMING)]),
            Verdict::Wait
        );
        assert_eq!(
            look(&mut watch, 2, &[("a", UP), ("b", COMING)]),
            Verdict::Wait
        );
        assert_eq!(watch.waiting(), [name("b")]);
        // One that was up counts, whatever it does then.
        assert_eq!(look(&mut watch, 3, &[("b", UP)]), Verdict::Good);
    }

    #[test]
    fn what_a_person_holds_is_not_waited_for() {
        let mut watch = watch(Confirm::Needless);
        let views = [("a", View::Excused), ("b", UP)];
        assert_eq!(look(&mut watch, 1, &views), Verdict::Good);
    }

    #[test]
    fn one_that_is_given_up_or_dies_again_and_again_is_told_with_its_words() {
        let mut given_up = watch(Confirm::Needless);
        let gone = View::Down("exit code 78".into());
        let Verdict::Bad(why) = look(&mut given_up, 1, &[("a", gone), ("b", UP)]) else {
            panic!("it is down");
        };
        assert_eq!(why, ["a does not come up: exit code 78"]);
        let mut dies = watch(Confirm::Needless);
        let views = [("a", UP), ("b", View::Coming(4))];
        assert_eq!(look(&mut dies, 1, &views), Verdict::Wait);
        let Verdict::Bad(why) = look(&mut dies, 2, &[("b", View::Coming(5))]) else {
            panic!("it is down");
        };
        assert_eq!(why, ["b does not come up: last words"]);
    }

    #[test]
    fn time_is_each_ones_own_after_those_that_it_comes_after() {
        let mut watch = watch(Confirm::Needless);
        let first = watch.due().expect("due");
        assert_eq!(first, Millis(44_000));
        watch.lag(1000);
        assert_eq!(
            look(&mut watch, 44_500, &[("a", COMING), ("b", COMING)]),
            Verdict::Wait
        );
        assert_eq!(
            look(&mut watch, 45_000, &[("a", COMING), ("b", COMING)]),
            Verdict::Wait
        );
        assert_eq!(watch.down().len(), 1);
        assert_eq!(watch.due(), Some(Millis(89_000)));
        let verdict = look(&mut watch, 89_000, &[("b", COMING)]);
        assert!(matches!(verdict, Verdict::Bad(why) if why.len() == 2));
    }

    #[test]
    fn many_that_come_after_all_before_them_are_reckoned_once_each() {
        let names: Vec<_> = (0..64).map(|n| format!("d{n}")).collect();
        let after: Vec<_> = names.iter().map(String::as_str).collect();
        let all = (0..64).map(|n| touched(after[n], &after[..n])).collect();
        let watch = Watch::new(all, Confirm::Needless, Millis(0));
        let (last, due) = watch.waiting.last().expect("there");
        let one = STOP_MS + LONGEST_HELLO_MS * 22 + 15_000 + SLACK_MS;
        assert_eq!((last.name.as_str(), *due), ("d63", Millis(64 * one)));
    }

    #[test]
    fn the_time_to_confirm_begins_when_all_are_up() {
        let mut watch = watch(Confirm::Within(5000));
        let up = [("a", UP), ("b", UP)];
        assert_eq!(look(&mut watch, 20_000, &up), Verdict::Wait);
        assert_eq!(watch.due(), Some(Millis(25_000)));
        assert_eq!(look(&mut watch, 24_999, &[]), Verdict::Wait);
        let verdict = look(&mut watch, 25_000, &[]);
        assert!(matches!(verdict, Verdict::Bad(why) if why[0].contains("within 5 s")));
        watch.confirm = Confirm::Given;
        assert_eq!(look(&mut watch, 25_001, &[]), Verdict::Good);
    }
}
