//! TLS: whom we trust, and who we are.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::config::Tls;
use crate::problem::Problem;

/// What the files of a config hold.
struct Loaded {
    roots: Vec<CertificateDer<'static>>,
    own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

/// For a connection of our own.
pub(super) fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>, Problem> {
    let loaded = load(tls)?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.roots);
    let failed = |error: rustls::Error| Problem::new(format!("TLS cannot be set up: {error}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    let builder = builder.with_root_certificates(roots);
    let config = match loaded.own {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(failed)?,
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// For HTTP.
pub(super) fn http_config(tls: &Tls) -> Result<TlsConfig, Problem> {
    let loaded = load(tls)?;
    let roots: Vec<Certificate<'static>> =
        loaded.roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let own = match (loaded.own, &tls.key_file) {
        (Some((chain, _)), Some(path)) => {
            let chain: Vec<_> =
                chain.iter().map(|cert| Certificate::from_der(cert).to_owned()).collect();
            Some(ClientCert::new_with_certs(&chain, http_key(path)?))
        }
        _ => None,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(own)
        .unversioned_rustls_crypto_provider(provider)
        .build())
}

fn http_key(path: &Path) -> Result<PrivateKey<'static>, Problem> {
    let pem = std::fs::read(path).map_err(|error| unusable(path, &error))?;
    PrivateKey::from_pem(&pem).map_err(|error| unusable(path, &error))
}

fn load(tls: &Tls) -> Result<Loaded, Problem> {
    let roots = match &tls.ca_file {
        Some(path) => certificates(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let own = match (&tls.cert_file, &tls.key_file) {
        (Some(cert), Some(key)) => {
            let chain = certificates(cert)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
            Some((chain, key))
        }
        _ => None,
    };
    Ok(Loaded { roots, own })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unusable(path, &error))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(Problem::new("there is no certificate in the file")
            .at(path.display().to_string())
            .hint("it must be PEM, with `BEGIN CERTIFICATE`"));
    }
    Ok(found)
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("certificate or key cannot be read: {error}"))
        .at(path.display().to_string())
}
