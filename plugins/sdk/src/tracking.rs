//! Facts about message tracking logs: the `custom-data` and `message-info`
//! columns.

/// The items of a `custom-data` cell, in their order.
///
/// ```text
/// custom   = item *( ";" [SP] item )
/// item     = type ":" key "=" value          type: S, I32, I64, Dbl, F, Dt, Bool
/// value    = any text up to the next ";" [SP] type ":" key "="
/// ```
///
/// A value may hold semicolons and a list of its own ([`Item::nested`]); keys may
/// repeat (`S:ProxyHop1`, agents).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomData<'a> {
    items: Vec<Item<'a>>,
}

/// One `type:key=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The type's letters: `S` in tracking logs.
    pub kind: &'a str,
    /// The key.
    pub key: &'a str,
    /// The value, blanks and separators around it stripped.
    pub value: &'a str,
}

/// Reads a `custom-data` cell.
pub fn custom_data(cell: &str) -> CustomData<'_> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut value_start = 0;
    for at in boundaries(cell) {
        let Some((kind, key, length)) = cell.get(at..).and_then(item_head) else { continue };
        end_value(&mut items, cell.get(value_start..at));
        items.push(Item { kind, key, value: "" });
        value_start = at + length;
    }
    end_value(&mut items, cell.get(value_start..));
    CustomData { items }
}

fn end_value<'a>(items: &mut [Item<'a>], value: Option<&'a str>) {
    if let Some(item) = items.last_mut() {
        item.value = value.unwrap_or_default().trim_matches([';', ' ']);
    }
}

/// Where an item may start: at the start, and after a semicolon and blanks.
fn boundaries(cell: &str) -> impl Iterator<Item = usize> {
    let after = |at: usize| {
        let rest = cell.get(at..).unwrap_or_default();
        at + rest.len() - rest.trim_start().len()
    };
    std::iter::once(after(0)).chain(cell.match_indices(';').map(move |(at, _)| after(at + 1)))
}

/// `S:ProxyHop1=` at the start of `text`: type, key, and the length of the head.
fn item_head(text: &str) -> Option<(&str, &str, usize)> {
    let kind_end = text.bytes().take(5).position(|b| b == b':')?;
    let (kind, rest) = text.split_at_checked(kind_end)?;
    let rest = rest.strip_prefix(':')?;
    let key_end = rest.bytes().position(|b| !is_key_byte(b))?;
    let (key, tail) = rest.split_at_checked(key_end)?;
    let valid = (1..=4).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_alphanumeric())
        && !key.is_empty()
        && tail.starts_with('=');
    valid.then_some((kind, key, kind_end + 1 + key_end + 1))
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}

impl<'a> CustomData<'a> {
    /// All items, in their order.
    pub fn items(&self) -> &[Item<'a>] {
        &self.items
    }

    /// The value of the first item `key`, without regard to case.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.all(key).next()
    }

    /// The values of every item `key`.
    pub fn all<'k>(&'k self, key: &'k str) -> impl Iterator<Item = &'a str> + 'k {
        self.items.iter().filter(|item| item.key.eq_ignore_ascii_case(key)).map(|item| item.value)
    }

    /// The member `name` of the list inside the first item `key`.
    pub fn member(&self, key: &str, name: &str) -> Option<&'a str> {
        let item = self.items.iter().find(|item| item.key.eq_ignore_ascii_case(key))?;
        item.nested().into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }
}

impl<'a> Item<'a> {
    /// The value as a list `K=V; K=V`: `Name=Inbound from X; ConnectorType=OnPremises`.
    /// A part without `=` belongs to nothing and is left out.
    pub fn nested(&self) -> Vec<(&'a str, &'a str)> {
        self.value
            .split(';')
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect()
    }
}

/// The authentication code in the `message-info` of a RECEIVE row: `04I: `, `0cA: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthCode<'a> {
    /// Two hex digits.
    pub mechanism: &'a str,
    /// The sender counted as internal (`I`), and not as anonymous (`A`).
    pub internal: bool,
}

