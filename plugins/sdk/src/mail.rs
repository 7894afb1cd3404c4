//! Mail headers: the block, the trace lines in it, the addresses.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::identity;

/// One header of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as written; names compare without regard to case.
    pub name: &'a str,
    /// The value, unfolded and without blanks around it.
    pub value: Cow<'a, str>,
}

impl Header<'_> {
    /// True when the header has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The headers of a block in their order, duplicates kept (RFC 5322, 2.2). Lines
/// may end with CRLF or LF. The first empty line after a header ends the block; a
/// line that is no header (the `From ` line of a mailbox) is passed over.
pub fn headers(block: &str) -> Headers<'_> {
    Headers { rest: block, begun: false }
}

/// Iterator of [`headers`].
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: &'a str,
    begun: bool,
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        loop {
            let line = self.line()?;
            if line.trim().is_empty() {
                if self.begun {
                    self.rest = "";
                }
                continue;
            }
            if let Some((name, value)) = split_header(line) {
                self.begun = true;
                return Some(Header { name, value: self.unfold(value.trim()) });
            }
        }
    }
}

impl<'a> Headers<'a> {
    fn line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// Takes the continuation lines that follow: they begin with a blank.
    fn unfold(&mut self, first: &'a str) -> Cow<'a, str> {
        let mut value = Cow::Borrowed(first);
        while self.rest.starts_with([' ', '\t']) {
            let more = self.line().unwrap_or_default().trim();
            if more.is_empty() {
                // Nothing but blanks: some writers end the block like this.
                self.rest = "";
            } else if value.is_empty() {
                value = Cow::Borrowed(more);
            } else {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(more);
            }
        }
        value
    }
}

fn split_header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    valid.then_some((name, value))
}

/// A `Received` line: who took the message from whom (RFC 5321, 4.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received<'a> {
    /// The name the sending host gave itself. Anybody can claim any name.
    pub from: Option<&'a str>,
    /// The address it came from, as the receiving host saw it.
    pub from_ip: Option<IpAddr>,
    /// The receiving host.
    pub by: Option<&'a str>,
    /// Its address.
    pub by_ip: Option<IpAddr>,
    /// The protocol: `ESMTPS`, `Microsoft SMTP Server`, `mapi`.
    pub with: Option<&'a str>,
    /// The receiving host's id of the message.
    pub id: Option<&'a str>,
    /// The recipient.
    pub for_: Option<&'a str>,
    /// What follows the last semicolon.
    pub date: Option<&'a str>,
    /// The line says that the sender authenticated: `ESMTPA`, `ESMTPSA`
    /// (RFC 3848), or `Authenticated sender` in a comment.
    pub authenticated: bool,
}

/// Reads the unfolded value of a `Received` header. What is not understood is
/// passed over; nothing in it is trusted to be there.
pub fn received(value: &str) -> Received<'_> {
    let mut line = Received::default();
    let mut clause = Clause::None;
    for piece in pieces(value) {
        match piece {
            Piece::Date(date) => line.date = identity::meaningful(date),
            Piece::Comment(text) => line.comment(clause, text),
            Piece::Word(word) => match Clause::of(word) {
                Some(next) if clause.may_be_followed_by(&line) => clause = next,
                _ => line.word(clause, word, value),
            },
        }
    }
    line
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    None,
    From,
    By,
    Via,
    With,
    Id,
    For,
}

impl Clause {
    fn of(word: &str) -> Option<Self> {
        let keywords = [
            ("from", Self::From),
            ("by", Self::By),
            ("via", Self::Via),
            ("with", Self::With),
            ("id", Self::Id),
            ("for", Self::For),
        ];
        keywords.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, c)| c)
    }

    /// A keyword right after `from` or `by` is a host of that name.
    fn may_be_followed_by(self, line: &Received<'_>) -> bool {
        match self {
            Self::From => line.from.is_some() || line.from_ip.is_some(),
            Self::By => line.by.is_some() || line.by_ip.is_some(),
            _ => true,
        }
    }
}

