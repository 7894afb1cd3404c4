//! Peers that speak HTTP, and fail in every way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::certificates::certificates;
use super::peer::{Peer, Reply, Request};
use super::*;

fn ok(body: &str) -> Reply {
    Reply::Answer(200, "", body.to_owned())
}

fn failing(status: u16) -> Reply {
    Reply::Answer(status, "retry-after: 0\r\n", "{\"error\":\"why\"}".to_owned())
}

/// A key for the store's directory, and one that an HTTP sink can read.
fn scene() -> (tempfile::TempDir, Arc<Store>) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("key"), "Jefe").expect("written");
    let store = store(dir.path());
    (dir, store)
}

/// A webhook that has seen these, in order.
fn ids(requests: &[Request]) -> Vec<String> {
    let id = |request: &Request| request.header("idempotency-key").expect("a key").to_owned();
    requests.iter().map(id).collect()
}

/// Scenario: a webhook that answers 500, tears its answer, stalls, asks for
/// patience, and then refuses one alert for good.
/// Guarantees: nothing is lost or acknowledged early; a repeat has the same key; the
/// order stays; the refused one lies with the dead letters.
#[test]
fn a_webhook_that_fails_loses_nothing() {
    let (dir, store) = scene();
    let peer = Peer::start(&store, |n, request| match n {
        0 => failing(500),
        1 => Reply::Torn,
        2 => Reply::Stall(Duration::from_millis(400)),
        3 => failing(429),
        4 => failing(401),
        _ if request.body.contains("id0001") => failing(422),
        _ => ok(""),
    });
    let mut worker = worker(
        &sink(&format!(
            "type = 'webhook'\nurl = '{}/hook'\ntimeout = '200ms'\nsigning_key = 'file:{}'\n\
             headers = {{ X-Team = 'blue' }}",
            peer.url,
            dir.path().join("key").display()
        )),
        &store,
    );
    raise(&store, 0..3);
    work_off(&mut worker);
    let seen = peer.seen();
    let mut expected = vec!["id0000-1"; 6];
    expected.extend(["id0001-1", "id0002-1"]);
    assert_eq!(ids(&seen), expected);
    assert!(seen.iter().all(|request| request.pending == 3), "acknowledged early");
    assert_eq!((seen[5].path.as_str(), seen[5].header("x-team")), ("/hook", Some("blue")));
    let signature = seen[5].header("x-logwasp-signature").expect("signed");
    assert!(signature.starts_with("sha256=") && signature.len() == 71);
    let numbers = worker.counters().numbers();
    assert_eq!((numbers.delivered, numbers.refused, numbers.failures), (2, 1, 5));
    assert_eq!((pending(&store), store.show().expect("shown").dead_letters), (0, 1));
}

/// Scenario: a webhook over HTTPS that wants to know who we are; first we trust another
/// authority, then we show no certificate.
/// Guarantees: neither gets an alert out; then every one arrives once.
#[test]
fn a_webhook_over_tls_gets_every_alert() {
    let dir = tempfile::tempdir().expect("a directory");
    if !certificates(dir.path()) {
        return;
    }
    let store = store(&dir.path().join("state"));
    let peer = Peer::start_tls(&store, dir.path(), |_, _| ok(""));
    let hook = |ca: &str, own: &str| {
        let ca = dir.path().join(ca).display().to_string();
        let tls = format!("tls = {{ ca_file = '{ca}'{own} }}");
        sink(&format!("type = 'webhook'\nurl = '{}/hook'\n{tls}", peer.url))
    };
    let mut stranger = worker(&hook("other.pem", ""), &store);
    raise(&store, 0..3);
    try_until(&mut stranger, "UnknownIssuer");
    try_until(&mut worker(&hook("ca.pem", ""), &store), "CertificateRequired");
    assert_eq!((peer.seen().len(), pending(&store)), (0, 3));
    let at = |name: &str| dir.path().join(name).display().to_string();
    let own = format!(", cert_file = '{}', key_file = '{}'", at("leaf.pem"), at("leaf.key"));
    work_off(&mut worker(&hook("ca.pem", &own), &store));
    assert_eq!(ids(&peer.seen()), ["id0000-1", "id0001-1", "id0002-1"]);
}

