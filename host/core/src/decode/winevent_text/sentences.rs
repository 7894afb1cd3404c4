//! Messages that are sentences: a value stands between two fixed phrases
//! (message tables of schannel.dll and Exchange's transport, each version's wording).

/// The field, the phrase before its value, and the byte that ends it.
pub(super) type Slot = (&'static str, &'static str, u8);

/// An event whose message is sentences.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) provider: &'static str,
    pub(super) id: u32,
    /// What the text begins with.
    pub(super) title: &'static str,
    pub(super) slots: &'static [Slot],
}

const SCHANNEL: &str = "Schannel";

pub(super) const SENTENCES: &[Sentence] = &[
    Sentence {
        provider: SCHANNEL,
        id: 36887,
        title: "A fatal alert was received from the remote endpoint",
        slots: &[
            ("AlertDesc", "fatal alert code is ", b'.'),
            ("AlertDesc", "fatal error code is ", b'.'),
        ],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36887,
        title: "The following fatal alert was received",
        slots: &[("AlertDesc", "alert was received: ", b'.')],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36888,
        title: "A fatal alert was generated and sent to the remote endpoint",
        slots: &[
            ("AlertDesc", "fatal alert code is ", b'.'),
            ("AlertDesc", "fatal error code is ", b'.'),
            ("ErrorState", "error state is ", b'.'),
            ("TargetName", "target name is ", b'\n'),
        ],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36888,
        title: "The following fatal alert was generated",
        slots: &[
            ("AlertDesc", "alert was generated: ", b'.'),
            ("ErrorState", "error state is ", b'.'),
        ],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36870,
        title: "A fatal error occurred when attempting to access the",
        slots: &[
            ("Type", "access the TLS ", b' '),
            ("Type", "access the SSL ", b' '),
            ("ErrorCode", "cryptographic module is ", b'.'),
            ("ErrorStatus", "error state is ", b'.'),
        ],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36871,
        title: "A fatal error occurred while creating a",
        slots: &[
            ("Type", "creating a TLS ", b' '),
            ("Type", "creating an SSL ", b' '),
            ("ErrorState", "error state is ", b'.'),
        ],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36874,
        title: "An TLS ",
        slots: &[("Protocol", "An ", b'c')],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36874,
        title: "An SSL ",
        slots: &[("Protocol", "An ", b'c')],
    },
    Sentence {
        provider: SCHANNEL,
        id: 36879,
        title: "The certificate received from the remote client application was not successfully mapped",
        slots: &[("ErrorCode", "error code is ", b'.')],
    },
    Sentence {
        provider: "MSExchangeTransport",
        id: 1035,
        title: "Inbound authentication failed with error",
        slots: &[
            ("Error", "failed with error ", b' '),
            ("Connector", "for Receive connector ", b'.'),
            ("Mechanism", "authentication mechanism is ", b'.'),
            ("IpAddress", "Microsoft Exchange is [", b']'),
        ],
    },
];
