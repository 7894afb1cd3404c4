//! The HTTP side: three paths, two methods.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::Status;
use crate::telemetry::Exposition;

/// Connections at the same time; more are closed at once. Prometheus needs one.
const CONNECTIONS_MAX: usize = 32;
/// Bytes of a request's head. The least that hyper takes.
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 64;
/// For the head of a request, and the time until the next one on a connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// For all that happens on a connection. Whoever wants more comes again.
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(5);
/// Before the next try when nobody can be let in.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const PLAIN: &str = "text/plain; charset=utf-8";

/// Lets in whoever comes.
pub(super) async fn serve(socket: TcpListener, status: Arc<dyn Status>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            // There are no descriptors left, perhaps: it may pass.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&room).try_acquire_owned() else { continue };
        let status = Arc::clone(&status);
        tokio::spawn(async move {
            // Nobody has to know that a client went away or took too long.
            drop(timeout(CONNECTION_TIMEOUT, converse(stream, status)).await);
            drop(seat);
        });
    }
}

async fn converse(stream: TcpStream, status: Arc<dyn Status>) -> hyper::Result<()> {
    let answer = service_fn(|request: Request<Incoming>| {
        let response = answer(&request, &*status);
        async move { Ok::<_, Infallible>(response) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}

/// The answer to a request, whose body nobody reads.
fn answer<B>(request: &Request<B>, status: &dyn Status) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !matches!(path, "/metrics" | "/healthz" | "/readyz") {
        let told = "there are /metrics, /healthz and /readyz\n";
        return response(StatusCode::NOT_FOUND, PLAIN, told.to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let told = "only GET and HEAD\n".to_owned();
        let mut response = response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, told);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match path {
        "/metrics" => response(StatusCode::OK, Exposition::CONTENT_TYPE, status.metrics()),
        "/healthz" => verdict(status.health()),
        _ => verdict(status.ready()),
    }
}

fn verdict(verdict: Result<(), String>) -> Response<Full<Bytes>> {
    match verdict {
        Ok(()) => response(StatusCode::OK, PLAIN, "ok\n".to_owned()),
        Err(why) => response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, why + "\n"),
    }
}

// To HEAD the same is answered: hyper leaves the body out and keeps its length.
fn response(code: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