/// Scenario: templates of chat services.
/// Guarantees: their members, with the alert's texts escaped as they want it.
#[test]
fn webhooks_have_templates() {
    for (template, at, expected) in [
        ("slack", "/text", "[HIGH] alert number 0 \u{e4}\nwhat &lt;happened&gt; &amp; why\n"),
        ("teams", "/attachments/0/content/body/1/text", "what <happened> & why"),
        ("alert", "/id", "id0000"),
    ] {
        let (_dir, store) = scene();
        let peer = Peer::start(&store, |_, _| ok("ok"));
        let text = format!("type = 'webhook'\nurl = '{}'\ntemplate = '{template}'", peer.url);
        let mut worker = worker(&sink(&text), &store);
        raise(&store, 0..1);
        work_off(&mut worker);
        let body: Value = serde_json::from_str(&peer.seen()[0].body).expect("JSON");
        let found = body.pointer(at).and_then(Value::as_str).expect("there");
        assert!(found.starts_with(expected), "{found}");
    }
}

/// What an index holds: the version of each id.
type Index = Arc<Mutex<BTreeMap<String, u64>>>;

/// The actions of a bulk body: id and version.
fn actions(request: &Request) -> Vec<(String, u64)> {
    let lines: Vec<Value> = request
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
        .collect();
    let pairs = lines.chunks(2).map(|pair| {
        let [action, document] = pair else { panic!("an action and a document") };
        let index = &action["index"];
        assert_eq!((&index["version_type"], &index["_index"]), (&json!("external"), &json!("al")));
        assert_eq!(document["event"]["kind"], "alert");
        let id = index["_id"].as_str().expect("an id").to_owned();
        (id, index["version"].as_u64().expect("a version"))
    });
    pairs.collect()
}

/// Applies a bulk request as the reference says; `trouble` may give an item another
/// status.
fn bulk(index: &Index, request: &Request, trouble: impl Fn(&str) -> Option<u16>) -> String {
    let mut index = index.lock().expect("no panic");
    let mut items = Vec::new();
    for (id, version) in actions(request) {
        let status = trouble(&id).unwrap_or_else(|| {
            match index.get(&id).is_some_and(|&known| known >= version) {
                true => 409,
                false => {
                    index.insert(id.clone(), version);
                    201
                }
            }
        });
        let error = if status > 299 { json!({"type": "why"}) } else { Value::Null };
        items.push(json!({"index": {"_id": id, "status": status, "error": error}}));
    }
    json!({"errors": true, "items": items}).to_string()
}

/// Scenario: a cluster that tears its answer after it took the batch, then has
/// trouble with some items, one of which it never wants.
/// Guarantees: only what needs it is sent again; conflicts count as delivered; each
/// alert is there once; the refused one lies with the dead letters.
#[test]
fn a_bulk_with_partial_errors_is_settled_by_item() {
    let (dir, store) = scene();
    let index = Index::default();
    let held = Arc::clone(&index);
    let peer = Peer::start(&store, move |n, request| match n {
        0 => failing(503),
        1 => {
            let half = bulk(&held, request, |id| (id > "id0004").then_some(429));
            drop(half);
            Reply::Torn
        }
        2 => ok(&bulk(&held, request, |id| match id {
            "id0005" => Some(400),
            "id0006" | "id0007" => Some(429),
            _ => None,
        })),
        3 => ok("{\"items\":[]}"),
        _ => ok(&bulk(&held, request, |_| None)),
    });
    let text = format!(
        "type = 'elasticsearch'\nurl = '{}/'\nindex = 'al'\nuser = 'u'\npassword = 'file:{}'",
        peer.url,
        dir.path().join("key").display()
    );
    let mut worker = worker(&sink(&text), &store);
    raise(&store, 0..10);
    work_off(&mut worker);
    let seen = peer.seen();
    let sent: Vec<usize> = seen.iter().map(|request| actions(request).len()).collect();
    assert_eq!(sent, [10, 10, 10, 2, 2], "only two had to go again");
    assert_eq!(seen[3].pending, 4, "what stands before the open ones is acknowledged");
    let is_ours = |request: &Request| {
        request.path == "/_bulk" && request.header("authorization") == Some("Basic dTpKZWZl")
    };
    assert!(seen.iter().all(is_ours));
    let index = index.lock().expect("no panic");
    assert_eq!(index.len(), 9);
    assert!(!index.contains_key("id0005") && index.values().all(|&version| version == 1));
    let numbers = worker.counters().numbers();
    assert_eq!((numbers.delivered, numbers.refused, pending(&store)), (9, 1, 0));
    assert_eq!(store.show().expect("shown").dead_letters, 1);
}

