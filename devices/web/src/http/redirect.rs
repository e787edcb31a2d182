//! Plain HTTP: nothing but the way to HTTPS.

use super::{
    reply::{empty, finish, with, Refusal, Reply},
    router::Visit,
};
use crate::auth::origin::host_name;
use hyper::{header, StatusCode};

/// Where the same page is by HTTPS.
pub fn answer(visit: &Visit, https_port: u16) -> Reply {
    let path = visit
        .request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let reply = match visit.header(header::HOST).and_then(host_name) {
        Some(host) => with(
            empty(StatusCode::PERMANENT_REDIRECT),
            header::LOCATION,
            &location(host, https_port, path),
        ),
        None => Refusal::new(
            StatusCode::BAD_REQUEST,
            "the request names no host: open this node by https://",
        )
        .reply(),
    };
    finish(reply)
}

fn location(host: &str, port: u16, path: &str) -> String {
    match port {
        443 => format!("https://{host}{path}"),
        port => format!("https://{host}:{port}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_port_is_left_out() {
        assert_eq!(location("kvm.local", 443, "/a?b"), "https://kvm.local/a?b");
        assert_eq!(location("[::1]", 8443, "/"), "https://[::1]:8443/");
    }
}
