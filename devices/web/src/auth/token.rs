//! The secret in the cookie, and what follows from it.

use ring::{
    digest::{digest, SHA256},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Name of the cookie.
pub const COOKIE: &str = "dkvm";
const BYTES: usize = 32;

/// Linux gave no random bytes.
#[derive(Debug, Error)]
#[error("Linux gave no random bytes, so nobody can be logged in safely")]
pub struct NoRandom;

/// 256 random bits in hexadecimal: who holds it is the visitor it was given to.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// SHA-256 of a token: all that is stored, so that a leaked file logs nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash([u8; 32]);

impl Token {
    /// A new one.
    pub fn fresh() -> Result<Self, NoRandom> {
        random::<BYTES>().map(|bytes| Self(hex(&bytes)))
    }

    /// The one in a `Cookie` header, if there is one of the right form.
    pub fn from_cookies(header: &str) -> Option<Self> {
        header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| {
                let good = name == COOKIE
                    && value.len() == 2 * BYTES
                    && value.bytes().all(|b| b.is_ascii_hexdigit());
                good.then(|| Self(value.to_owned()))
            })
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(&["session", &self.0]))
    }

    /// What a page has to send along to show that it can read our answers; a foreign page, which can only
    /// make the browser send the cookie, cannot know it.
    pub fn csrf(&self) -> String {
        hex(&sha256(&["csrf", &self.0])[..16])
    }

    /// Whether `given` is that, in constant time.
    pub fn csrf_matches(&self, given: Option<&str>) -> bool {
        given.is_some_and(|given| self.csrf().as_bytes().ct_eq(given.as_bytes()).into())
    }

    /// The `Set-Cookie` header: not for scripts, not in clear text, not from foreign pages.
    pub fn set_cookie(&self) -> String {
        format!(
            "{COOKIE}={}; Path=/; HttpOnly; Secure; SameSite=Strict",
            self.0
        )
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoRandom)
        .map(|()| bytes)
}

fn sha256(parts: &[&str]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, parts.join(" ").as_bytes()).as_ref());
    out
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing into a String has no way to fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_the_cookie_header() {
        let token = Token::fresh().unwrap();
        let set = token.set_cookie();
        let pair = set.split(';').next().unwrap();
        let found = Token::from_cookies(&format!("a=b; {pair}; c=d")).unwrap();
        assert!(found == token);
        assert!(Token::fresh().unwrap() != token);
    }

    #[test]
    fn other_cookies_are_no_token() {
        for header in [
            "",
            "dkvm",
            "dkvm=",
            "dkvm=abc",
            "xdkvm=00",
            &format!("dkvm={}", "g".repeat(64)),
        ] {
            assert!(Token::from_cookies(header).is_none(), "{header}");
        }
    }

    #[test]
    fn csrf_belongs_to_one_token() {
        let (one, two) = (Token::fresh().unwrap(), Token::fresh().unwrap());
        assert!(one.csrf_matches(Some(&one.csrf())));
        for wrong in [Some(two.csrf()), Some(String::new()), None] {
            assert!(!one.csrf_matches(wrong.as_deref()));
        }
        assert!(one.hash() != two.hash());
    }

    #[test]
    fn the_cookie_is_out_of_reach() {
        let set = Token::fresh().unwrap().set_cookie();
        for flag in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(flag), "{flag}");
        }
    }
}
