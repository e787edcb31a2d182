use crate::BundleError;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most bytes of one part: no card of ours has larger partitions.
pub const MAX_PART: u64 = 1 << 30;
/// Longest name of a board and of a build.
const MAX_NAME: usize = 64;

/// What a bundle holds and whom it is for. Keys that are not known are passed over: a later release may add some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which boards can run it: `rpi4`, `zero2w`, `qemu`, `lab`.
    pub board: String,
    /// Its release.
    pub version: Version,
    /// From which tree it was built; for people.
    #[serde(default)]
    pub build: String,
    /// The oldest release that can take it.
    #[serde(default)]
    pub min_version: Option<Version>,
    /// Always boot, then root.
    pub parts: [Part; 2],
}

/// One part: the image of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub name: PartName,
    /// Bytes of it in the bundle.
    pub size: u64,
    /// Bytes of the partition's image: from `size` on all are zero, and are not in the bundle.
    pub extent: u64,
    /// Hash of the `size` bytes.
    pub sha256: Sha256,
}

/// The partitions of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartName {
    /// FAT: firmware, Linux, device trees.
    Boot,
    /// squashfs: all else.
    Root,
}

impl PartName {
    /// As in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Root => "root",
        }
    }
}

impl Manifest {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let manifest: Self = serde_json::from_slice(json)
            .map_err(|error| BundleError::Manifest(error.to_string()))?;
        manifest.check().map_err(BundleError::Manifest)?;
        Ok(manifest)
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        // A struct of strings and numbers always has a JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), String> {
        if !is_name(&self.board) || self.build.len() > MAX_NAME {
            return Err("a name is empty, too long or has odd characters".to_owned());
        }
        let names = self.parts.each_ref().map(|part| part.name);
        if names != [PartName::Boot, PartName::Root] {
            return Err("its parts must be boot and root".to_owned());
        }
        self.parts.iter().try_for_each(Part::check)
    }

    /// Bytes of all parts.
    pub fn payload(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }

    /// Names what a bundle brings: the same content has the same.
    pub fn id(&self) -> String {
        let hash = |part: &Part| part.sha256.to_string()[..16].to_owned();
        let [boot, root] = self.parts.each_ref().map(hash);
        format!("{}-{boot}{root}", self.version)
    }
}

impl Part {
    fn check(&self) -> Result<(), String> {
        let fits = self.size > 0 && self.size <= self.extent && self.extent <= MAX_PART;
        let what = self.name.as_str();
        fits.then_some(())
            .ok_or_else(|| format!("the size of {what} cannot be"))
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(allowed)
}

/// A hash; hexadecimal in the manifest, where people can compare it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        unhex(&text)
            .map(Self)
            .ok_or("a hash is 64 hexadecimal digits")
    }
}

/// 64 hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let bytes: Vec<u8> = digits?
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    (text.len() == 64).then(|| bytes.try_into().ok()).flatten()
}

#[cfg(test)]
pub(crate) fn sample() -> Manifest {
    let part = |name, size| Part {
        name,
        size,
        extent: 4096,
        sha256: Sha256([0xab; 32]),
    };
    Manifest {
        board: "lab".to_owned(),
        version: Version::new(0, 2, 0),
        build: "test".to_owned(),
        min_version: None,
        parts: [part(PartName::Boot, 1000), part(PartName::Root, 2000)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_as_it_was_written_and_later_keys_are_passed_over() {
        let json = String::from_utf8(sample().to_json()).unwrap();
        let later = json.replacen('{', "{\"later\":1,", 1);
        assert_eq!(Manifest::parse(later.as_bytes()).unwrap(), sample());
    }

    #[test]
    fn manifests_that_cannot_be_are_refused() {
        let broken: [fn(&mut Manifest); 6] = [
            |m| m.board = String::new(),
            |m| m.board = "../x".to_owned(),
            |m| m.parts[0].size = 0,
            |m| m.parts[1].size = 5000,
            |m| m.parts[1].extent = u64::MAX,
            |m| m.parts.swap(0, 1),
        ];
        for (number, spoil) in broken.iter().enumerate() {
            let mut manifest = sample();
            spoil(&mut manifest);
            assert!(Manifest::parse(&manifest.to_json()).is_err(), "{number}");
        }
    }

    #[test]
    fn the_id_follows_the_content() {
        let mut other = sample();
        assert_eq!(other.id(), sample().id());
        other.parts[1].sha256 = Sha256([1; 32]);
        assert_ne!(other.id(), sample().id());
    }

    #[test]
    fn hashes_are_read_strictly() {
        assert_eq!(unhex(&"ab".repeat(32)), Some([0xab; 32]));
        for wrong in ["", "ab", &"xy".repeat(32), &"é".repeat(32), &"a".repeat(65)] {
            assert_eq!(unhex(wrong), None);
        }
    }
}
