//! Certificates for tests, by openssl.

use std::path::PathBuf;

use super::*;

/// A root, and a certificate of it for 127.0.0.1 that serves on both sides.
pub(super) struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn server(&self) -> Tls {
        Tls {
            cert_file: self.file("cert.pem"),
            key_file: self.file("key.pem"),
            client_ca_file: None,
            only_1_3: false,
        }
    }
}

/// Makes them in a folder; `None` where openssl is not installed.
pub(super) fn make(dir: &Path) -> Option<Certificates> {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-root \
                    -keyout ca-key.pem -out ca.pem && \
                  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
                    -keyout key.pem -out cert.csr && \
                  printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >extensions && \
                  openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
                    -days 2 -extfile extensions -out cert.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(dir).output().expect("a shell");
    if made.status.code() == Some(127) {
        println!("skipped: openssl is not installed");
        return None;
    }
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(Certificates { dir: dir.to_owned() })
}
