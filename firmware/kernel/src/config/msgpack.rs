use rmp::encode;
use toml::de::{DeTable, DeValue};

/// A device's own table as a MessagePack map: what its `welcome` carries.
pub(super) fn from_table(table: &DeTable<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    put_table(&mut out, table);
    out
}

fn put_table(out: &mut Vec<u8>, table: &DeTable<'_>) {
    // Writing to a Vec cannot fail; a configuration file has far fewer than 2^32 keys.
    let _ = encode::write_map_len(out, u32::try_from(table.len()).unwrap_or(u32::MAX));
    for (key, value) in table {
        let _ = encode::write_str(out, key.get_ref());
        put(out, value.get_ref());
    }
}

fn put(out: &mut Vec<u8>, value: &DeValue<'_>) {
    match value {
        DeValue::String(text) => drop(encode::write_str(out, text)),
        DeValue::Integer(number) => put_integer(out, number.as_str(), number.radix()),
        DeValue::Float(number) => drop(encode::write_f64(
            out,
            number.as_str().parse().unwrap_or(f64::NAN),
        )),
        DeValue::Boolean(flag) => drop(encode::write_bool(out, *flag)),
        DeValue::Datetime(time) => drop(encode::write_str(out, &time.to_string())),
        DeValue::Table(table) => put_table(out, table),
        DeValue::Array(list) => {
            let _ = encode::write_array_len(out, u32::try_from(list.len()).unwrap_or(u32::MAX));
            for item in list.iter() {
                put(out, item.get_ref());
            }
        }
    }
}

fn put_integer(out: &mut Vec<u8>, digits: &str, radix: u32) {
    let number = i64::from_str_radix(digits, radix).unwrap_or_default();
    let _ = encode::write_sint(out, number);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Own {
        device: String,
        depth: u8,
        list: Vec<i64>,
        inner: Inner,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Inner {
        on: bool,
        scale: f64,
    }

    #[test]
    fn a_device_reads_its_table_as_it_was_written() {
        let text = "device = \"/dev/video0\"\ndepth = 0x1F\nlist = [1, -2, 1_000_000]\n[inner]\non = true\nscale = 1.5\n";
        let table = DeTable::parse(text).expect("valid");
        let own: Own =
            dkvm_wire::decode_body("config", &from_table(table.get_ref())).expect("reads");
        let inner = Inner {
            on: true,
            scale: 1.5,
        };
        assert_eq!(
            own,
            Own {
                device: "/dev/video0".into(),
                depth: 31,
                list: vec![1, -2, 1_000_000],
                inner
            }
        );
    }
}
