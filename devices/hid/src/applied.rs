//! The file `applied` in the run directory: what was written to the target, so that a later life of this device neither
//! types a step twice nor releases what is still held.
//!
//! One record of at most a page, written whole before each report that carries something (the intent) and after each
//! settlement. Little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `dKVMhid2` |
//! | 4 | FNV-1a of all that follows, up to the end that the lengths give |
//! | 2 | bytes that follow |
//! | 4, 8, 8 | focus epoch, holder, end of its lease (µs of `CLOCK_MONOTONIC`) |
//! | 1, 4 | whether a binding is known, binding |
//! | 1, 1, 1 | form of the functions, what the target set of the wheels of the absolute and of the relative mouse |
//! | 1, 1, 1, 2, 2 | modifiers, buttons absolute, buttons relative, x, y |
//! | 1, n; 1, n | keys held, in order: of the keyboard's report, of those beyond |
//! | 1, 2n | consumer keys held |
//! | 1, 1, 4n | system keys, fingers (a bit for each), where each of these is |
//! | 1 | lock LEDs: bit 0 num, then caps, scroll, compose, kana |
//! | 1 | holders; for each: |
//! | 8, 4, 4 | holder, settled, lost |
//! | 1, 4 | whether a message is known, its number |
//! | 1, 24 | whether counters are known: x, y, wheel, pan, and the parts of a notch of both wheels |
//! | 2, n | marks of the steps from `settled` on: 0 open, 1 sent, 2 done, 3 sent as a key beyond six |
//!
//! Anything else is no record: whoever reads it begins anew.

use crate::core::{
    book::{Book, Books, Mark, MAX_BOOKS, MAX_MARKS},
    fingers::Fingers,
    held::{within, Edge, Held, Keys, Media, Pointer, MAX_CONSUMER, MAX_KEYS},
    motion::Fine,
    Record,
};
use crate::reports::{led_bits, leds, Form, Function, Kind, SYSTEM_BITS};
use dkvm_sdk::Time;
use dkvm_wire::vocab::input::{Motion, Position, MAX_CONTACTS};

const MAGIC: [u8; 8] = *b"dKVMhid2";
const HEAD: usize = 14;
/// Longest record: one page, so that a write of it cannot be torn by a signal.
pub const MAX_RECORD: usize = 4096;

/// The bytes of a record.
pub fn encode(record: &Record) -> Vec<u8> {
    let body = encode_body(record);
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes();
    let sum = checksum(&length, &body).to_le_bytes();
    [&MAGIC[..], &sum, &length, &body].concat()
}

fn encode_body(record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend(record.epoch.to_le_bytes());
    out.extend(record.holder.to_le_bytes());
    out.extend(record.lease.micros().to_le_bytes());
    put_option(&mut out, record.binding);
    out.push(record.form.code());
    out.extend(record.fine.map(Fine::feature));
    encode_held(&mut out, &record.held);
    out.push(led_bits(record.leds));
    let books = &record.books.0[..record.books.0.len().min(MAX_BOOKS)];
    out.push(books.len() as u8);
    books.iter().for_each(|book| encode_book(&mut out, book));
    out
}

fn encode_held(out: &mut Vec<u8>, held: &Held) {
    let Pointer {
        absolute,
        relative,
        at,
    } = held.pointer;
    out.extend([held.keys.modifiers, absolute, relative]);
    out.extend(at.x.to_le_bytes());
    out.extend(at.y.to_le_bytes());
    for keys in [&held.keys.pressed, &held.keys.beyond] {
        let keys = &keys[..keys.len().min(MAX_KEYS)];
        out.push(keys.len() as u8);
        out.extend(keys);
    }
    encode_media(out, &held.media);
    encode_fingers(out, held.fingers);
}

fn encode_media(out: &mut Vec<u8>, media: &Media) {
    let consumer = &media.consumer[..media.consumer.len().min(MAX_CONSUMER)];
    out.push(consumer.len() as u8);
    consumer
        .iter()
        .for_each(|usage| out.extend(usage.to_le_bytes()));
    out.push(media.system);
}

fn encode_fingers(out: &mut Vec<u8>, fingers: Fingers) {
    let bits = fingers.0.iter().rev();
    out.push(bits.fold(0, |sum, at| sum << 1 | u8::from(at.is_some())));
    for at in fingers.0.into_iter().flatten() {
        out.extend(at.x.to_le_bytes());
        out.extend(at.y.to_le_bytes());
    }
}

