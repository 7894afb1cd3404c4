//! One connection: bytes become messages, messages batches.
//!
//! While batches are not taken nothing is read, so the sender waits. Between two reads
//! a connection holds its unfinished message and nothing else.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::batch::Pending;
use super::context::{Context, Phase};
use super::counters::{Dropped, TimedOut, Transport};
use super::framer::Framer;

/// What is read at once.
const READ_BYTES_MAX: usize = 128 << 10;

/// When nothing came for so long, everything that was sent before has arrived.
const QUIET: Duration = Duration::from_millis(20);

thread_local! {
    /// One for each thread: idle connections need none.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES_MAX]);
}

/// A connection that is read.
pub(super) struct Connection<S> {
    stream: S,
    transport: Transport,
    peer: Option<IpAddr>,
    context: Context,
    framer: Framer,
    pending: Pending,
    last_read: Instant,
    /// When the unfinished message began.
    began: Option<Instant>,
    /// When what is pending has to go on.
    flush_at: Option<Instant>,
}

/// Why a connection is not read any further.
enum End {
    Closed,
    Failed,
    TimedOut(TimedOut),
    Drained,
}

impl<S: AsyncRead + Unpin> Connection<S> {
    pub(super) fn new(
        stream: S,
        transport: Transport,
        peer: Option<IpAddr>,
        context: Context,
    ) -> Self {
        let settings = &context.settings;
        let framer = Framer::new(settings.framing, &settings.limits, &context.budget);
        Self {
            stream,
            transport,
            peer,
            framer,
            pending: Pending::default(),
            last_read: Instant::now(),
            began: None,
            flush_at: None,
            context,
        }
    }

    /// Reads until the sender ends, takes too long, or the source stops.
    pub(super) async fn run(mut self) {
        let mut end = self.read_all().await;
        if matches!(end, End::Drained) {
            end = self.read_what_arrived().await;
        }
        match end {
            End::TimedOut(what) => self.context.counters.add_timed_out(what),
            End::Failed if self.transport == Transport::Tls => {
                self.context.counters.add_tls_failure();
            }
            End::Closed | End::Failed | End::Drained => {}
        }
        self.framer.finish(&mut self.pending);
        self.count(0);
        self.context.hand_on(&mut self.pending, self.peer).await;
    }

    async fn read_all(&mut self) -> End {
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                () = self.context.reached(Phase::Draining) => return End::Drained,
                read = read(&mut self.stream, &mut self.framer, &mut self.pending) => {
                    match read {
                        Ok(0) => return End::Closed,
                        Ok(bytes) => self.after_read(bytes).await,
                        Err(error) => return failed(&error),
                    }
                }
                () = sleep_until(deadline) => {
                    if let Some(what) = self.after_deadline().await {
                        return End::TimedOut(what);
                    }
                }
            }
        }
    }

    /// What was sent before the source began to stop.
    async fn read_what_arrived(&mut self) -> End {
        loop {
            let read = read(&mut self.stream, &mut self.framer, &mut self.pending);
            tokio::select! {
                biased;
                () = self.context.reached(Phase::Stopped) => return End::Drained,
                read = timeout(QUIET, read) => match read {
                    Err(_) => return End::Drained,
                    Ok(Ok(0)) => return End::Closed,
                    Ok(Ok(bytes)) => self.after_read(bytes).await,
                    Ok(Err(error)) => return failed(&error),
                },
            }
        }
    }

    async fn after_read(&mut self, bytes: usize) {
        let now = Instant::now();
        self.last_read = now;
        let is_first = self.count(bytes as u64) > 0 || self.began.is_none();
        match self.framer.is_inside() {
            true if is_first => self.began = Some(now),
            true => {}
            false => self.began = None,
        }
        if self.pending.bytes() >= self.context.settings.limits.batch_bytes {
            self.flush().await;
        }
        if self.flush_at.is_none() && !(self.pending.is_empty() && self.began.is_none()) {
            self.flush_at = Some(now + self.context.settings.timeouts.flush_interval);
        }
        if let (Some(rate), Some(peer)) = (&self.context.rate, self.peer) {
            let wait = rate.wait_for(peer, bytes);
            if !wait.is_zero() {
                self.pause(wait).await;
            }
        }
    }

    /// Does not read for a while; what was read does not wait for that.
    async fn pause(&mut self, wait: Duration) {
        self.flush().await;
        tokio::select! {
            () = sleep(wait) => {}
            () = self.context.reached(Phase::Stopped) => {}
        }
        self.last_read = Instant::now();
    }

    /// Does what is due; returns what took too long.
    async fn after_deadline(&mut self) -> Option<TimedOut> {
        let now = Instant::now();
        if self.flush_at.is_some_and(|at| at <= now) {
            self.framer.settle(&mut self.pending);
            self.count(0);
            if !self.framer.is_inside() {
                self.began = None;
            }
            self.flush().await;
        }
        if self.message_deadline().is_some_and(|at| at <= now) {
            return Some(TimedOut::Message);
        }
        self.idle_deadline().is_some_and(|at| at <= now).then_some(TimedOut::Idle)
    }

    async fn flush(&mut self) {
        self.flush_at = None;
        self.context.hand_on(&mut self.pending, self.peer).await;
    }

    fn deadline(&self) -> Instant {
        /// Far enough: then it is looked at again.
        const FAR: Duration = Duration::from_hours(1);
        let deadlines = [self.flush_at, self.message_deadline(), self.idle_deadline()];
        deadlines.into_iter().flatten().min().unwrap_or_else(|| Instant::now() + FAR)
    }

    fn message_deadline(&self) -> Option<Instant> {
        Some(self.began? + self.context.settings.timeouts.message)
    }

    fn idle_deadline(&self) -> Option<Instant> {
        Some(self.last_read + self.context.settings.timeouts.idle?)
    }

    /// Counts what came in; returns the messages.
    fn count(&mut self, bytes: u64) -> u64 {
        let tally = self.framer.take_tally();
        let counters = &self.context.counters;
        counters.add_received(self.transport, tally.messages, bytes);
        if tally.cut + tally.dropped_long + tally.wrong_counts > 0 {
            counters.add_cut(tally.cut);
            counters.add_dropped(Dropped::Long, tally.dropped_long);
            counters.add_wrong_counts(tally.wrong_counts);
        }
        tally.messages
    }
}

/// A peer that just goes away, without TLS' farewell, is no failure of TLS.
fn failed(error: &io::Error) -> End {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => End::Closed,
        _ => End::Failed,
    }
}

/// Reads once; 0 bytes are the end.
async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    framer: &mut Framer,
    out: &mut Pending,
) -> io::Result<usize> {
    poll_fn(|task| SCRATCH.with_borrow_mut(|buffer| poll(stream, task, buffer, framer, out))).await
}

fn poll<S: AsyncRead + Unpin>(
    stream: &mut S,
    task: &mut TaskContext<'_>,
    buffer: &mut [u8],
    framer: &mut Framer,
    out: &mut Pending,
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(buffer);
    ready!(Pin::new(stream).poll_read(task, &mut buffer))?;
    framer.push(buffer.filled(), out);
    Poll::Ready(Ok(buffer.filled().len()))
}
