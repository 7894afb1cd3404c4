//! Bytes of a TCP connection that the other machine has not acknowledged.

use std::net::TcpStream;

/// `TIOCOUTQ` of Linux, `tcp(7)`: bytes in the send queue, acknowledged ones left
/// out. The number is the same wherever `asm-generic/ioctls.h` is used.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#[expect(unsafe_code, reason = "there is no other way to ask; see SAFETY")]
pub(super) fn unacked_bytes(socket: &TcpStream) -> std::io::Result<u64> {
    use rustix::ioctl::{Getter, ioctl};
    const TIOCOUTQ: u32 = 0x5411;
    // SAFETY: `TIOCOUTQ` writes one C int to where it is told, on any socket, and
    // `Getter` gives it the place of an `i32`. The descriptor is borrowed.
    let bytes = unsafe { ioctl(socket, Getter::<TIOCOUTQ, i32>::new()) }?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// Elsewhere nobody is asked.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
pub(super) fn unacked_bytes(_: &TcpStream) -> std::io::Result<u64> {
    Ok(0)
}