fn encode_book(out: &mut Vec<u8>, book: &Book) {
    out.extend(book.holder.to_le_bytes());
    out.extend(book.settled.to_le_bytes());
    out.extend(book.lost.to_le_bytes());
    put_option(out, book.seq);
    let motion = book.motion.unwrap_or_default();
    out.push(book.motion.is_some().into());
    let Motion {
        x,
        y,
        wheel,
        pan,
        fine_wheel,
        fine_pan,
    } = motion;
    [x, y, wheel, pan, fine_wheel, fine_pan]
        .into_iter()
        .for_each(|counter| out.extend(counter.to_le_bytes()));
    let marks = &book.marks[..book.marks.len().min(MAX_MARKS)];
    out.extend((marks.len() as u16).to_le_bytes());
    out.extend(marks.iter().map(|mark| *mark as u8));
}

fn put_option(out: &mut Vec<u8>, value: Option<u32>) {
    out.push(value.is_some().into());
    out.extend(value.unwrap_or(0).to_le_bytes());
}

/// Reads a record; `None` when the bytes are none.
pub fn decode(bytes: &[u8]) -> Option<Record> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (sum, length) = (&head[8..12], &head[12..14]);
    let body = rest.get(..usize::from(u16::from_le_bytes([length[0], length[1]])))?;
    let sound = head[..8] == MAGIC && checksum(length, body).to_le_bytes() == sum;
    let mut reader = Reader(body);
    let record = sound.then(|| decode_body(&mut reader))??;
    reader.0.is_empty().then_some(record)
}

fn decode_body(reader: &mut Reader<'_>) -> Option<Record> {
    let (epoch, holder) = (reader.u32()?, reader.u64()?);
    let lease = Time::from_micros(reader.u64()?);
    let binding = reader.option()?;
    let form = Form::of_code(reader.u8()?)?;
    let fine = [reader.u8()?, reader.u8()?].map(Fine::of_feature);
    let held = decode_held(reader)?;
    let leds = leds(reader.bytes(1)?)?;
    let count = usize::from(reader.u8()?);
    let books = (0..count)
        .map(|_| decode_book(reader))
        .collect::<Option<Vec<_>>>()?;
    (count <= MAX_BOOKS).then_some(Record {
        epoch,
        holder,
        lease,
        binding,
        form,
        fine,
        held,
        leds,
        books: Books(books),
    })
}

fn decode_held(reader: &mut Reader<'_>) -> Option<Held> {
    let mut keys = Keys {
        modifiers: reader.u8()?,
        ..Keys::default()
    };
    let (absolute, relative) = (reader.u8()?, reader.u8()?);
    let at = within(Position {
        x: reader.u16()?,
        y: reader.u16()?,
    });
    for kind in [Kind::Keyboard, Kind::Keys] {
        let count = usize::from(reader.u8()?);
        let usages = reader.bytes(count)?.iter();
        usages.for_each(|usage| keys.set(kind, *usage, Edge::Down));
    }
    let mut pointer = Pointer {
        at,
        ..Pointer::default()
    };
    pointer.press(absolute, Function::Absolute);
    pointer.press(relative, Function::Relative);
    Some(Held {
        keys,
        pointer,
        media: decode_media(reader)?,
        fingers: decode_fingers(reader)?,
    })
}

fn decode_media(reader: &mut Reader<'_>) -> Option<Media> {
    let mut media = Media::default();
    for _ in 0..reader.u8()? {
        media.set_consumer(reader.u16()?, Edge::Down);
    }
    media.system = reader.u8()? & SYSTEM_BITS;
    Some(media)
}

fn decode_fingers(reader: &mut Reader<'_>) -> Option<Fingers> {
    let mut fingers = Fingers::default();
    let bits = reader.u8()?;
    for contact in (0..MAX_CONTACTS).filter(|contact| bits & (1 << contact) != 0) {
        let at = Position {
            x: reader.u16()?,
            y: reader.u16()?,
        };
        fingers.set(contact, Edge::Down, at);
    }
    Some(fingers)
}

