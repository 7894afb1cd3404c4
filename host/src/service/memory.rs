//! Memory: what the allocator keeps for later goes back.

/// To be called when much was freed that will not be needed again: compiling
/// detectors takes several times what running them does, and glibc would keep that.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "malloc_trim has no safe wrapper; see SAFETY")]
pub(super) fn give_back() {
    // SAFETY: it may be called at any time from any thread (malloc_trim(3)); it moves
    // nothing that is in use.
    unsafe { nix::libc::malloc_trim(0) };
}

/// Other allocators look after that themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn give_back() {}
