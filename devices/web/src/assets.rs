//! The page's files, embedded at build time.

use crate::http::reply::{empty, whole, with, Refusal, Reply};
use crate::http::router::Visit;
use hyper::{header, StatusCode};

/// One file.
struct Asset {
    /// Where it is served.
    path: &'static str,
    /// Its content type.
    kind: &'static str,
    /// Changes with its content.
    etag: &'static str,
    /// Its name changes with its content, so that a browser never has to ask again.
    fixed: bool,
    plain: &'static [u8],
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A year; `immutable` keeps browsers from asking even on reload.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>dKVM</title><h1>The page is not in this binary</h1>\
<p>It was built without <code>devices/web/page/dist</code>. Run <code>make build</code>, which builds the page first, and start it again.</p>";

/// Answers with a file.
pub fn serve(visit: &Visit, path: &str) -> Result<Reply, Refusal> {
    let name = if path == "/" { "/index.html" } else { path };
    match ASSETS.iter().find(|asset| asset.path == name) {
        Some(asset) => Ok(asset.reply(visit)),
        None if name == "/index.html" => {
            Ok(whole(StatusCode::OK, "text/html; charset=utf-8", NOT_BUILT))
        }
        None => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "there is no such file: the page is at /",
        )),
    }
}

impl Asset {
    fn reply(&self, visit: &Visit) -> Reply {
        let known = visit
            .header(header::IF_NONE_MATCH)
            .is_some_and(|tags| tags.contains(self.etag));
        let reply = if known {
            empty(StatusCode::NOT_MODIFIED)
        } else {
            self.content(visit)
        };
        let reply = with(reply, header::ETAG, self.etag);
        let reply = with(reply, header::VARY, "accept-encoding");
        with(
            reply,
            header::CACHE_CONTROL,
            if self.fixed { FOR_EVER } else { ASK_EACH_TIME },
        )
    }

    fn content(&self, visit: &Visit) -> Reply {
        if visit
            .header(header::ACCEPT_ENCODING)
            .is_some_and(takes_gzip)
        {
            return with(
                whole(StatusCode::OK, self.kind, self.gzip),
                header::CONTENT_ENCODING,
                "gzip",
            );
        }
        whole(StatusCode::OK, self.kind, self.plain)
    }
}

fn takes_gzip(accepted: &str) -> bool {
    accepted
        .split(',')
        .map(str::trim)
        .any(|coding| match coding.split_once(';') {
            None => coding == "gzip",
            Some((coding, quality)) => {
                coding.trim() == "gzip" && !matches!(quality.trim(), "q=0" | "q=0.0")
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_it_is_taken() {
        for (accepted, taken) in [
            ("gzip, br", true),
            ("br;q=1, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(accepted), taken, "{accepted}");
        }
    }

    #[test]
    fn each_embedded_file_is_whole() {
        for asset in ASSETS {
            assert!(
                asset.path.starts_with('/') && !asset.plain.is_empty() && !asset.gzip.is_empty()
            );
            assert!(asset.etag.starts_with('"') && !asset.kind.is_empty());
        }
    }
}
