//! Where things are in a pool's file: pure arithmetic, checked.

use dkvm_wire::{service::layout, SlotIndex};
use thiserror::Error;

/// Largest payload of one slot: `LeaseRef::length` is a `u32`, and 8K raw video is 133 MB.
const MAX_STRIDE: u64 = 256 * 1024 * 1024;
/// One slot alone cannot be written while it is read.
const MIN_SLOTS: u32 = 2;

/// The size of a pool's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    slots: u32,
    stride: u64,
}

/// A geometry that no pool can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum GeometryError {
    #[error("a pool of {0} slots cannot be: ask for 2 to 63")]
    Slots(u32),
    #[error("slots of {0} bytes cannot be: ask for 1 byte to 256 MiB")]
    SlotSize(u64),
    #[error("the file does not begin with a pool header of layout 1")]
    Header,
    #[error("the file has {actual} bytes, its header promises {promised}")]
    Short { actual: u64, promised: u64 },
}

impl Geometry {
    /// `slots` slots that hold at least `slot_size` bytes each, rounded up to pages.
    pub fn new(slot_size: u64, slots: u32) -> Result<Self, GeometryError> {
        if !(MIN_SLOTS..=layout::MAX_SLOTS).contains(&slots) {
            return Err(GeometryError::Slots(slots));
        }
        if !(1..=MAX_STRIDE).contains(&slot_size) {
            return Err(GeometryError::SlotSize(slot_size));
        }
        Ok(Self {
            slots,
            stride: slot_size.next_multiple_of(layout::PAGE),
        })
    }

    /// Reads a file's header and holds it against the file's real length.
    pub fn parse(header: &[u8; layout::HEADER_LEN], file_len: u64) -> Result<Self, GeometryError> {
        let (magic, rest) = header.split_first_chunk().ok_or(GeometryError::Header)?;
        let (version, rest) = rest.split_first_chunk().ok_or(GeometryError::Header)?;
        let (slots, rest) = rest.split_first_chunk().ok_or(GeometryError::Header)?;
        let (stride, rest) = rest.split_first_chunk().ok_or(GeometryError::Header)?;
        let (data, _) = rest.split_first_chunk().ok_or(GeometryError::Header)?;
        let stride = u64::from_le_bytes(*stride);
        let known = *magic == layout::POOL_MAGIC
            && u32::from_le_bytes(*version) == layout::LAYOUT_VERSION
            && u64::from_le_bytes(*data) == layout::PAGE
            && stride.is_multiple_of(layout::PAGE);
        if !known {
            return Err(GeometryError::Header);
        }
        Self::new(stride, u32::from_le_bytes(*slots))?.fits(file_len)
    }

    fn fits(self, actual: u64) -> Result<Self, GeometryError> {
        let promised = self.file_len();
        if actual < promised {
            return Err(GeometryError::Short { actual, promised });
        }
        Ok(self)
    }

    /// The pool header as it stands in the file.
    pub fn header(&self) -> [u8; layout::HEADER_LEN] {
        let mut header = [0; layout::HEADER_LEN];
        header[..8].copy_from_slice(&layout::POOL_MAGIC);
        header[8..12].copy_from_slice(&layout::LAYOUT_VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&self.slots.to_le_bytes());
        header[16..24].copy_from_slice(&self.stride.to_le_bytes());
        header[24..32].copy_from_slice(&layout::PAGE.to_le_bytes());
        header
    }

    /// Slots.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Payload bytes of each slot.
    pub fn slot_size(&self) -> u64 {
        self.stride
    }

    /// Bytes of the whole file.
    pub fn file_len(&self) -> u64 {
        layout::PAGE + self.stride * u64::from(self.slots)
    }

    /// Where a slot's payload begins, if there is such a slot.
    pub(crate) fn payload(&self, slot: SlotIndex) -> Option<usize> {
        let offset = layout::PAGE + self.stride * u64::from(self.known(slot)?);
        usize::try_from(offset).ok()
    }

    /// Where a slot's header begins, if there is such a slot.
    pub(crate) fn slot_header(&self, slot: SlotIndex) -> Option<usize> {
        let place = usize::try_from(self.known(slot)?).ok()?;
        Some(layout::HEADER_LEN * (place + 1))
    }

    fn known(&self, slot: SlotIndex) -> Option<u32> {
        (slot.0 < self.slots).then_some(slot.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_round_up_to_pages() {
        let geometry = Geometry::new(4097, 3).unwrap();
        assert_eq!(geometry.slot_size(), 8192);
        assert_eq!(geometry.file_len(), 4096 + 3 * 8192);
        assert_eq!(geometry.payload(SlotIndex(2)), Some(4096 + 2 * 8192));
        assert_eq!(geometry.slot_header(SlotIndex(2)), Some(192));
        assert_eq!(geometry.payload(SlotIndex(3)), None);
        assert_eq!(geometry.slot_header(SlotIndex(u32::MAX)), None);
    }

    #[test]
    fn the_last_slot_header_ends_with_the_first_page() {
        let geometry = Geometry::new(1, layout::MAX_SLOTS).unwrap();
        let last = geometry
            .slot_header(SlotIndex(layout::MAX_SLOTS - 1))
            .unwrap();
        assert_eq!(last + layout::HEADER_LEN, 4096);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(Geometry::new(1, 1), Err(GeometryError::Slots(1)));
        assert_eq!(Geometry::new(1, 64), Err(GeometryError::Slots(64)));
        assert_eq!(Geometry::new(0, 2), Err(GeometryError::SlotSize(0)));
        assert_eq!(
            Geometry::new(u64::MAX, 2),
            Err(GeometryError::SlotSize(u64::MAX))
        );
    }

    #[test]
    fn a_file_shorter_than_its_promise_is_refused() {
        let geometry = Geometry::new(4096, 2).unwrap();
        let whole = geometry.file_len();
        assert_eq!(Geometry::parse(&geometry.header(), whole), Ok(geometry));
        let short = Geometry::parse(&geometry.header(), whole - 1);
        assert_eq!(
            short,
            Err(GeometryError::Short {
                actual: whole - 1,
                promised: whole
            })
        );
    }

    proptest! {
        #[test]
        fn no_hostile_header_leads_outside_the_file(
            noise in proptest::array::uniform24(any::<u8>()),
            pages in 0..70_000u64, slots in 0..70u32, len in any::<u32>(), slot in 0..70u32
        ) {
            let mut header = Geometry::new(4096, 2).unwrap().header();
            header[12..16].copy_from_slice(&slots.to_le_bytes());
            header[16..24].copy_from_slice(&(pages * layout::PAGE).to_le_bytes());
            check(&header, u64::from(len), slot);
            check(&header, u64::MAX, slot);
            header[8..32].copy_from_slice(&noise);
            check(&header, u64::from(len), slot);
        }
    }

    fn check(header: &[u8; layout::HEADER_LEN], len: u64, slot: u32) {
        let Ok(geometry) = Geometry::parse(header, len) else {
            return;
        };
        let Some(start) = geometry.payload(SlotIndex(slot)) else {
            return;
        };
        assert!(start as u64 + geometry.slot_size() <= geometry.file_len());
        assert!(geometry.file_len() <= len);
        assert!(geometry.slot_header(SlotIndex(slot)).unwrap() + layout::HEADER_LEN <= 4096);
    }
}
