//! A TLS proxy, as the site runs in front of the service.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;
use test_services::Certificates;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// A TLS proxy in front of a service. It runs until the test ends.
pub(crate) struct TlsProxy {
    port: u16,
    authority: PathBuf,
    _directory: TempDir,
}

impl TlsProxy {
    /// Starts a proxy with a certificate for `localhost` from its own authority. Returns `None` if openssl is not installed.
    pub(crate) async fn start(origin: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let certificates = Certificates::make(directory.path())?;
        let certificate = CertificateDer::from_pem_file(&certificates.certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(&certificates.key).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service_address = origin.strip_prefix("http://").unwrap().to_owned();
        tokio::spawn(forward(listener, TlsAcceptor::from(Arc::new(config)), service_address));
        Some(Self { port, authority: certificates.ca, _directory: directory })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the PEM file with the certificate of the authority.
    pub(crate) fn authority(&self) -> &Path {
        &self.authority
    }
}

async fn forward(listener: TcpListener, acceptor: TlsAcceptor, service_address: String) {
    while let Ok((client, _)) = listener.accept().await {
        let (acceptor, service_address) = (acceptor.clone(), service_address.clone());
        tokio::spawn(async move {
            // A client that does not trust the certificate disconnects.
            let mut client = acceptor.accept(client).await.ok()?;
            let mut service = TcpStream::connect(service_address).await.ok()?;
            copy_bidirectional(&mut client, &mut service).await.ok()
        });
    }
}
