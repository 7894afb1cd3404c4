//! Certificates for peers over TLS.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// An authority, a certificate for localhost, and another authority. False where
/// openssl is not installed.
pub(super) fn certificates(dir: &Path) -> bool {
    let config = "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n\
                  keyUsage=keyCertSign\n[leaf]\nbasicConstraints=CA:FALSE\n\
                  subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n";
    fs::write(dir.join("openssl.conf"), config).expect("written");
    let make = |name: &str, more: &[&str]| {
        let (key, cert) = (format!("{name}.key"), format!("{name}.pem"));
        Command::new("openssl")
            .current_dir(dir)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-config", "openssl.conf"])
            .args(["-subj", &format!("/CN={name}"), "-keyout", &key, "-out", &cert])
            .args(more)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let made = make("ca", &["-extensions", "ca"])
        && make("other", &["-extensions", "ca"])
        && make("leaf", &["-extensions", "leaf", "-CA", "ca.pem", "-CAkey", "ca.key"]);
    if !made {
        println!("skipped: openssl is not installed");
    }
    made
}
