//! An HTTP peer that behaves as the test tells it, request by request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::checkpoint::Store;

/// What came in.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// What was pending when it came: nothing of it may be acknowledged before the
    /// answer.
    pub(super) pending: u64,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What the peer does with a request.
pub(super) enum Reply {
    /// Status, more headers, body.
    Answer(u16, &'static str, String),
    /// Half an answer, then the connection is gone.
    Torn,
    /// Nothing, for so long.
    Stall(Duration),
}

/// A connection, in the clear or not.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

pub(super) struct Peer {
    pub(super) url: String,
    pub(super) requests: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    /// A peer that replies to the nth request what the function says.
    pub(super) fn start(
        store: &Arc<Store>,
        reply: impl Fn(usize, &Request) -> Reply + Send + 'static,
    ) -> Self {
        Self::serve(store, None, reply)
    }

    /// The same over TLS, for whoever can show a certificate of the authority in
    /// that folder.
    pub(super) fn start_tls(
        store: &Arc<Store>,
        dir: &Path,
        reply: impl Fn(usize, &Request) -> Reply + Send + 'static,
    ) -> Self {
        Self::serve(store, Some(server_config(dir)), reply)
    }

    fn serve(
        store: &Arc<Store>,
        tls: Option<Arc<ServerConfig>>,
        reply: impl Fn(usize, &Request) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, store) = (Arc::clone(&requests), Arc::clone(store));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream: Box<dyn Stream> = match &tls {
                    Some(config) => {
                        let session = ServerConnection::new(Arc::clone(config)).expect("valid");
                        Box::new(StreamOwned::new(session, stream))
                    }
                    None => Box::new(stream),
                };
                let Some(request) = read(&mut stream, &store) else { continue };
                let mut seen = seen.lock().expect("no panic");
                let reply = reply(seen.len(), &request);
                seen.push(request);
                drop(seen);
                send(&mut stream, reply);
            }
        });
        Self { url, requests }
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// As `localhost`, trusting the authority `ca`.
fn server_config(dir: &Path) -> Arc<ServerConfig> {
    let cert = |name: &str| CertificateDer::from_pem_file(dir.join(name)).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(cert("ca.pem")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    let builder = builder.with_client_cert_verifier(verifier.build().expect("roots"));
    let key = PrivateKeyDer::from_pem_file(dir.join("leaf.key")).expect("a key");
    Arc::new(builder.with_single_cert(vec![cert("leaf.pem")], key).expect("they fit"))
}

fn read(stream: &mut dyn Stream, store: &Store) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let is_length = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-length");
    let length = headers.iter().find(is_length).and_then(|(_, value)| value.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Request { path, headers, body, pending: super::pending(store) })
}

fn send(stream: &mut dyn Stream, reply: Reply) {
    let text = match reply {
        Reply::Answer(status, headers, body) => format!(
            "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ),
        Reply::Torn => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"items\"".to_owned(),
        Reply::Stall(time) => {
            thread::sleep(time);
            return;
        }
    };
    // The client may be gone: that is what some tests are about.
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
}
