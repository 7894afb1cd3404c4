//! Lets connections in, and has each read by a task of its own.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::context::{Context, Phase};
use super::counters::{TimedOut, Transport};
use super::stream::Connection;

/// Dead peers are found after about two minutes.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 4;

/// After an error, such as no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Who has called before the source began to stop is there within this.
const BACKLOG: Duration = Duration::from_millis(1);

/// Lets TCP connections in until the source stops; speaks TLS with an acceptor.
pub(super) async fn accept_tcp(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut context: Context,
) {
    loop {
        tokio::select! {
            biased;
            () = context.reached(Phase::Draining) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => serve_tcp(stream, peer.ip(), tls.as_ref(), &context),
                Err(_) => sleep(PAUSE).await,
            },
        }
    }
    while let Ok(Ok((stream, peer))) = timeout(BACKLOG, listener.accept()).await {
        serve_tcp(stream, peer.ip(), tls.as_ref(), &context);
    }
}

fn serve_tcp(stream: TcpStream, peer: IpAddr, tls: Option<&TlsAcceptor>, context: &Context) {
    let peer = peer.to_canonical();
    let Some(admitted) = context.admission.admit(Some(peer)) else { return };
    // Without it dead peers are found later; that is no reason to refuse this one.
    drop(keep_alive(&stream));
    let context = context.clone();
    let tls = tls.cloned();
    tokio::spawn(async move {
        match tls {
            None => Connection::new(stream, Transport::Tcp, Some(peer), context).run().await,
            Some(tls) => serve_tls(stream, peer, tls, context).await,
        }
        drop(admitted);
    });
}

async fn serve_tls(stream: TcpStream, peer: IpAddr, tls: TlsAcceptor, mut context: Context) {
    let time_max = context.settings.timeouts.handshake;
    let shaken = tokio::select! {
        shaken = timeout(time_max, tls.accept(stream)) => shaken,
        // Nothing can have come before the handshake's end.
        () = context.reached(Phase::Draining) => return,
    };
    match shaken {
        Ok(Ok(stream)) => {
            Connection::new(stream, Transport::Tls, Some(peer), context).run().await;
        }
        Ok(Err(_)) => context.counters.add_tls_failure(),
        Err(_) => context.counters.add_timed_out(TimedOut::Handshake),
    }
}

fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_RETRIES);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Lets connections of a Unix socket in until the source stops.
pub(super) async fn accept_unix(listener: UnixListener, mut context: Context) {
    loop {
        tokio::select! {
            biased;
            () = context.reached(Phase::Draining) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve_unix(stream, &context),
                Err(_) => sleep(PAUSE).await,
            },
        }
    }
    while let Ok(Ok((stream, _))) = timeout(BACKLOG, listener.accept()).await {
        serve_unix(stream, &context);
    }
}

fn serve_unix(stream: tokio::net::UnixStream, context: &Context) {
    let Some(admitted) = context.admission.admit(None) else { return };
    let connection = Connection::new(stream, Transport::UnixStream, None, context.clone());
    tokio::spawn(async move {
        connection.run().await;
        drop(admitted);
    });
}
