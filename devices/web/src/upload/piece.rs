//! Which part of a bundle a request carries. Pure.

use thiserror::Error;

/// Where a request's body belongs in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its first byte's place.
    pub offset: u64,
    /// Bytes of the body.
    pub length: u64,
    /// Bytes of the whole bundle.
    pub size: u64,
}

/// Why a request does not say it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PieceError {
    /// Neither header is there.
    #[error("the request says neither Content-Length nor Content-Range: one of them is needed, because the size is checked before anything is taken")]
    NoLength,
    /// A `Content-Range` that is none.
    #[error(
        "the Content-Range is not of the form `bytes FIRST-LAST/SIZE` with FIRST <= LAST < SIZE"
    )]
    Range,
    /// `?offset=` that is no number, or one too large.
    #[error("the offset is not a number of bytes")]
    Offset,
    /// The headers contradict each other.
    #[error("the Content-Range names {range} bytes, but the Content-Length says {length}")]
    Differ {
        /// By the range.
        range: u64,
        /// By the length.
        length: u64,
    },
    /// No bytes at all.
    #[error("the bundle is empty: choose the update file that `make image` made")]
    Empty,
}

impl Piece {
    /// As the headers `Content-Length` and `Content-Range` and the query's `offset` say; a range wins over an offset.
    pub fn of(
        length: Option<u64>,
        range: Option<&str>,
        offset: Option<&str>,
    ) -> Result<Self, PieceError> {
        let piece = match range {
            Some(range) => Self::of_range(range, length)?,
            None => Self::of_offset(length.ok_or(PieceError::NoLength)?, offset)?,
        };
        match piece.size {
            0 => Err(PieceError::Empty),
            _ => Ok(piece),
        }
    }

    fn of_range(range: &str, length: Option<u64>) -> Result<Self, PieceError> {
        let piece = parse(range).ok_or(PieceError::Range)?;
        match length {
            Some(length) if length != piece.length => Err(PieceError::Differ {
                range: piece.length,
                length,
            }),
            _ => Ok(piece),
        }
    }

    /// The rest of the bundle, from the offset on.
    fn of_offset(length: u64, offset: Option<&str>) -> Result<Self, PieceError> {
        let offset = match offset {
            Some(text) => number(text).ok_or(PieceError::Offset)?,
            None => 0,
        };
        let size = offset.checked_add(length).ok_or(PieceError::Offset)?;
        Ok(Self {
            offset,
            length,
            size,
        })
    }
}

/// `bytes 0-16383/31457280`
fn parse(range: &str) -> Option<Piece> {
    let (span, size) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (offset, last, size) = (number(first)?, number(last)?, number(size)?);
    let good = offset <= last && last < size;
    good.then(|| Piece {
        offset,
        length: last - offset + 1,
        size,
    })
}

/// Digits only: `u64::from_str` would take a sign too.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn piece(offset: u64, length: u64, size: u64) -> Piece {
        Piece {
            offset,
            length,
            size,
        }
    }

    #[test]
    fn a_whole_file_the_rest_of_one_and_a_part_of_one() {
        assert_eq!(Piece::of(Some(9), None, None), Ok(piece(0, 9, 9)));
        assert_eq!(Piece::of(Some(9), None, Some("4")), Ok(piece(4, 9, 13)));
        let part = Some("bytes 4-6/13");
        assert_eq!(Piece::of(Some(3), part, None), Ok(piece(4, 3, 13)));
        assert_eq!(Piece::of(None, part, None), Ok(piece(4, 3, 13)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(Piece::of(None, None, None), Err(PieceError::NoLength));
        assert_eq!(Piece::of(Some(0), None, None), Err(PieceError::Empty));
        assert_eq!(
            Piece::of(Some(2), Some("bytes 4-6/13"), None),
            Err(PieceError::Differ {
                range: 3,
                length: 2
            })
        );
        for range in [
            "bytes 6-4/13",
            "bytes 0-13/13",
            "bytes 0-4/*",
            "bytes +0-4/13",
            "0-4/13",
            "bytes 0-4/99999999999999999999",
        ] {
            assert_eq!(
                Piece::of(None, Some(range), None),
                Err(PieceError::Range),
                "{range}"
            );
        }
        for offset in ["", "-1", "x", "18446744073709551615"] {
            let error = Piece::of(Some(5), None, Some(offset));
            assert_eq!(error, Err(PieceError::Offset), "{offset}");
        }
    }

    proptest! {
        #[test]
        fn any_headers_are_a_piece_within_its_bundle_or_an_error(
            length in proptest::option::of(any::<u64>()),
            range in proptest::option::of("(bytes )?[0-9+*-]{0,21}-?[0-9]{0,21}/?[0-9*]{0,21}"),
            offset in proptest::option::of("[0-9a-f-]{0,22}"),
        ) {
            if let Ok(piece) = Piece::of(length, range.as_deref(), offset.as_deref()) {
                prop_assert!(piece.offset.checked_add(piece.length).is_some_and(|end| end <= piece.size));
            }
        }
    }
}