fn decode_book(reader: &mut Reader<'_>) -> Option<Book> {
    let (holder, settled, lost) = (reader.u64()?, reader.u32()?, reader.u32()?);
    let seq = reader.option()?;
    let known = reader.u8()? == 1;
    let motion = Motion {
        x: reader.i32()?,
        y: reader.i32()?,
        wheel: reader.i32()?,
        pan: reader.i32()?,
        fine_wheel: reader.i32()?,
        fine_pan: reader.i32()?,
    };
    let count = usize::from(reader.u16()?);
    let marks = reader
        .bytes(count)?
        .iter()
        .map(|byte| mark(*byte))
        .collect::<Option<Vec<_>>>()?;
    (count <= MAX_MARKS).then_some(Book {
        holder,
        settled,
        lost,
        seq,
        motion: known.then_some(motion),
        marks,
    })
}

fn mark(byte: u8) -> Option<Mark> {
    [Mark::Open, Mark::Sent, Mark::Done, Mark::SentBeyond]
        .get(usize::from(byte))
        .copied()
}

fn checksum(length: &[u8], body: &[u8]) -> u32 {
    length.iter().chain(body).fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn option(&mut self) -> Option<Option<u32>> {
        let known = self.u8()? == 1;
        self.u32().map(|value| known.then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn book(holder: u64) -> Book {
        let motion = Some(Motion {
            x: -1,
            y: i32::MIN,
            wheel: 3,
            pan: 4,
            fine_wheel: -5,
            fine_pan: 6,
        });
        Book {
            holder,
            settled: 7,
            lost: 1,
            seq: Some(9),
            motion,
            marks: vec![Mark::Open, Mark::Sent, Mark::Done, Mark::SentBeyond],
        }
    }

    fn sample() -> Record {
        let pointer = Pointer {
            absolute: 1,
            relative: 4,
            at: Position { x: 5, y: 6 },
        };
        let held = Held {
            keys: Keys {
                modifiers: 3,
                pressed: vec![4, 9, 5],
                beyond: vec![7, 30],
            },
            pointer,
            media: Media {
                consumer: vec![0xe9, 0x3ff],
                system: 4,
            },
            fingers: Fingers([
                None,
                Some(Position { x: 1, y: 2 }),
                None,
                None,
                Some(Position { x: 3, y: 4 }),
            ]),
        };
        let books = Books(vec![
            book(1),
            Book {
                seq: None,
                motion: None,
                ..book(2)
            },
        ]);
        Record {
            epoch: 3,
            holder: 1,
            lease: Time::from_millis(77),
            binding: Some(2),
            form: Form::FULL,
            fine: [Fine::of_feature(1), Fine::of_feature(4)],
            held,
            leds: leds(&[2]).unwrap(),
            books,
        }
    }

    #[test]
    fn the_largest_record_fits_in_a_page() {
        let mut record = sample();
        record.held.keys.pressed = (4..36).collect();
        record.held.keys.beyond.clear();
        record.held.media.consumer = (1..9).collect();
        let full = Book {
            marks: vec![Mark::Sent; MAX_MARKS],
            ..book(1)
        };
        record.books = Books(vec![full; MAX_BOOKS]);
        assert!(encode(&record).len() <= MAX_RECORD);
        assert_eq!(decode(&encode(&record)), Some(record));
    }

    #[test]
    fn bytes_behind_the_record_do_not_matter() {
        let bytes = [encode(&sample()), vec![0xaa; 99]].concat();
        assert_eq!(decode(&bytes), Some(sample()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..MAX_RECORD)) {
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn a_short_or_changed_record_is_refused(cut in 0usize..200, place in 0usize..200, flip in 1u8..) {
            let whole = encode(&sample());
            prop_assert_eq!(decode(&whole[..cut.min(whole.len() - 1)]), None);
            let mut changed = whole.clone();
            let place = place % whole.len();
            changed[place] ^= flip;
            prop_assert_eq!(decode(&changed), None);
        }

        #[test]
        fn a_sound_sum_over_any_body_is_read_or_refused(body in vec(any::<u8>(), 0..600)) {
            let length = (body.len() as u16).to_le_bytes();
            let sum = checksum(&length, &body).to_le_bytes();
            if let Some(record) = decode(&[&MAGIC[..], &sum, &length, &body].concat()) {
                prop_assert!(record.held.keys.pressed.len() + record.held.keys.beyond.len() <= MAX_KEYS && record.books.0.len() <= MAX_BOOKS);
            }
        }
    }
}
