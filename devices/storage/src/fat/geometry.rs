//! Where a FAT file system has what, by its first sector. Microsoft's `fatgen103` is the reference.

use super::FatError;

/// Bytes of the first sector that say it.
pub const SECTOR: usize = 512;
/// A table of a drive of 4 GiB has 4 MiB as `dkvm` or Windows makes it; more is not kept in memory.
const MOST_TABLE: u64 = 16 << 20;

/// How wide an entry of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Up to 4084 clusters.
    Twelve,
    /// Up to 65524.
    Sixteen,
    /// More.
    ThirtyTwo,
}

/// The root folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Of so many bytes at this place.
    Fixed {
        /// First byte.
        at: u64,
        /// Length.
        bytes: u64,
    },
    /// A chain like any other folder.
    Chain(u32),
}

/// All that is needed to read it; every place is within the image.
#[derive(Debug, Clone, Copy)]
pub struct Geometry {
    /// Of the table's entries.
    pub width: Width,
    /// The first table.
    pub table_at: u64,
    /// Its bytes.
    pub table_bytes: u64,
    /// The root folder.
    pub root: Root,
    /// Cluster 2.
    pub data_at: u64,
    /// Bytes of a cluster.
    pub cluster: u64,
    /// How many there are, numbered from 2.
    pub clusters: u32,
    /// FAT32's sector that counts free clusters.
    pub info_at: Option<u64>,
}

/// Little-endian numbers of a sector whose places are constants within it.
struct Boot<'a>(&'a [u8; SECTOR]);

impl Boot<'_> {
    fn byte(&self, at: usize) -> u64 {
        self.0.get(at).copied().map_or(0, u64::from)
    }

    fn half(&self, at: usize) -> u64 {
        self.byte(at) | self.byte(at + 1) << 8
    }

    fn word(&self, at: usize) -> u64 {
        self.half(at) | self.half(at + 2) << 16
    }

    /// The 16-bit field, or where it is 0 the 32-bit one.
    fn either(&self, half: usize, word: usize) -> u64 {
        match self.half(half) {
            0 => self.word(word),
            short => short,
        }
    }

    fn is_plausible(&self) -> bool {
        let sector = matches!(self.half(11), 512 | 1024 | 2048 | 4096);
        let cluster = self.byte(13).is_power_of_two();
        let copies = matches!(self.byte(16), 1 | 2);
        self.half(510) == 0xaa55 && sector && cluster && copies && self.half(14) > 0
    }

    /// What only FAT32 has: one version, tables that are the same, its own sectors before them.
    fn is_plausible_32(&self) -> bool {
        let own = |at| self.half(at) < self.half(14);
        let plain = self.half(17) == 0 && self.half(42) == 0 && self.half(40) & 0x80 == 0;
        plain && own(48) && self.half(48) > 0 && own(50)
    }
}

impl Geometry {
    /// Of an image of that size.
    pub fn parse(boot: &[u8; SECTOR], size: u64) -> Result<Self, FatError> {
        let boot = Boot(boot);
        if !boot.is_plausible() {
            return Err(FatError::NoFat);
        }
        let sector = boot.half(11);
        let table = boot.either(22, 36);
        let root = (boot.half(17) * 32).div_ceil(sector);
        let first = boot.half(14) + boot.byte(16) * table + root;
        let total = boot.either(19, 32);
        if total.saturating_mul(sector) > size || first >= total || table == 0 {
            return Err(FatError::NoFat);
        }
        let clusters = (total - first) / boot.byte(13);
        let found = Self {
            width: width(clusters),
            table_at: boot.half(14) * sector,
            table_bytes: table * sector,
            root: Root::Fixed {
                at: (first - root) * sector,
                bytes: boot.half(17) * 32,
            },
            data_at: first * sector,
            cluster: boot.byte(13) * sector,
            clusters: u32::try_from(clusters).map_err(|_| FatError::NoFat)?,
            info_at: None,
        };
        found.finish(&boot)
    }

    fn finish(self, boot: &Boot) -> Result<Self, FatError> {
        let bits = match self.width {
            Width::Twelve => 12,
            Width::Sixteen => 16,
            Width::ThirtyTwo => 32,
        };
        let wanted = (u64::from(self.clusters) + 2) * bits;
        let is_32 = self.width == Width::ThirtyTwo;
        let fits =
            self.clusters > 0 && wanted <= self.table_bytes * 8 && is_32 == (boot.half(22) == 0);
        if !fits || self.table_bytes > MOST_TABLE {
            return Err(FatError::NoFat);
        }
        if !is_32 {
            return match boot.half(17) {
                0 => Err(FatError::NoFat),
                _ => Ok(self),
            };
        }
        if !boot.is_plausible_32() {
            return Err(FatError::NoFat);
        }
        Ok(Self {
            root: Root::Chain(u32::try_from(boot.word(44)).unwrap_or_default()),
            info_at: Some(boot.half(48) * boot.half(11)),
            ..self
        })
    }

    /// Bytes that files may have in all.
    pub fn is_cluster(&self, number: u32) -> bool {
        number >= 2 && number - 2 < self.clusters
    }

    /// Where a cluster is that is one.
    pub fn place(&self, number: u32) -> u64 {
        self.data_at + u64::from(number.saturating_sub(2)) * self.cluster
    }
}

fn width(clusters: u64) -> Width {
    match clusters {
        0..4085 => Width::Twelve,
        4085..65525 => Width::Sixteen,
        _ => Width::ThirtyTwo,
    }
}
