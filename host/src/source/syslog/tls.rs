//! TLS of listeners (RFC 5425).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, version};
use tokio_rustls::TlsAcceptor;

use super::settings::Tls;
use crate::problem::Problem;

/// Reads certificates and key. A client that must show a certificate and shows none
/// that the roots know is refused.
pub(super) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, Problem> {
    let unusable = |what: String, path: &Path| {
        Problem::new(what)
            .at(path.display().to_string())
            .hint("check `tls.cert_file`, `tls.key_file` and `tls.client_ca_file`")
    };
    let chain = certificates(&tls.cert_file)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key_file).map_err(|error| {
        unusable(format!("the key of TLS cannot be read: {error}"), &tls.key_file)
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions: &[_] =
        if tls.only_1_3 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
    let failed = |error: rustls::Error| {
        unusable(format!("certificate and key do not fit: {error}"), &tls.cert_file)
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(versions).map_err(failed)?;
    let builder = match &tls.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates(path)?);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let verifier = verifier.map_err(|error| {
                unusable(format!("clients' certificates cannot be checked: {error}"), path)
            })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(chain, key).map_err(failed)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let unreadable = |error: rustls::pki_types::pem::Error| {
        Problem::new(format!("a certificate of TLS cannot be read: {error}"))
            .at(path.display().to_string())
            .hint("it must be PEM, with `BEGIN CERTIFICATE`")
    };
    let found = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(unreadable)?;
    if found.is_empty() {
        return Err(unreadable(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(found)
}
