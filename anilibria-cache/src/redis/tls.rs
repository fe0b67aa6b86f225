//! Certificates, and the rustls crypto provider of encrypted connections.

use redis::TlsCertificates;
use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::config_error::RedisConfigError;

/// Parses the certificates of authorities in PEM.
pub(super) fn certificates(pem: &[u8]) -> Result<TlsCertificates, RedisConfigError> {
    let mut certificates = CertificateDer::pem_slice_iter(pem).peekable();
    if certificates.peek().is_none() || certificates.any(|certificate| certificate.is_err()) {
        return Err(RedisConfigError::new("ca_certificates", "no certificates in PEM"));
    }
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem.to_owned()) })
}

/// Installs the crypto provider of a feature if the process has not installed one. Without a provider, rustls panics.
pub(super) fn install_provider() -> Result<(), RedisConfigError> {
    if CryptoProvider::get_default().is_some() {
        return Ok(());
    }
    let Some(provider) = provider() else {
        let reason =
            "`rediss` needs the feature `tls-aws-lc` or `tls-ring`, or an installed rustls crypto provider";
        return Err(RedisConfigError::new("url", reason));
    };
    // An error means that another thread has installed a provider meanwhile.
    let _ = provider.install_default();
    Ok(())
}

#[cfg(feature = "tls-aws-lc")]
#[expect(clippy::unnecessary_wraps, reason = "without this feature there may be no provider")]
fn provider() -> Option<CryptoProvider> {
    Some(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc")))]
#[expect(clippy::unnecessary_wraps, reason = "without this feature there may be no provider")]
fn provider() -> Option<CryptoProvider> {
    Some(rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "tls-aws-lc", feature = "tls-ring")))]
fn provider() -> Option<CryptoProvider> {
    None
}

#[cfg(test)]
mod tests {
    use crate::redis::Redis;

    #[test]
    #[cfg(any(feature = "tls-aws-lc", feature = "tls-ring"))]
    fn text_without_a_certificate_is_rejected() {
        let error = Redis::builder("rediss://one").ca_certificates("not PEM").build().unwrap_err();

        assert_eq!(error.field(), "ca_certificates");
    }

    #[test]
    #[cfg(not(any(feature = "tls-aws-lc", feature = "tls-ring")))]
    fn encryption_without_a_crypto_provider_is_rejected() {
        let error = Redis::builder("rediss://one").build().unwrap_err();

        assert!(error.field() == "url" && error.to_string().contains("tls-ring"), "{error}");
    }
}