impl<'a> Received<'a> {
    fn word(&mut self, clause: Clause, word: &'a str, whole: &'a str) {
        match clause {
            Clause::From if self.from.is_none() => {
                self.from = Some(word);
                self.from_ip = self.from_ip.or_else(|| identity::ip(word));
            }
            Clause::By if self.by.is_none() => {
                self.by = Some(word);
                self.by_ip = self.by_ip.or_else(|| identity::ip(word));
            }
            Clause::With => {
                self.authenticated |= says_authenticated(word);
                self.with = Some(self.with.map_or(word, |first| span(whole, first, word)));
            }
            Clause::Id if self.id.is_none() => self.id = Some(word),
            Clause::For if self.for_.is_none() => {
                self.for_ = identity::meaningful(word.trim_matches(['<', '>']));
            }
            _ => {}
        }
    }

    /// What a host puts in parentheses is what it saw; it beats the claimed name.
    fn comment(&mut self, clause: Clause, text: &'a str) {
        self.authenticated |= contains_ignoring_case(text, "authenticated sender")
            || contains_ignoring_case(text, "authenticated as");
        match clause {
            Clause::From => self.from_ip = address_in(text).or(self.from_ip),
            Clause::By => self.by_ip = address_in(text).or(self.by_ip),
            _ => {}
        }
    }
}

/// From the start of `first` to the end of `last`, both parts of `whole`.
fn span<'a>(whole: &'a str, first: &'a str, last: &'a str) -> &'a str {
    let start = first.as_ptr() as usize - whole.as_ptr() as usize;
    let end = last.as_ptr() as usize - whole.as_ptr() as usize + last.len();
    whole.get(start..end).unwrap_or(first)
}

/// The transmission types of RFC 3848 and RFC 6531 that end with A: the client
/// authenticated.
fn says_authenticated(protocol: &str) -> bool {
    ["esmtpa", "esmtpsa", "lmtpa", "lmtpsa", "utf8smtpa", "utf8smtpsa", "asmtp"]
        .iter()
        .any(|word| protocol.eq_ignore_ascii_case(word))
}

/// The address in a comment such as `203.0.113.9`, `mx.example [203.0.113.9]`,
/// `[IPv6:2001:db8::1]`. One in brackets beats a bare one: the name beside it may
/// be anything.
fn address_in(comment: &str) -> Option<IpAddr> {
    let bracketed = comment
        .split('[')
        .skip(1)
        .filter_map(|part| part.split_once(']'))
        .find_map(|(inside, _)| literal(inside));
    bracketed.or_else(|| comment.split([' ', '\t', '(', ')', ',', ';', '[', ']']).find_map(literal))
}

/// An address literal, with or without the tag of RFC 5321.
fn literal(text: &str) -> Option<IpAddr> {
    let tagged = text.split_at_checked(5).filter(|(tag, _)| tag.eq_ignore_ascii_case("ipv6:"));
    identity::ip(tagged.map_or(text, |(_, address)| address))
}

enum Piece<'a> {
    Word(&'a str),
    Comment(&'a str),
    Date(&'a str),
}

fn pieces(value: &str) -> Pieces<'_> {
    Pieces { rest: value }
}

/// Words, comments (without their outer parentheses, nested ones included) and,
/// after a semicolon, the date.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let text = self.rest.trim_start();
        if let Some(date) = text.strip_prefix(';') {
            self.rest = "";
            return Some(Piece::Date(date));
        }
        if text.starts_with('(') {
            let end = comment_end(text);
            let (comment, rest) = text.split_at_checked(end)?;
            self.rest = rest;
            let inside = comment.strip_prefix('(').unwrap_or(comment);
            return Some(Piece::Comment(inside.strip_suffix(')').unwrap_or(inside)));
        }
        let end =
            text.find(|c: char| c.is_whitespace() || c == ';' || c == '(').unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(Piece::Word(word))
    }
}

