//! What to do about the rules R0 to R5.

use crate::alert::KeyTrouble;
use crate::subject::Subject;
use crate::text::Story;

pub(crate) fn of(story: &Story<'_>) -> &'static str {
    match story.subject {
        Subject::CertificateLogon { .. } => CERTIFICATE_LOGON,
        Subject::UnusualLogon { .. } => UNUSUAL_LOGON,
        Subject::PrivateKey { error_code } => match story.key_trouble(*error_code) {
            KeyTrouble::NotReadable => KEY_NOT_READABLE,
            KeyTrouble::Missing => KEY_MISSING,
            KeyTrouble::Other => KEY_OTHER,
        },
        Subject::Credential { .. } => CREDENTIAL,
        Subject::NoSharedCipher { .. } => NO_SHARED_CIPHER,
        Subject::AlertReceived { alert } => received(*alert),
        Subject::AlertSent { .. } if story.health_check().is_some() => HEALTH_CHECK,
        Subject::AlertSent { alert } => sent(*alert),
        Subject::PeerCertificate { event_id } => refused(*event_id),
    }
}

fn received(alert: u32) -> &'static str {
    match alert {
        42..=46 | 48 => OUR_CERTIFICATE,
        49 => ACCESS_DENIED,
        70 | 71 => OUR_PROTOCOLS,
        _ => HANDSHAKE,
    }
}

fn sent(alert: u32) -> &'static str {
    match alert {
        42..=46 | 48 | 49 => PEER_CERTIFICATE,
        70 | 71 => PEER_PROTOCOLS,
        _ => HANDSHAKE,
    }
}

fn refused(event_id: u32) -> &'static str {
    match event_id {
        36881 => REFUSED_EXPIRED,
        36882 => REFUSED_UNTRUSTED,
        36883 => REFUSED_REVOKED,
        36884 => REFUSED_NAME,
        _ => REFUSED_OTHER,
    }
}

const CERTIFICATE_LOGON: &str = "Check the account: disabled, locked, expired, or not \
    allowed to log on to this host? Check the certificate mapping (altSecurityIdentities, UPN in \
    the certificate) and who presents the certificate. If the account should not log on by \
    certificate, remove the mapping or revoke the certificate.";
const UNUSUAL_LOGON: &str = "Find the TLS service on this host that asks for client \
    certificates and whether its clients fail. If they do not and the code is harmless here, add \
    it to noise_substatus.";
const KEY_NOT_READABLE: &str = "Open certlm.msc, the certificate, All Tasks, Manage Private \
    Keys, and grant the account of the service Read (look for `NT Service\\<service>` on the local \
    machine, not in the domain; NETWORK SERVICE for Exchange). Restart the service.";
const KEY_MISSING: &str = "Import the certificate again together with its private key \
    (PFX), or join them with `certutil -repairstore my <serial number>`, then assign it to the \
    service and restart the service.";
const KEY_OTHER: &str = "Run `certutil -verifystore my` on the host: the faulty certificate \
    fails its key test. Check the key's provider, its permissions and whether the key is there; \
    import certificate and key (PFX) again if in doubt.";
const CREDENTIAL: &str = "Compare the protocols enabled under SCHANNEL\\Protocols, and the \
    TLS settings of .NET and WinHTTP, with what the program asks for. On Exchange, state 10013 \
    together with event 36888, alert 10, state 1203 is also reported after a backend certificate \
    was renewed while the POP3 settings lack ExternalConnectionSettings, and when plain HTTP is \
    sent to port 443.";
const NO_SHARED_CIPHER: &str = "Find the old clients (SMTP or IIS logs of that time). Update \
    them, or enable a cipher suite that both sides have (Get-TlsCipherSuite). Scanners cause this \
    on servers that face the Internet: raise r3_min or set suppress_hosts_edge.";
const OUR_CERTIFICATE: &str = "Check the certificate that this host presents: validity, \
    name, revocation, and that the server sends all intermediate certificates. Test from outside \
    with `openssl s_client -connect <host>:<port> -showcerts`. If one peer only complains, its \
    trust store is the place to look.";
const ACCESS_DENIED: &str = "A valid certificate was presented and is not allowed in. Check \
    what the peer expects: another client certificate, or a mapping of this one.";
const OUR_PROTOCOLS: &str = "Enable TLS 1.2 or newer with current cipher suites on this \
    host, or find the peer that still insists on old ones.";
const PEER_CERTIFICATE: &str = "Find the peers (SMTP or IIS logs of that time) and look at \
    the certificates they present. Import a missing root or intermediate CA only if you trust it.";
const PEER_PROTOCOLS: &str = "Find the old peers (SMTP or IIS logs of that time) and update \
    them. Scanners cause this on servers that face the Internet: raise r4_min or set \
    suppress_hosts_edge.";
const HANDSHAKE: &str = "Low by itself. Compare protocols and cipher suites of both sides, \
    and look for middleboxes that inspect TLS. Scanners cause this on servers that face the \
    Internet: raise r4_min or set suppress_hosts_edge.";
const HEALTH_CHECK: &str = "No action. To silence it, let the health check speak TLS or \
    probe a port without TLS.";
const REFUSED_EXPIRED: &str = "Compare the clock of this host with true time, then have the \
    owner of the server renew the certificate.";
const REFUSED_UNTRUSTED: &str = "Find the server (the program that fails at that time). If \
    its CA is yours, publish the CA to this host's trusted roots; if it is not and the server \
    should be public, suspect interception on the way.";
const REFUSED_REVOKED: &str = "Have the owner of the server replace the certificate. Do not \
    switch revocation checks off.";
const REFUSED_NAME: &str = "Check DNS and the address that the program connects to, then \
    have the certificate issued with the expected name. A name of your own that suddenly answers \
    with a foreign certificate means interception or a wrong DNS record.";
const REFUSED_OTHER: &str = "Look up the error code, then check chain, dates, name and \
    revocation of the server's certificate from this host: `certutil -verify -urlfetch <file>`.";
