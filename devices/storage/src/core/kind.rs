//! Whether an image can be what the target is to take it for. Linux's mass storage cuts off what does not fit, without a word.

use dkvm_wire::vocab::storage::Medium;
use thiserror::Error;

/// Bytes of an image's beginning that tell what it is: up to the first volume descriptor of a CD-ROM.
pub const HEAD: usize = 17 * CD_SECTOR as usize;

const DISK_SECTOR: u64 = 512;
const CD_SECTOR: u64 = 2048;
/// `fsg_lun_open` in Linux 6.12: the smallest track has 300 frames.
const CD_MOST_SMALL: u64 = 300 * CD_SECTOR;
/// The same: it counts in minutes, seconds and frames of a CD, and shows no more than the first 256 minutes.
const CD_MOST: u64 = (256 * 60 * 75 - 1) * CD_SECTOR;
/// Volume descriptors begin in sector 16; their second to sixth byte are the standard's name.
const CD_NAME: std::ops::Range<usize> = 16 * CD_SECTOR as usize + 1..16 * CD_SECTOR as usize + 6;

/// Files that are often uploaded for what is in them.
const PACKED: [(&[u8], &str); 8] = [
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"QFI\xfb", "a QEMU disk (qcow2)"),
    (b"KDMV", "a VMware disk (vmdk)"),
];

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It has to be unpacked first.
    #[error(
        "it is {0}, not the image itself: unpack or convert it to a raw image, and upload that"
    )]
    Packed(&'static str),
    /// Not whole sectors.
    #[error("its size, {0} bytes, is no multiple of 512, so it is no disk image, or a part is missing: upload it again, or attach it as a CD-ROM if it is an ISO")]
    DiskSize(u64),
    /// Not whole sectors.
    #[error("its size, {0} bytes, is no multiple of 2048, so it is no CD-ROM image, or a part is missing: upload it again, or attach it as a disk")]
    CdSize(u64),
    /// Smaller than a track.
    #[error("it is too small for a CD-ROM, which has at least {} KiB: attach it as a disk", CD_MOST_SMALL / 1024)]
    CdSmall,
    /// Linux would show a part.
    #[error("it is too large for a CD-ROM: Linux shows at most {} MiB of one to the target. Attach it as a disk, read-only: an ISO made for USB sticks too starts from it", CD_MOST >> 20)]
    CdLarge,
    /// No ISO 9660, no UDF.
    #[error("it has no file system of a CD-ROM in it (ISO 9660 or UDF): attach it as a disk")]
    NoCd,
}

/// Whether an image of that size and beginning (at least [`HEAD`] bytes, if it has so many) can be that medium.
pub fn fits(size: u64, head: &[u8], medium: Medium) -> Result<(), Unfit> {
    let packed = PACKED.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, what)) = packed {
        return Err(Unfit::Packed(what));
    }
    match medium {
        Medium::Disk if !size.is_multiple_of(DISK_SECTOR) => Err(Unfit::DiskSize(size)),
        Medium::Disk => Ok(()),
        Medium::Cdrom => fits_cd(size, head),
    }
}

fn fits_cd(size: u64, head: &[u8]) -> Result<(), Unfit> {
    let name = head.get(CD_NAME).unwrap_or_default();
    match size {
        0..CD_MOST_SMALL => Err(Unfit::CdSmall),
        _ if !size.is_multiple_of(CD_SECTOR) => Err(Unfit::CdSize(size)),
        _ if size > CD_MOST => Err(Unfit::CdLarge),
        _ if name != b"CD001" && name != b"BEA01" => Err(Unfit::NoCd),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso() -> Vec<u8> {
        let mut head = vec![0; HEAD];
        head[CD_NAME].copy_from_slice(b"CD001");
        head
    }

    #[test]
    fn a_disk_has_whole_sectors() {
        assert_eq!(fits(512, &[0; 512], Medium::Disk), Ok(()));
        assert_eq!(
            fits(513, &[0; 513], Medium::Disk),
            Err(Unfit::DiskSize(513))
        );
    }

    #[test]
    fn a_cd_has_what_linux_shows_whole() {
        let fits = |size| fits(size, &iso(), Medium::Cdrom);
        assert_eq!(fits(300 * 2048), Ok(()));
        assert_eq!(fits(CD_MOST), Ok(()));
        assert_eq!(fits(CD_MOST + 2048), Err(Unfit::CdLarge));
        assert_eq!(fits(299 * 2048), Err(Unfit::CdSmall));
        assert_eq!(fits(301 * 2048 + 512), Err(Unfit::CdSize(301 * 2048 + 512)));
    }

    #[test]
    fn a_cd_has_a_file_system() {
        let size = 1 << 20;
        assert_eq!(fits(size, &[0; HEAD], Medium::Cdrom), Err(Unfit::NoCd));
        assert_eq!(fits(size, &[], Medium::Cdrom), Err(Unfit::NoCd));
        assert_eq!(fits(size, &iso(), Medium::Disk), Ok(()), "a hybrid");
    }

    #[test]
    fn what_is_packed_is_told() {
        for medium in [Medium::Disk, Medium::Cdrom] {
            let told = fits(1 << 20, b"\x1f\x8b\x08", medium).unwrap_err();
            assert!(told.to_string().contains("gzip"), "{told}");
        }
    }
}
