//! The client, with servers of its own where something is sent.

use super::*;

fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect()
}

#[test]
fn this_node_is_not_asked_by_whatever_name() {
    let client = Client::new(&Config::default()).unwrap();
    for url in [
        "http://127.0.0.1:1/x",
        "http://localhost:1/x",
        "http://[::1]:1/x",
        "http://0.0.0.0:1/x",
        "http://[::ffff:127.0.0.1]:1/x",
        "http://169.254.169.254/latest",
    ] {
        match client.open(url, 0, "") {
            Err(OpenError::Never(told)) => {
                assert!(told.contains("this node itself"), "{url}: {told}")
            }
            Err(error) => panic!("{url}: {error}"),
            Ok(_) => panic!("{url} was asked"),
        }
    }
}

#[test]
fn a_range_is_read_and_nonsense_is_none() {
    let of = |value: &str| range(&headers(&[(header::CONTENT_RANGE, value)]));
    assert_eq!(of("bytes 100-199/200"), Some((100, 200)));
    for value in ["bytes 100-199/*", "bytes */200", "items 1-2/3", ""] {
        assert_eq!(of(value), None, "{value}");
    }
    assert_eq!(tag(&headers(&[(header::ETAG, "\"abc\"")])), "\"abc\"");
}

#[test]
fn what_may_pass_is_tried_again() {
    assert!(matches!(
        unwanted(StatusCode::NOT_FOUND),
        OpenError::Never(_)
    ));
    assert!(matches!(
        unwanted(StatusCode::BAD_GATEWAY),
        OpenError::Later(_)
    ));
    assert!(matches!(
        unwanted(StatusCode::TOO_MANY_REQUESTS),
        OpenError::Later(_)
    ));
    assert!(matches!(
        unwanted(StatusCode::RANGE_NOT_SATISFIABLE),
        OpenError::Beyond(_)
    ));
}

#[test]
fn a_file_that_is_no_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    fs::write(&path, "nothing").unwrap();
    let config = Config {
        ca_file: Some(path),
    };
    let error = Client::new(&config).err().unwrap().to_string();
    assert!(error.contains("no certificate"), "{error}");
}

#[test]
fn a_certificate_of_tomorrow_is_the_fault_of_the_clock() {
    use rustls::{pki_types::UnixTime, CertificateError, Error};
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let early = [
        CertificateError::NotValidYet,
        CertificateError::NotValidYetContext {
            time: at(5),
            not_before: at(9),
        },
    ];
    for error in early {
        let told = Error::InvalidCertificate(error).to_string();
        assert!(is_too_early(&told), "{told}");
    }
    let late = CertificateError::ExpiredContext {
        time: at(9),
        not_after: at(5),
    };
    let told = Error::InvalidCertificate(late).to_string();
    assert!(!is_too_early(&told), "{told}");
    let told = too_early(0);
    assert!(
        told.contains("1970-01-01") && told.contains("`ntp`"),
        "{told}"
    );
}

/// A server on this machine that answers these, one connection each; then it hangs up.
fn server(answers: Vec<String>) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
            assert!(asked.count() > 0);
            let answer = answer.replace("HERE", &address.to_string());
            stream.write_all(answer.as_bytes()).unwrap();
            // What is announced and does not come: the connection stays open for as long as the client wants it.
            if answer.contains("endless") {
                std::thread::spawn(move || stream.read(&mut [0]));
            }
        }
    });
    format!("http://{address}/first.iso")
}

fn open(answers: &[&str]) -> Result<Opened, OpenError> {
    let guard = Guard {
        allows: |_| true,
        ..Guard::default()
    };
    let client = Client::guarded(&Config::default(), guard).unwrap();
    let url = server(answers.iter().map(|&answer| answer.to_owned()).collect());
    client.open(&url, 0, "")
}

#[test]
fn what_a_server_says_beside_a_new_address_is_not_read() {
    let on = "HTTP/1.1 302 Found\r\nlocation: second.iso\r\ntransfer-encoding: chunked\r\n\r\n7\r\nendless\r\n";
    let file =
        "HTTP/1.1 200 OK\r\netag: \"one\"\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc";
    let mut opened = open(&[on, file]).unwrap();
    let mut text = String::new();
    opened.body.read_to_string(&mut text).unwrap();
    assert_eq!(
        (text.as_str(), opened.size, opened.tag.as_str()),
        ("abc", 3, "\"one\"")
    );
}

#[test]
fn a_ring_of_redirects_has_an_end() {
    let on = "HTTP/1.1 301 Moved\r\nlocation: http://HERE/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let ring = vec![on; REDIRECTS as usize + 1];
    let error = open(&ring).err().unwrap().to_string();
    assert!(error.contains("more than 5 times"), "{error}");
}

#[test]
fn it_is_not_sent_to_another_protocol() {
    let to = |first: &str, next: &str| allowed(first, next.to_owned()).is_ok();
    assert!(
        to("https://a/", "https://b/")
            && to("http://a/", "https://b/")
            && to("http://a/", "http://b/")
    );
    assert!(!to("https://a/", "http://b/") && !to("HTTPS://a/", "http://b/"));
    assert!(!to("http://a/", "ftp://b/"));
}
