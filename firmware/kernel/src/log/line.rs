use crate::supervise::Millis;
use dkvm_wire::service::Level;

/// Longest line that is kept, bytes; the rest of it is cut off.
const LONGEST: usize = 1024;
/// Lines that a device may write in each second.
const LINES: u64 = 200;
const SECOND_MS: u64 = 1000;

/// A line as a device meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// Cuts a device's stderr into lines, and keeps a device that writes too many from drowning the others.
#[derive(Debug)]
pub(crate) struct Assembler {
    partial: Vec<u8>,
    cut: bool,
    /// When this second began, and how many lines it has brought.
    second: Millis,
    lines: u64,
    suppressed: u64,
}

impl Assembler {
    pub(crate) fn new() -> Self {
        Self {
            partial: Vec::new(),
            cut: false,
            second: Millis(0),
            lines: 0,
            suppressed: 0,
        }
    }

    /// Takes bytes as they came; gives the lines that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8], now: Millis) -> Vec<Parsed> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = piece
                .strip_suffix(b"\n")
                .map_or((piece, false), |text| (text, true));
            self.collect(text);
            if ends {
                self.complete(now, &mut lines);
            }
        }
        lines
    }

    /// What is left when the device has ended.
    pub(crate) fn finish(&mut self, now: Millis) -> Vec<Parsed> {
        let mut lines = Vec::new();
        if !self.partial.is_empty() {
            self.complete(now, &mut lines);
        }
        self.tell_suppressed(&mut lines);
        lines
    }

    fn collect(&mut self, text: &[u8]) {
        let room = LONGEST - self.partial.len();
        self.cut |= text.len() > room;
        self.partial
            .extend_from_slice(&text[..text.len().min(room)]);
    }

    fn complete(&mut self, now: Millis, lines: &mut Vec<Parsed>) {
        let bytes = std::mem::take(&mut self.partial);
        let cut = std::mem::take(&mut self.cut);
        if bytes.is_empty() {
            return;
        }
        if now.since(self.second) >= SECOND_MS {
            self.tell_suppressed(lines);
            (self.second, self.lines) = (now, 0);
        }
        self.lines += 1;
        if self.lines > LINES {
            self.suppressed += 1;
            return;
        }
        lines.push(parse(&bytes, cut));
    }

    fn tell_suppressed(&mut self, lines: &mut Vec<Parsed>) {
        let count = std::mem::take(&mut self.suppressed);
        if count > 0 {
            let text = format!(
                "{count} lines of this device were left out: it wrote more than {LINES} a second"
            );
            lines.push(Parsed {
                level: Level::Warn,
                text,
            });
        }
    }
}

fn parse(bytes: &[u8], cut: bool) -> Parsed {
    let text = String::from_utf8_lossy(bytes);
    let (level, text) = split_level(&text);
    // A device must not steer the terminal of the person who reads its log.
    let mut text: String = text
        .chars()
        .map(|c| if c.is_control() && c != '\t' { '·' } else { c })
        .collect();
    if cut {
        text.push('…');
    }
    Parsed { level, text }
}

fn split_level(text: &str) -> (Level, &str) {
    const LEVELS: [(&str, Level); 4] = [
        ("<debug>", Level::Debug),
        ("<info>", Level::Info),
        ("<warn>", Level::Warn),
        ("<error>", Level::Error),
    ];
    for (mark, level) in LEVELS {
        if let Some(rest) = text.strip_prefix(mark) {
            return (level, rest.strip_prefix(' ').unwrap_or(rest));
        }
    }
    (Level::Info, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Parsed>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_cut_and_levels_read() {
        let mut assembler = Assembler::new();
        assert!(assembler.push(b"<warn> no si", Millis(1)).is_empty());
        let got = assembler.push(b"gnal\nplain\n\n<x> y\n<error>tight\n", Millis(1));
        let levels: Vec<_> = got.iter().map(|line| line.level).collect();
        assert_eq!(
            levels,
            [Level::Warn, Level::Info, Level::Info, Level::Error]
        );
        assert_eq!(texts(got), ["no signal", "plain", "<x> y", "tight"]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_is_whole() {
        let mut assembler = Assembler::new();
        let mut bytes = vec![b'x'; 5000];
        bytes.extend(b"\nnext\n");
        let got = texts(assembler.push(&bytes, Millis(1)));
        assert_eq!(
            (got[0].chars().count(), got[1].as_str()),
            (LONGEST + 1, "next")
        );
    }

    #[test]
    fn a_flood_is_counted_and_told_once() {
        let mut assembler = Assembler::new();
        let got = assembler.push(&b"spam\n".repeat(1000), Millis(1));
        assert_eq!(got.len(), 200);
        let later = texts(assembler.push(b"calm\n", Millis(2000)));
        assert!(
            later[0].starts_with("800 lines") && later[1] == "calm",
            "{later:?}"
        );
    }

    #[test]
    fn control_characters_and_broken_text_do_no_harm() {
        let mut assembler = Assembler::new();
        let got = texts(assembler.push(b"\x1b[2Jred\xff\n", Millis(1)));
        assert_eq!(got, ["·[2Jred\u{fffd}"]);
    }

    #[test]
    fn the_end_completes_the_last_line() {
        let mut assembler = Assembler::new();
        assembler.push(b"panicked at", Millis(1));
        assert_eq!(texts(assembler.finish(Millis(1))), ["panicked at"]);
    }
}
