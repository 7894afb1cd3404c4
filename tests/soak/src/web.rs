//! An HTTP server that answers when it may.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// A server; it stalls until it is told otherwise.
pub(crate) struct Web {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    answers: AtomicBool,
    requests: AtomicU64,
    /// How often each key was confirmed.
    confirmed: Mutex<BTreeMap<String, u64>>,
}

impl Web {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, shared) = (listener.local_addr()?, Arc::<Shared>::default());
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                // A connection that breaks is the client's to repeat.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Ok(Self { address, shared })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on it answers.
    pub(crate) fn recover(&self) {
        self.shared.answers.store(true, Ordering::SeqCst);
    }

    /// Requests that came, answered or not.
    pub(crate) fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Idempotency keys that were confirmed, and how often.
    pub(crate) fn confirmed(&self) -> BTreeMap<String, u64> {
        self.shared.confirmed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut output) = (BufReader::new(stream), stream);
    let mut body = Vec::new();
    loop {
        let (mut key, mut length) = (String::new(), 0);
        let mut line = String::new();
        loop {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "idempotency-key" => value.clone_into(&mut key),
                "content-length" => length = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        body.resize(length, 0);
        input.read_exact(&mut body)?;
        shared.requests.fetch_add(1, Ordering::SeqCst);
        while !shared.answers.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(50));
        }
        output.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        let mut confirmed = shared.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        *confirmed.entry(key).or_default() += 1;
    }
}