/// Reads the authentication code of a `message-info` cell; `None` for the latency
/// trees and times that other rows have there.
pub fn auth_code(message_info: &str) -> Option<AuthCode<'_>> {
    let code = message_info.trim().trim_end_matches(':');
    let (mechanism, treated_as) = code.split_at_checked(2)?;
    if !mechanism.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    match treated_as {
        "I" | "i" => Some(AuthCode { mechanism, internal: true }),
        "A" | "a" => Some(AuthCode { mechanism, internal: false }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "S:ProxyHop1=HE1EUR01FT049.mail.protection.outlook.com(10.152.0.221);\
        S:ProxyHop1=AM0PR01CA0001.outlook.office365.com(2603:10a6:208:fa::40);\
        S:InboundConnectorData=Name=Inbound from 99999999-0000-0000-0000-000000000000;\
        ConnectorType=OnPremises;TenantId=11111111-2222-3333-4444-555555555555;\
        S:InboundTlsDetails=TLS=SP_PROT_TLS1_2_SERVER [...];S:MimeParts=Att/Emb/MPt:0/0/1;\
        S:FromEntity=HybridOnPrem;S:Oorg=contoso.com;I32:Size=12;S:SFA=SUM|SFV=NSPM";

    /// Scenario: the custom data of an extended trace row.
    /// Guarantees: items, repeated keys, nested lists; a colon in a value is no item.
    #[test]
    fn custom_data_is_read() {
        let data = custom_data(TRACE);
        assert_eq!(data.get("FromEntity"), Some("HybridOnPrem"));
        assert_eq!(data.get("oorg"), Some("contoso.com"));
        assert_eq!(data.all("ProxyHop1").count(), 2);
        assert_eq!(data.member("InboundConnectorData", "ConnectorType"), Some("OnPremises"));
        assert_eq!(
            data.member("InboundConnectorData", "TenantId"),
            Some("11111111-2222-3333-4444-555555555555")
        );
        assert_eq!(data.get("MimeParts"), Some("Att/Emb/MPt:0/0/1"));
        assert_eq!(data.get("SFA"), Some("SUM|SFV=NSPM"));
        assert_eq!(data.items().iter().find(|i| i.key == "Size").map(|i| i.kind), Some("I32"));
    }

    /// Scenario: keys in another order, `; ` instead of `;`, trailing separators.
    /// Guarantees: the same values.
    #[test]
    fn separators_and_order_do_not_matter() {
        let spaced = TRACE.replace(';', "; ");
        let mut items: Vec<_> =
            custom_data(TRACE).items().iter().map(|i| (i.kind, i.key)).collect();
        let again = custom_data(&spaced);
        assert_eq!(items, again.items().iter().map(|i| (i.kind, i.key)).collect::<Vec<_>>());
        assert_eq!(
            again.member("InboundConnectorData", "Name"),
            custom_data(TRACE).member("InboundConnectorData", "Name")
        );
        items.reverse();
        let reversed = "S:Oorg=contoso.com;  S:FromEntity=HybridOnPrem; ";
        assert_eq!(custom_data(reversed).get("FromEntity"), Some("HybridOnPrem"));
    }

    /// Scenario: cells that are empty, garbage, or not ASCII.
    /// Guarantees: no panic, no items out of nothing.
    #[test]
    fn garbage_has_no_items() {
        for cell in ["", ";", ";;;", "S:", "S:=x", "é;ü:ö=ä", "TOOLONG:a=b", "a;b;c", "S:key"] {
            assert_eq!(custom_data(cell).items(), [], "{cell}");
        }
        assert_eq!(custom_data("S:a=").get("a"), Some(""));
        assert_eq!(custom_data("S:a=é;S:b=ü").get("b"), Some("ü"));
    }

    /// Scenario: message-info of RECEIVE, SUBMIT and DELIVER rows.
    /// Guarantees: only the code is taken for one.
    #[test]
    fn auth_codes_are_read() {
        assert_eq!(auth_code("04I: "), Some(AuthCode { mechanism: "04", internal: true }));
        assert_eq!(auth_code("0cA: ").map(|c| c.internal), Some(false));
        assert_eq!(auth_code("11a").map(|c| c.mechanism), Some("11"));
        for other in ["", "2022-09-19T15:02:29.211Z;LSRV=x", "0g I", "04", "é4I"] {
            assert_eq!(auth_code(other), None, "{other}");
        }
    }
}
