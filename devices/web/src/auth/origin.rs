//! Whether a request comes from our own page.

/// The scheme of our page's origin; plain HTTP only redirects.
const SCHEME: &str = "https://";

/// Whether `origin` is the page of the very host that the browser believes it speaks to. Browsers
/// send `Origin` with every POST and WebSocket, so a request without one is not from a page.
pub fn is_own(origin: Option<&str>, host: Option<&str>) -> bool {
    let (Some(origin), Some(host)) = (origin, host) else {
        return false;
    };
    let Some(authority) = origin.strip_prefix(SCHEME) else {
        return false;
    };
    !host.is_empty()
        && without_default_port(authority).eq_ignore_ascii_case(without_default_port(host))
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":443").unwrap_or(authority)
}

/// A host header that may be put into a redirect: name or address with an optional port, nothing else.
pub fn host_name(host: &str) -> Option<&str> {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if host.is_empty() || host.len() > 255 || !host.chars().all(plain) {
        return None;
    }
    match host.rfind(']') {
        Some(end) => Some(&host[..=end]),
        None => host.split(':').next().filter(|name| !name.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_and_port_by_https_is_own() {
        for (origin, host, own) in [
            (Some("https://kvm.local"), Some("kvm.local"), true),
            (Some("https://kvm.local"), Some("kvm.local:443"), true),
            (Some("https://KVM.local:8443"), Some("kvm.local:8443"), true),
            (Some("https://[::1]:8443"), Some("[::1]:8443"), true),
            (Some("https://kvm.local:8443"), Some("kvm.local"), false),
            (Some("http://kvm.local"), Some("kvm.local"), false),
            (Some("https://evil.example"), Some("kvm.local"), false),
            (
                Some("https://kvm.local.evil.example"),
                Some("kvm.local"),
                false,
            ),
            (Some("null"), Some("kvm.local"), false),
            (Some("https://"), Some(""), false),
            (None, Some("kvm.local"), false),
            (Some("https://kvm.local"), None, false),
        ] {
            assert_eq!(is_own(origin, host), own, "{origin:?} {host:?}");
        }
    }

    #[test]
    fn a_redirect_keeps_the_name_and_drops_the_port() {
        assert_eq!(host_name("kvm.local:80"), Some("kvm.local"));
        assert_eq!(host_name("192.168.1.4"), Some("192.168.1.4"));
        assert_eq!(host_name("[fe80::1]:80"), Some("[fe80::1]"));
        for bad in ["", ":80", "a/b", "a\r\nb", "a@b", "a b"] {
            assert_eq!(host_name(bad), None, "{bad:?}");
        }
    }
}
