//! The rules and what is fixed about each.

use serde::{Deserialize, Serialize};

/// A rule of the detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// Own mail arrives as Anonymous.
    A1,
    /// Foreign mail is treated as internal.
    A2,
    /// Organization headers come in from the Internet.
    A3,
    /// A server stamps an unusual mechanism.
    A4,
    /// Own mail used to arrive as Internal, and no longer does.
    A5,
}

impl Rule {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::A1 => "A1",
            Self::A2 => "A2",
            Self::A3 => "A3",
            Self::A4 => "A4",
            Self::A5 => "A5",
        }
    }

    /// Techniques of MITRE ATT&CK: email spoofing.
    pub(crate) fn attack(self) -> &'static [&'static str] {
        match self {
            Self::A2 => &["T1672"],
            Self::A1 | Self::A3 | Self::A4 | Self::A5 => &[],
        }
    }
}