/// Scenario: a cluster that takes no more than three documents at once, and chokes
/// on one.
/// Guarantees: the batch is halved until it fits; the one goes to the dead letters.
#[test]
fn a_bulk_that_is_too_large_is_halved() {
    let (_dir, store) = scene();
    let index = Index::default();
    let held = Arc::clone(&index);
    let peer = Peer::start(&store, move |_, request| {
        match (actions(request).len(), request.body.contains("id0003")) {
            (4.., _) => failing(413),
            (_, true) => failing(400),
            _ => ok(&bulk(&held, request, |_| None)),
        }
    });
    let text = format!("type = 'elasticsearch'\nurl = '{}'\nindex = 'al'", peer.url);
    let mut worker = worker(&sink(&text), &store);
    raise(&store, 0..10);
    work_off(&mut worker);
    assert_eq!(index.lock().expect("no panic").len(), 9);
    let numbers = worker.counters().numbers();
    assert_eq!((numbers.delivered, numbers.refused, numbers.retried), (9, 1, 0));
}

/// Scenario: a service that ends while a batch is under way, and starts again.
/// Guarantees: what was not confirmed is sent again under the same id and version,
/// and the index holds it once.
#[test]
fn a_restart_repeats_only_what_was_not_confirmed() {
    let (dir, first) = scene();
    let index = Index::default();
    let held = Arc::clone(&index);
    let peer = Peer::start(&first, move |n, request| match n {
        1 => {
            bulk(&held, request, |_| None);
            Reply::Torn
        }
        _ => ok(&bulk(&held, request, |_| None)),
    });
    let sink = sink(&format!("type = 'elasticsearch'\nurl = '{}'\nindex = 'al'", peer.url));
    let mut before = worker(&sink, &first);
    raise(&first, 0..15);
    assert_eq!(before.step(&Hurry), Ok(Next::Now));
    assert!(matches!(before.step(&Hurry), Ok(Next::After(_))), "torn");
    assert_eq!(pending(&first), 5);
    let mut after = worker(&sink, &first);
    work_off(&mut after);
    let sent: Vec<usize> = peer.seen().iter().map(|request| actions(request).len()).collect();
    assert_eq!((sent, index.lock().expect("no panic").len()), (vec![10, 5, 5], 15));
    drop(dir);
}

/// Scenario: a collector that is busy, names an event that it does not want, takes
/// its time to index, and forgets a batch.
/// Guarantees: delivered only when the indexers have it; what was forgotten goes
/// again; the unwanted event lies with the dead letters.
#[test]
fn splunk_is_asked_until_it_is_indexed() {
    let (dir, store) = scene();
    let peer = Peer::start(&store, move |n, request| match (n, request.path.as_str()) {
        (0, _) => Reply::Answer(503, "", json!({"text": "busy", "code": 9}).to_string()),
        (1, _) => {
            let text = json!({"text": "no", "code": 6, "invalid-event-number": 2});
            Reply::Answer(400, "", text.to_string())
        }
        (_, "/services/collector/event") => ok(&json!({"code": 0, "ackId": n}).to_string()),
        (3..=8, _) => ok("{\"acks\":{\"2\":false}}"),
        (_, path) => {
            assert!(path.starts_with("/services/collector/ack?channel="), "{path}");
            let asked: Value = serde_json::from_str(&request.body).expect("JSON");
            let id = asked["acks"][0].to_string();
            ok(&json!({"acks": {(id): true}}).to_string())
        }
    });
    let key = dir.path().join("key");
    let text = format!(
        "type = 'splunk-hec'\nurl = '{}'\ntoken = 'file:{}'\nack_timeout = '3s'",
        peer.url,
        key.display()
    );
    let mut worker = worker(&sink(&text), &store);
    raise(&store, 0..4);
    work_off(&mut worker);
    let seen = peer.seen();
    assert!(seen.iter().all(|request| request.header("authorization") == Some("Splunk Jefe")));
    assert!(seen.iter().all(|request| request.pending == 4), "acknowledged early");
    let events: Vec<&Request> =
        seen.iter().filter(|request| request.path.ends_with("/event")).collect();
    assert_eq!(events.len(), 4, "busy, refused, forgotten, indexed");
    let parsed: Vec<Value> = serde_json::Deserializer::from_str(&events[3].body)
        .into_iter()
        .map(|event| event.expect("JSON"))
        .collect();
    let ids: Vec<&Value> = parsed.iter().map(|event| &event["event"]["id"]).collect();
    assert_eq!(ids, ["id0000", "id0001", "id0003"]);
    assert_eq!(parsed[0]["time"], "1700000000.000");
    assert_eq!((pending(&store), store.show().expect("shown").dead_letters), (0, 1));
}
