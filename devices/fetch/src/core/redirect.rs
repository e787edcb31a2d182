//! Where a server sends on to.

use ureq::http::Uri;

/// The address that a `Location` at another address means (RFC 3986, 5.2), as far as servers use it.
pub fn target(base: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default().trim();
    let base: Uri = base.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let address = if is_whole(location) {
        location.to_owned()
    } else if let Some(other) = location.strip_prefix("//") {
        format!("{scheme}://{other}")
    } else {
        format!("{scheme}://{authority}{}", joined(base.path(), location))
    };
    let uri: Uri = address.parse().ok()?;
    uri.authority()?;
    Some(address)
}

/// Whether it names its own protocol.
fn is_whole(location: &str) -> bool {
    location.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn joined(path: &str, location: &str) -> String {
    let at = location.find('?').unwrap_or(location.len());
    let (to, query) = location.split_at(at);
    let folder = &path[..=path.rfind('/').unwrap_or(0)];
    match to.chars().next() {
        None => format!("{path}{query}"),
        Some('/') => plain(to) + query,
        Some(_) => plain(&format!("{folder}{to}")) + query,
    }
}

/// Without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_found_from_where_it_was_said() {
        let base = "https://a.b:8443/c/d.iso?x=1";
        for (location, wanted) in [
            ("http://e.f/g", "http://e.f/g"),
            ("//e.f/g?h=i://j", "https://e.f/g?h=i://j"),
            ("/g?h=https://i", "https://a.b:8443/g?h=https://i"),
            ("g.iso#there", "https://a.b:8443/c/g.iso"),
            ("../g/./h.iso", "https://a.b:8443/g/h.iso"),
            ("../../../g", "https://a.b:8443/g"),
            ("?y=2", "https://a.b:8443/c/d.iso?y=2"),
            ("ftp://e.f/g", "ftp://e.f/g"),
        ] {
            assert_eq!(
                target(base, location).as_deref(),
                Some(wanted),
                "{location}"
            );
        }
        assert_eq!(target("https://a.b", "g").as_deref(), Some("https://a.b/g"));
        for nonsense in ["https://", "//", "https:// /x", "/a b"] {
            assert_eq!(target(base, nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn any_location_is_an_address_or_none(location: String) {
            if let Some(address) = target("https://a.b/c", &location) {
                prop_assert!(address.parse::<Uri>().is_ok());
            }
        }
    }
}
