//! argon2id: from a password to the line that is kept of it, and back to yes or no.

use super::token::random;
use argon2::{
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
    Algorithm, Argon2, Block, Params, Version,
};
use subtle::ConstantTimeEq;

/// OWASP's second choice; on a Pi Zero 2W about half a second and a twentieth of its memory.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;
const OUTPUT: usize = 32;
/// glibc keeps freed memory of up to 32 MiB for the next time, once per thread that ever asked; beyond, it goes back to
/// Linux at once. So that much is asked for, and only what is needed is touched.
const ASKED_BLOCKS: usize = 33 * 1024;

/// The line to keep, in PHC form.
pub fn make(password: &str) -> Result<String, String> {
    let salt: [u8; SALT] = random().map_err(|error| error.to_string())?;
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT)).map_err(|error| error.to_string())?;
    let output = derive(password, &salt, &params)?;
    let line = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| error.to_string())?,
        salt: Some(Salt::new(&salt).map_err(|error| error.to_string())?),
        hash: Some(Output::new(&output).map_err(|error| error.to_string())?),
    };
    Ok(line.to_string())
}

/// Whether `password` is the one that `line` was made of, in constant time.
pub fn verify(password: &str, line: &str) -> Result<bool, String> {
    let (params, salt, expected) = parse(line)?;
    let output = derive(password, &salt, &params)?;
    Ok(output.as_slice().ct_eq(expected.as_bytes()).into())
}

/// Whether a line is one that [`verify`] can work with.
pub fn check(line: &str) -> Result<(), String> {
    parse(line).map(drop)
}

fn parse(line: &str) -> Result<(Params, Salt, Output), String> {
    let hash = PasswordHash::new(line).map_err(|error| error.to_string())?;
    if hash.algorithm != Algorithm::Argon2id.ident() || hash.version != Some(Version::V0x13.into())
    {
        return Err("it is no argon2id, version 19".to_owned());
    }
    let params = Params::try_from(&hash).map_err(|error| error.to_string())?;
    let parts = hash
        .salt
        .zip(hash.hash)
        .filter(|(_, output)| output.len() == OUTPUT);
    let (salt, output) = parts.ok_or("salt or hash are missing")?;
    Ok((params, salt, output))
}

fn derive(password: &str, salt: &[u8], params: &Params) -> Result<[u8; OUTPUT], String> {
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(ASKED_BLOCKS));
    memory.resize(blocks, Block::new());
    let mut output = [0; OUTPUT];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory)
        .map_err(|error| error.to_string())?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_knows_its_password() {
        let line = make("correct horse").unwrap();
        assert!(
            line.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{line}"
        );
        assert_eq!(verify("correct horse", &line), Ok(true));
        assert_eq!(verify("correct horsf", &line), Ok(false));
        assert_ne!(make("correct horse").unwrap(), line);
    }

    /// Made by the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32`.
    #[test]
    fn the_reference_agrees() {
        let line = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(verify("password", line), Ok(true));
        assert_eq!(verify("Password", line), Ok(false));
    }

    #[test]
    fn other_lines_are_told() {
        for line in [
            "",
            "garbage",
            "$scrypt$ln=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=8,t=1,p=1",
        ] {
            assert!(check(line).is_err(), "{line}");
        }
    }
}
