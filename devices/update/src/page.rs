//! Asks the page, as a browser on this machine would.

use rustls::{
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{ring, verify_tls12_signature, verify_tls13_signature, CryptoProvider},
    pki_types::{CertificateDer, ServerName, UnixTime},
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// A page that takes longer is not reachable for a person either.
const PATIENCE: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"GET /api/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// `HTTP/1.1 200`
const STATUS_LINE: usize = 12;

/// The status that the page answers, or why there is none.
pub async fn ask(address: SocketAddr) -> Result<u16, String> {
    match timeout(PATIENCE, fetch(address)).await {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(format!("it does not answer over HTTPS: {error}")),
        Err(_) => Err("it does not answer over HTTPS in time".to_owned()),
    }
}

async fn fetch(address: SocketAddr) -> io::Result<u16> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let mut stream = TlsConnector::from(Arc::new(client()?))
        .connect(name, stream)
        .await?;
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    let mut line = [0; STATUS_LINE];
    stream.read_exact(&mut line).await?;
    status(&line).ok_or_else(|| io::Error::other("what answers speaks no HTTP"))
}

fn status(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line).ok()?;
    text.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

fn client() -> io::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone());
    Ok(builder
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyOwn(provider)))
        .with_no_client_auth())
}

/// The node's certificate is its own and not readable here, and nothing is told over this connection: that its owner has the key
/// to it is what shows that HTTPS works.
#[derive(Debug)]
struct AnyOwn(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyOwn {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line_alone() {
        assert_eq!(status(b"HTTP/1.1 200"), Some(200));
        assert_eq!(status(b"HTTP/1.1 503"), Some(503));
        for wrong in [&b"SSH-2.0-drop"[..], b"HTTP/1.1 2x0", b"\xff\xff"] {
            assert_eq!(status(wrong), None);
        }
    }
}
