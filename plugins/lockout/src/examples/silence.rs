//! What must not alert.

use logwasp_sdk::testkit::{Example, TestEvent, clock};

use super::assert_silence;
use super::write::{self, Http};

pub(super) fn all() -> Vec<Example> {
    vec![noise(), no_lockout(), disabled()]
}

fn noise() -> Example {
    let schannel = [
        ("Status", "0xc000006d"),
        ("SubStatus", "0x80090325"),
        ("LogonProcessName", "Schannel"),
        ("AuthenticationPackageName", "Microsoft Unified Security Protocol Provider"),
    ];
    let mailbox = "HealthMailbox1f2e3d4c5b6a@contoso.com";
    let probe = Http { user: mailbox, ip: "::1", win32: "1909", ..Http::default() };
    let remote = Http { user: mailbox, win32: "1909", ..Http::default() };
    let mut events: Vec<TestEvent> = Vec::new();
    for n in 0..30 {
        let second = clock("09:00:00") + 4 * n;
        events.push(write::logon(second, "EXCH01", "", &schannel));
        events.push(probe.at(second, &[]));
        events.push(remote.at(second, &[]));
    }
    Example {
        name: "1.8 silence: Schannel and health mailboxes",
        config: "{}",
        events,
        advance: Some(clock("12:00:00")),
        check: assert_silence,
    }
}

fn no_lockout() -> Example {
    Example {
        name: "1.8 silence: wrong passwords without a lockout",
        config: "{}",
        events: (0..4)
            .map(|n| write::ntlm(clock("09:00:00") + 9 * n, "DC01", "user1", "0xc000006a", "WS042"))
            .collect(),
        advance: Some(clock("12:00:00")),
        check: assert_silence,
    }
}

fn disabled() -> Example {
    Example {
        name: "1.8 silence: a disabled account",
        config: "{}",
        events: (0..6)
            .map(|n| {
                write::kerberos(clock("09:00:00") + 9 * n, "DC01", "user1", "0x12", "10.0.3.42")
            })
            .collect(),
        advance: Some(clock("12:00:00")),
        check: assert_silence,
    }
}
