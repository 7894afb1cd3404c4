//! Header fields (RFC 5322, 2.2) in their order.

use crate::bytes::split_once;

/// Headers in order: name, and value with its folds. Lines that are no header are
/// passed over.
pub(super) struct Headers<'c> {
    rest: &'c [u8],
}

impl<'c> Headers<'c> {
    pub(super) fn new(block: &'c [u8]) -> Self {
        Self { rest: block }
    }

    /// The line that starts here, with the lines that continue it.
    fn folded_line(&mut self) -> Option<&'c [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let mut end = 0;
        loop {
            let tail = self.rest.get(end..).unwrap_or_default();
            let newline = memchr::memchr(b'\n', tail);
            end += newline.map_or(tail.len(), |at| at + 1);
            let continues = matches!(self.rest.get(end), Some(b' ' | b'\t'));
            if newline.is_none() || !continues {
                break;
            }
        }
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(line)
    }
}

impl<'c> Iterator for Headers<'c> {
    type Item = (&'c [u8], &'c [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.folded_line()?;
            if let Some((name, value)) = split_once(line, b':').filter(|(name, _)| is_name(name)) {
                return Some((name, value));
            }
        }
    }
}

/// RFC 5322, 3.6.8: printable ASCII without colon and blank.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.len() <= 128 && name.iter().all(u8::is_ascii_graphic)
}

/// The name as it is usually written, when it is one that matters here.
pub(super) fn usual_case(name: &[u8]) -> &[u8] {
    let usual = USUAL_NAMES.iter().find(|usual| usual.as_bytes().eq_ignore_ascii_case(name));
    usual.map_or(name, |usual| usual.as_bytes())
}

/// True for the name of a header that mails have and hardly anything else.
pub(in crate::decode) fn is_mail_header(name: &[u8]) -> bool {
    USUAL_NAMES.iter().any(|usual| usual.as_bytes().eq_ignore_ascii_case(name))
}

const USUAL_NAMES: [&str; 35] = [
    "Received",
    "Return-Path",
    "Delivered-To",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Authentication-Results",
    "Received-SPF",
    "DKIM-Signature",
    "X-Forefront-Antispam-Report",
    "X-EOPAttributedMessage",
    "X-EOPTenantAttributedMessage",
    "X-MS-TrafficTypeDiagnostic",
    "X-MS-Exchange-Organization-AuthAs",
    "X-MS-Exchange-Organization-AuthSource",
    "X-MS-Exchange-Organization-AuthMechanism",
    "X-MS-Exchange-Organization-MessageDirectionality",
    "X-MS-Exchange-Organization-SCL",
    "X-MS-Exchange-Organization-Network-Message-Id",
    "X-MS-Exchange-CrossTenant-FromEntityHeader",
    "X-MS-Exchange-CrossTenant-Id",
    "X-MS-Exchange-CrossTenant-Network-Message-Id",
    "X-MS-Exchange-CrossTenant-AuthAs",
    "X-MS-Exchange-CrossTenant-AuthSource",
    "X-MS-Exchange-CrossTenant-OriginalArrivalTime",
    "X-MS-Exchange-Transport-CrossTenantHeadersStamped",
    "X-OrganizationHeadersPreserved",
    "X-CrossPremisesHeadersFiltered",
    "X-Originating-IP",
    "X-MS-Has-Attach",
];
