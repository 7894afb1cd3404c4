//! Refusals that servers logged themselves: which client asked, by which service.
//!
//! Windows names the server on which a logon failed; the server's own log names
//! the client behind it.

use std::net::IpAddr;

use logwasp_sdk::windows::FailureClass;
use logwasp_sdk::{RecordRef, Timestamp};
use serde::{Deserialize, Serialize};

/// The service that refused a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Service {
    /// Phones and tablets.
    ActiveSync,
    /// Outlook on the web.
    Owa,
    /// Exchange Web Services.
    Ews,
    /// MAPI over HTTP.
    Mapi,
    /// Autodiscover.
    Autodiscover,
    /// The control panel.
    Ecp,
    /// RPC over HTTP.
    Rpc,
    /// Another path of the web server.
    Http,
    /// IMAP4.
    Imap,
    /// POP3.
    Pop,
    /// SMTP AUTH.
    Smtp,
}

impl Service {
    /// The service of a URL path.
    pub fn of_path(path: &str) -> Self {
        const PREFIXES: [(&str, Service); 7] = [
            ("/microsoft-server-activesync", Service::ActiveSync),
            ("/owa", Service::Owa),
            ("/ews", Service::Ews),
            ("/mapi", Service::Mapi),
            ("/autodiscover", Service::Autodiscover),
            ("/ecp", Service::Ecp),
            ("/rpc", Service::Rpc),
        ];
        let path = path.to_ascii_lowercase();
        let found = PREFIXES.iter().find(|(prefix, _)| path.starts_with(prefix));
        found.map_or(Service::Http, |(_, service)| *service)
    }

    /// Its name as the attribute `kind`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ActiveSync => "activesync",
            Self::Owa => "owa",
            Self::Ews => "ews",
            Self::Mapi => "mapi",
            Self::Autodiscover => "autodiscover",
            Self::Ecp => "ecp",
            Self::Rpc => "rpc",
            Self::Http => "http",
            Self::Imap => "imap",
            Self::Pop => "pop",
            Self::Smtp => "smtp_auth",
        }
    }

    /// Its name in texts.
    pub fn shown(self) -> &'static str {
        match self {
            Self::ActiveSync => "ActiveSync",
            Self::Owa => "OWA",
            Self::Ews => "EWS",
            Self::Mapi => "MAPI over HTTP",
            Self::Autodiscover => "Autodiscover",
            Self::Ecp => "ECP",
            Self::Rpc => "RPC over HTTP",
            Self::Http => "HTTP",
            Self::Imap => "IMAP",
            Self::Pop => "POP3",
            Self::Smtp => "SMTP AUTH",
        }
    }

    /// True for what the web server answers.
    pub fn is_http(self) -> bool {
        !matches!(self, Self::Imap | Self::Pop | Self::Smtp)
    }
}

/// A mobile device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `DeviceId`, empty when unknown.
    pub id: String,
    /// `DeviceType`, empty when unknown.
    pub model: String,
}

/// A refusal that names the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When it was.
    pub at: Timestamp,
    /// The record.
    pub record: RecordRef,
    /// Why it was refused.
    pub class: FailureClass,
    /// The key of the server, empty when the log does not name it.
    pub server: String,
    /// The service.
    pub service: Service,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The client's device.
    pub device: Device,
    /// The user agent, or the SMTP AUTH mechanism.
    pub agent: String,
}

impl Refusal {
    /// What makes two refusals come from one client: the device, else address and
    /// program.
    pub fn client(&self) -> (&str, Option<IpAddr>, &str) {
        match self.device.id.as_str() {
            "" => ("", self.ip, &self.agent),
            device => (device, None, ""),
        }
    }

    /// Under which key the client's accounts are counted. A device stands for
    /// itself: many phones share the address of a site.
    pub fn source(&self) -> Option<String> {
        source_of(&self.device, self.ip)
    }

    /// Heap bytes behind it.
    pub fn heap_bytes(&self) -> usize {
        self.server.len() + self.device.id.len() + self.device.model.len() + self.agent.len()
    }
}

/// The key of a client among the sources.
pub(crate) fn source_of(device: &Device, ip: Option<IpAddr>) -> Option<String> {
    match device.id.as_str() {
        "" => ip.map(|ip| ip.to_string()),
        id => Some(format!("device:{}", id.to_lowercase())),
    }
}

/// A refusal that does not name the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anonymous {
    /// When it was.
    pub at: Timestamp,
    /// The record.
    pub record: RecordRef,
    /// The client's address.
    pub ip: IpAddr,
    /// The service.
    pub service: Service,
    /// Only the reply was logged, which servers hold back for some seconds.
    pub delayed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: paths of Exchange's virtual directories in any case, and others.
    /// Guarantees: each has its service.
    #[test]
    fn paths_have_services() {
        for (path, kind) in [
            ("/Microsoft-Server-ActiveSync/default.eas", "activesync"),
            ("/owa/auth.owa", "owa"),
            ("/EWS/Exchange.asmx", "ews"),
            ("/mapi/emsmdb/", "mapi"),
            ("/AutoDiscover/autodiscover.xml", "autodiscover"),
            ("/ecp/", "ecp"),
            ("/rpc/rpcproxy.dll", "rpc"),
            ("/oab/x", "http"),
            ("", "http"),
        ] {
            assert_eq!(Service::of_path(path).kind(), kind, "{path}");
        }
    }
}
