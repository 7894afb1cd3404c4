//! Bodies of webhooks.

use serde_json::{Value, json};

use super::message::Message;
use crate::config::Template;

/// Longest text that chat services show whole.
const TEXT_CHARS_MAX: usize = 2_000;

/// The body for one alert, JSON.
pub(super) fn body(template: Template, message: &Message) -> String {
    match template {
        Template::Alert => message.text.clone(),
        Template::Slack => slack(message).to_string(),
        Template::Teams => teams(message).to_string(),
    }
}

/// Source: Slack, "Sending messages using incoming webhooks"; the escapes are those
/// of "Formatting text for app surfaces".
fn slack(message: &Message) -> Value {
    let alert = &message.told.alert;
    let facts = facts(message);
    let facts: Vec<String> = facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let text = format!("{}\n{}\n{}", headline(message), alert.description, facts.join(" | "));
    let text = cut(&text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({"text": text})
}

/// Source: Microsoft, "Create incoming webhooks with Workflows": a message with one
/// adaptive card.
fn teams(message: &Message) -> Value {
    let alert = &message.told.alert;
    let facts: Vec<Value> = facts(message)
        .into_iter()
        .map(|(name, value)| json!({"title": name, "value": value}))
        .collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "weight": "Bolder", "wrap": true, "text": headline(message)},
            {"type": "TextBlock", "wrap": true, "text": cut(&alert.description)},
            {"type": "FactSet", "facts": facts},
        ],
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({"type": "message", "attachments": [attachment]})
}

fn headline(message: &Message) -> String {
    let alert = &message.told.alert;
    format!("[{}] {}", alert.severity.name().to_uppercase(), alert.title)
}

fn facts(message: &Message) -> Vec<(String, String)> {
    let told = &message.told;
    let mut facts = vec![
        ("rule".to_owned(), format!("{}.{}", told.detector, told.alert.rule)),
        ("activity".to_owned(), told.alert.activity.name().to_owned()),
    ];
    facts.extend(told.alert.entities.iter().cloned());
    facts.push(("id".to_owned(), format!("{} revision {}", told.id, told.revision)));
    facts
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
