//! `migrate scan` as SARIF 2.1.0, for code hosts and editors.
//!
//! Paths are relative to the top of the repository; columns count characters. A result's fingerprint does not change when lines
//! above it do.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use std::os::unix::ffi::OsStrExt;

use crate::path::RepoPath;
use crate::report::scan::{why, word};
use crate::scan::{Fate, Place, Scan};

/// The name that stands for the top of the repository.
const BASE: &str = "%SRCROOT%";

/// The whole log; `top` is the top of the work tree.
#[must_use]
pub fn log(scan: &Scan, top: &Path) -> Value {
    let mut root = format!("file://{}", encoded(top.as_os_str().as_bytes()));
    if !root.ends_with('/') {
        root.push('/');
    }
    let mut seen = HashMap::new();
    let results: Vec<Value> = scan.places.iter().map(|place| result(scan, place, &mut seen)).collect();
    let rule = |name: &String| {
        json!({
            "id": name,
            "shortDescription": { "text": format!("a use of what the rule {name} replaces") },
            "defaultConfiguration": { "level": "warning" },
        })
    };
    let unreadable = scan.unreadable.iter().map(|(path, reason)| {
        json!({
            "level": "warning",
            "message": { "text": format!("{path} could not be read: {reason}") },
            "locations": [{ "physicalLocation": { "artifactLocation": artifact(path) } }],
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "migrate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": scan.rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { BASE: { "uri": root, "description": { "text": "the top of the repository" } } },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": unreadable.collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    })
}

fn result<'s>(scan: &'s Scan, place: &'s Place, seen: &mut HashMap<(usize, &'s RepoPath, &'s str, &'s str), usize>) -> Value {
    let (found, first) = (&place.violation, place.rules.first().copied().unwrap_or_default());
    let rule = &scan.rules[first];
    let (reason, help) = why(&place.fate);
    let mut text = format!("{} of {}", found.kind.word(), found.name);
    if let Some(reason) = reason {
        text += &format!(", {}: {reason}", word(&place.fate));
    }
    let nth = seen.entry((first, &place.path, found.kind.word(), found.name.as_str())).or_insert(0);
    *nth += 1;
    let mut properties = json!({ "kind": found.kind.word(), "name": found.name, "fate": word(&place.fate) });
    if place.rules.len() > 1 {
        properties["rules"] = json!(place.rules.iter().map(|rule| &scan.rules[*rule]).collect::<Vec<_>>());
    }
    let phase = place.phase.map(|at| scan.phases[at].id.as_str());
    for (key, value) in [("phase", phase), ("help", help)] {
        if let Some(value) = value {
            properties[key] = json!(value);
        }
    }
    json!({
        "ruleId": rule,
        "ruleIndex": first,
        "level": if matches!(place.fate, Fate::Undecided(_)) { "note" } else { "warning" },
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": artifact(&place.path),
            "region": {
                "startLine": found.line,
                "startColumn": found.column,
                "endLine": found.end_line,
                "endColumn": found.end_column,
            },
        } }],
        "partialFingerprints": { "migrate/v1": fingerprint(rule, place, *nth) },
        "properties": properties,
    })
}

fn artifact(path: &RepoPath) -> Value {
    json!({ "uri": encoded(path.as_bytes()), "uriBaseId": BASE })
}

/// What stays the same as long as the file has as many of the same violations before this one.
fn fingerprint(rule: &str, place: &Place, nth: usize) -> String {
    let mut hash = Sha256::new();
    for part in [rule.as_bytes(), place.path.as_bytes(), place.violation.kind.word().as_bytes(), place.violation.name.as_bytes()]
    {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(nth.to_string());
    hash.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// A path as part of a URI. A colon is encoded too: before the first slash it would end a scheme.
fn encoded(path: &[u8]) -> String {
    path.iter().fold(String::with_capacity(path.len()), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(*byte)),
            _ => write!(text, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_byte_by_byte() {
        for (path, want) in [
            (&b"a/b-c_d.py"[..], "a/b-c_d.py"),
            (b"a b:c#?%.py", "a%20b%3Ac%23%3F%25.py"),
            ("é.py".as_bytes(), "%C3%A9.py"),
            (b"\xff.py", "%FF.py"),
        ] {
            assert_eq!(encoded(path), want);
        }
    }
}