/// Where the comment that `text` starts with ends, its parenthesis included.
fn comment_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// The first address of a `From`, `Sender` or `Return-Path` value: `<a@b>`, `a@b`,
/// `"Doe, Jane" <a@b>`. Text in quotes and comments is a display name, whatever it
/// looks like.
pub fn address(value: &str) -> Option<String> {
    let plain = without_display_text(value);
    let member = plain.split([',', ';']).find(|member| member.contains('@'))?;
    let inside = member.split_once('<').map_or(member, |(_, rest)| rest);
    inside.split(['>', ' ', '\t']).find(|word| is_address(word)).map(str::to_owned)
}

fn is_address(word: &str) -> bool {
    word.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// The value without quoted strings and comments.
fn without_display_text(value: &str) -> String {
    let mut quoted = false;
    let mut depth = 0_usize;
    value
        .chars()
        .filter(|&c| {
            let outside = !quoted && depth == 0;
            match c {
                '"' if depth == 0 => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth = depth.saturating_sub(1),
                _ => return outside,
            }
            false
        })
        .collect()
}

/// True for the name of a server of Exchange Online: its front doors
/// (`*.mail.protection.outlook.com`), its ways out and its mailbox forests.
pub fn is_exchange_online(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    [
        ".protection.outlook.com",
        ".prod.outlook.com",
        ".prod.exchangelabs.com",
        ".outlook.office365.com",
    ]
    .iter()
    .any(|domain| ends_with_ignoring_case(host, domain))
}

/// True for the name of a front door of Exchange Online: where mail of the outer
/// world, and of our own servers, comes in.
pub fn is_exchange_online_entry(host: &str) -> bool {
    ends_with_ignoring_case(host.trim_end_matches('.'), ".protection.outlook.com")
}

fn ends_with_ignoring_case(text: &str, end: &str) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        identity::ip(text)
    }

    /// Scenario: folded headers with CRLF and LF, a mailbox line, a body.
    /// Guarantees: names and unfolded values in order, duplicates kept, the body
    /// is not read.
    #[test]
    fn blocks_are_read() {
        let block = "From sender Fri Nov 20 09:00:00 2026\r\nReceived: from a\r\n\tby b;\r\n date\r\n\
                     received: c\nX-MS-Exchange-Organization-AuthAs:\r\n Anonymous\r\nSubject :  x \n\
                     \r\nX-Body: no\r\n";
        let read: Vec<(String, String)> =
            headers(block).map(|h| (h.name.to_owned(), h.value.into_owned())).collect();
        let expected = [
            ("Received", "from a by b; date"),
            ("received", "c"),
            ("X-MS-Exchange-Organization-AuthAs", "Anonymous"),
            ("Subject", "x"),
        ];
        assert_eq!(read.len(), expected.len());
        for ((name, value), (want_name, want_value)) in read.iter().zip(expected) {
            assert_eq!((name.as_str(), value.as_str()), (want_name, want_value));
        }
        assert!(headers("\n\nTo: x\n").next().is_some_and(|header| header.is("TO")));
        assert_eq!(headers("no header here\n:empty\nna me: x").count(), 0);
        assert_eq!(headers("A: 1\n \nB: 2").count(), 1);
    }

    /// Scenario: Received lines of Exchange, Exchange Online, Postfix, Exim, qmail.
    /// Guarantees: names, the address the receiver saw, protocol, id, date.
    #[test]
    fn received_lines_are_read() {
        let exchange = received(
            "from mail.fabrikam.com (198.51.100.9) by EXCH01.contoso.com (10.0.0.25) with Microsoft \
             SMTP Server (version=TLS1_2, cipher=TLS_X) id 15.1.2375.7 via Frontend Transport; Fri, \
             20 Nov 2026 09:00:00 +0000",
        );
        assert_eq!(exchange.from, Some("mail.fabrikam.com"));
        assert_eq!((exchange.from_ip, exchange.by_ip), (ip("198.51.100.9"), ip("10.0.0.25")));
        assert_eq!(exchange.by, Some("EXCH01.contoso.com"));
        assert_eq!(exchange.with, Some("Microsoft SMTP Server"));
        assert_eq!(exchange.id, Some("15.1.2375.7"));
        assert_eq!(exchange.date, Some("Fri, 20 Nov 2026 09:00:00 +0000"));
        assert!(!exchange.authenticated);

        let postfix = received(
            "from phone.local (unknown [203.0.113.7]) (Authenticated sender: user1) by mx.contoso.com \
             (Postfix) with ESMTPSA id 4F1 for <a@contoso.com>; date",
        );
        assert_eq!((postfix.from_ip, postfix.for_), (ip("203.0.113.7"), Some("a@contoso.com")));
        assert_eq!((postfix.by, postfix.with), (Some("mx.contoso.com"), Some("ESMTPSA")));
        assert!(postfix.authenticated);
        assert!(!received("from a by b with ESMTPS id 1; d").authenticated);

        let exim =
            received("from [198.51.100.9] (helo=[10.0.0.1]) by mx with esmtp (Exim 4.9) id 1");
        assert_eq!(exim.by, Some("mx"));
        let ipv6 =
            received("from a ([IPv6:2001:db8::9]) by AM0.prod.outlook.com (2603:10a6::1) with x");
        assert_eq!((ipv6.from_ip, ipv6.by_ip), (ip("2001:db8::9"), ip("2603:10a6::1")));
        let qmail = received("from unknown (HELO mx) (198.51.100.9) by h with SMTP; 1 Jan");
        assert_eq!(qmail.from_ip, ip("198.51.100.9"));
        let mapi = received("from EX1 ([fe80::1%4]) by EX1 ([fe80::1%4]) with mapi id 15.0; d");
        assert_eq!((mapi.with, mapi.from_ip), (Some("mapi"), ip("fe80::1")));
    }

    /// Scenario: broken and hostile Received lines.
    /// Guarantees: no panic; what is there is read.
    #[test]
    fn broken_received_lines_are_read() {
        assert_eq!(received(""), Received::default());
        assert_eq!(received("by id with SMTP").by, Some("id"));
        assert_eq!(received("from from by by").from, Some("from"));
        assert_eq!(received("from a (unclosed (x [10.0.0.1]").from_ip, ip("10.0.0.1"));
        assert_eq!(received(") by é(ü) with é").by, Some("é"));
        assert_eq!(received("; ; x").date, Some("; x"));
        let deep = "(".repeat(100_000);
        assert_eq!(received(&deep), Received::default());
    }

    /// Scenario: From values with display names that look like addresses.
    /// Guarantees: the address, not the display name.
    #[test]
    fn addresses_are_read() {
        for (value, expected) in [
            ("ceo@contoso.com", Some("ceo@contoso.com")),
            ("\"boss <ceo@contoso.com>\" <x@evil.example>", Some("x@evil.example")),
            ("(ceo@contoso.com) x@evil.example", Some("x@evil.example")),
            ("Jane Doe <jane@contoso.com>, b@x.y", Some("jane@contoso.com")),
            ("\"Doe, Jane\" <jane@contoso.com>", Some("jane@contoso.com")),
            ("a@b.c, d@e.f", Some("a@b.c")),
            ("<>", None),
            ("nobody", None),
            ("", None),
        ] {
            assert_eq!(address(value).as_deref(), expected, "{value}");
        }
    }

    /// Scenario: names of Exchange Online servers and look-alikes.
    /// Guarantees: the suffix decides, in any case.
    #[test]
    fn exchange_online_is_known() {
        assert!(is_exchange_online("HE1EUR01FT049.mail.protection.outlook.com"));
        assert!(is_exchange_online("OS3P301MB0325.JPNP301.PROD.OUTLOOK.COM"));
        assert!(!is_exchange_online("mail.protection.outlook.com.evil.example"));
        assert!(is_exchange_online_entry("x.mail.protection.outlook.com."));
        assert!(!is_exchange_online_entry("AM0PR01MB0001.eurprd01.prod.outlook.com"));
    }
}
