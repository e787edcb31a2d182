use serde::{
    de::{self, DeserializeOwned, Visitor},
    forward_to_deserialize_any, Deserializer,
};
use thiserror::Error;

/// What is wrong with the device's part of the configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Keys that the device does not know.
    #[error("unknown key {key:?} in the configuration of {device}: {allowed}")]
    UnknownKey {
        /// The device's name.
        device: String,
        /// Which key, with dots.
        key: String,
        /// A sentence on what is allowed.
        allowed: String,
    },
    /// A value that does not fit, or a key that is missing.
    #[error("the configuration of {device} is wrong{place}: {reason}")]
    Value {
        /// The device's name.
        device: String,
        /// ` at key` or nothing.
        place: String,
        /// Why.
        reason: String,
    },
    /// A value that the device itself refuses.
    #[error("the configuration of {device} is wrong at {key}: {reason}")]
    Refused {
        /// The device's name.
        device: String,
        /// Which key.
        key: String,
        /// Why, and what is allowed.
        reason: String,
    },
}

/// Reads a device's configuration. Unknown keys are an error, whatever the type says of itself:
/// on the wire they are ignored, but a person who writes `qualty` must be told.
///
/// It goes through JSON's value, because MessagePack's decoder speaks of markers where a person needs
/// `invalid type: string "high", expected u8`.
pub(crate) fn read<T: DeserializeOwned>(device: &str, bytes: &[u8]) -> Result<T, ConfigError> {
    let table: serde_json::Value =
        rmp_serde::from_slice(bytes).map_err(|error| wrong(device, String::new(), &error))?;
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let pathed = serde_path_to_error::Deserializer::new(&table, &mut track);
    let value = serde_ignored::deserialize(pathed, |path| unknown.push(path.to_string()));
    let value = value.map_err(|error| wrong(device, place(&track.path().to_string()), &error))?;
    match unknown.into_iter().next() {
        None => Ok(value),
        Some(key) => Err(ConfigError::UnknownKey {
            device: device.to_owned(),
            allowed: allowed::<T>(&key),
            key,
        }),
    }
}

fn wrong(device: &str, place: String, error: &dyn std::error::Error) -> ConfigError {
    ConfigError::Value {
        device: device.to_owned(),
        place,
        reason: error.to_string(),
    }
}

fn place(path: &str) -> String {
    if path == "." {
        String::new()
    } else {
        format!(" at {path}")
    }
}

fn allowed<T: DeserializeOwned>(key: &str) -> String {
    match fields::<T>() {
        _ if key.contains('.') => "see docs/configuration.md for the keys of that table".to_owned(),
        None | Some([]) => "it takes no keys".to_owned(),
        Some(fields) => format!("it takes {}", fields.join(", ")),
    }
}

/// The names of a struct's fields, as serde knows them.
fn fields<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut fields = None;
    // The probe always ends in an error; what it saw is what counts.
    let _ = T::deserialize(Probe(&mut fields));
    fields
}

struct Probe<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = Some(fields);
        Err(de::Error::custom("only a probe"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("only a probe"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkvm_wire::encode_body;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Strict {
        quality: u8,
    }

    impl Default for Strict {
        fn default() -> Self {
            Self { quality: 80 }
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Plain {
        #[serde(default)]
        quality: u8,
        #[serde(default)]
        device: String,
    }

    fn error<T: DeserializeOwned + std::fmt::Debug>(key: &str, value: &str) -> String {
        let map = BTreeMap::from([(key, value)]);
        read::<T>("encode", &encode_body(&map))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_empty_map_gives_the_defaults() {
        assert_eq!(
            read::<Strict>("encode", b"\x80").unwrap(),
            Strict { quality: 80 }
        );
    }

    #[test]
    fn an_unknown_key_is_named_with_those_allowed() {
        let expected =
            "unknown key \"qualty\" in the configuration of encode: it takes quality, device";
        assert_eq!(error::<Plain>("qualty", "1"), expected);
    }

    #[test]
    fn an_unknown_key_is_told_too_where_serde_refuses_it() {
        let text = error::<Strict>("qualty", "1");
        assert!(
            text.contains("qualty") && text.contains("`quality`"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_type_names_its_key() {
        let text = error::<Plain>("quality", "high");
        assert!(
            text.contains(" at quality: ") && text.contains("high"),
            "{text}"
        );
    }
}
