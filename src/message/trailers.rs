//! The trailers of our commits, written and read: from them alone the state of a migration is known.
//!
//! Reading looks at nothing else of the message and is quick where there are none. It takes what people do to messages:
//! lines added below (`Signed-off-by`, `cherry picked from`), CRLF, and several messages squashed into one. A block counts
//! when it is complete; git's own reader of trailers sees the same values.

use memchr::memmem;

use crate::message::format::{NOTHING, join, split};
use crate::message::line::{escape, unescape};
use crate::path::{quote, unquote};
use crate::verdict::VerdictKind;

const PLAN: &str = "Migration-Plan";
const DIGEST: &str = "Migration-Plan-Digest";
const PHASE: &str = "Migration-Phase";
const UNIT: &str = "Migration-Unit";
const RULES: &str = "Migration-Rules";
const HOOKS: &str = "Migration-Hooks";
const FILE: &str = "Migration-File";
const LEFT: &str = "Migration-Left";
const REVERTS: &str = "Migration-Reverts";
const REASON: &str = "Migration-Reason";
const VERDICT: &str = "Migration-Verdict";
const SKIPPED: &str = "skipped";
const JUDGED: &str = "Migration-Judged";
const BATCH: &str = "batch";

/// One block of trailers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trailers {
    /// Of a unit's commit.
    Applied(Applied),
    /// Of the revert of one.
    Reverted(Reverted),
}

/// What a unit's commit says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// The plan's name.
    pub plan: String,
    /// The plan's digest.
    pub digest: String,
    /// The phase's id.
    pub phase: String,
    /// The unit's name: for one file its path.
    pub unit: Vec<u8>,
    /// The files of a group that the commit changes; none where the unit is one file.
    pub files: Vec<Vec<u8>>,
    /// The other files of the group: whoever goes on in another clone must cut no other groups.
    pub left: Vec<Vec<u8>>,
    /// What changed the unit, in order: `edits` and names of rules.
    pub rules: Vec<String>,
    /// Whether the repository's hooks were left out.
    pub hooks_skipped: bool,
    /// With how many others it was judged, where it was not judged alone.
    pub together: Option<Together>,
}

/// How a unit was judged that was one of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Which unit of the batch it is, from 1.
    pub nth: usize,
    /// How many units the batch holds.
    pub of: usize,
    /// The tree that was judged: that of the last commit of the batch.
    pub tree: String,
}

impl Together {
    /// The value of its trailer, such as `batch 1/8 TREE`.
    fn value(&self) -> String {
        format!("{BATCH} {}/{} {}", self.nth, self.of, self.tree)
    }

    fn read(value: &str) -> Option<Self> {
        let (place, tree) = value.strip_prefix(BATCH)?.trim_start().split_once(' ')?;
        let (nth, of) = place.split_once('/')?;
        Some(Self { nth: nth.parse().ok()?, of: of.parse().ok()?, tree: tree.to_owned() })
    }
}

/// What the revert of a unit's commit says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverted {
    /// The plan's name.
    pub plan: String,
    /// The phase's id.
    pub phase: String,
    /// The unit's name.
    pub unit: Vec<u8>,
    /// The files of a group that are back; none where the unit is one file.
    pub files: Vec<Vec<u8>>,
    /// The reverted commit, in full.
    pub commit: String,
    /// Why.
    pub cause: Cause,
    /// How a command judged it, where that is the cause.
    pub verdict: Option<VerdictKind>,
}

/// Why a commit was reverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A command after the commit failed.
    Verification,
    /// It made the gate of its phase fail.
    Gate,
    /// Somebody asked for it.
    Rollback,
}

impl Cause {
    const ALL: [Self; 3] = [Self::Verification, Self::Gate, Self::Rollback];

    /// The word of the trailer.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Gate => "gate",
            Self::Rollback => "rollback",
        }
    }
}

impl From<Applied> for Trailers {
    fn from(applied: Applied) -> Self {
        Self::Applied(applied)
    }
}

impl From<Reverted> for Trailers {
    fn from(reverted: Reverted) -> Self {
        Self::Reverted(reverted)
    }
}

/// The block as the last paragraph of a message, with its final line break.
#[must_use]
pub fn render(trailers: &Trailers) -> String {
    let mut out = String::new();
    let mut line = |key: &str, value: &str| out.extend([key, ": ", value, "\n"]);
    // Below what earlier releases read, which stop at a key that they do not know.
    match trailers {
        Trailers::Applied(applied) => {
            line(PLAN, &escape(&applied.plan, &[]));
            line(DIGEST, &escape(&applied.digest, &[]));
            line(PHASE, &escape(&applied.phase, &[]));
            line(UNIT, &quote(&applied.unit));
            line(RULES, &join(&applied.rules, NOTHING));
            if applied.hooks_skipped {
                line(HOOKS, SKIPPED);
            }
            applied.files.iter().for_each(|file| line(FILE, &quote(file)));
            applied.left.iter().for_each(|file| line(LEFT, &quote(file)));
            if let Some(together) = &applied.together {
                line(JUDGED, &together.value());
            }
        }
        Trailers::Reverted(reverted) => {
            line(PLAN, &escape(&reverted.plan, &[]));
            line(PHASE, &escape(&reverted.phase, &[]));
            line(UNIT, &quote(&reverted.unit));
            line(REVERTS, &escape(&reverted.commit, &[]));
            line(REASON, reverted.cause.word());
            reverted.files.iter().for_each(|file| line(FILE, &quote(file)));
            if let Some(kind) = reverted.verdict {
                line(VERDICT, kind.word());
            }
        }
    }
    out
}

/// All complete blocks of trailers in a message, in its order.
#[must_use]
pub fn trailers(message: &[u8]) -> Vec<Trailers> {
    let mut found = Vec::new();
    for at in memmem::find_iter(message, b"Migration-Plan: ") {
        if at == 0 || message[at - 1] == b'\n' {
            found.extend(block(&message[at..]));
        }
    }
    found
}

/// The block that begins with the first of these lines.
fn block(message: &[u8]) -> Option<Trailers> {
    let mut values: [Option<&str>; 10] = [None; 10];
    let (mut files, mut left) = (Vec::new(), Vec::new());
    const KEYS: [&str; 10] = [PLAN, DIGEST, PHASE, UNIT, RULES, HOOKS, REVERTS, REASON, VERDICT, JUDGED];
    for line in message.split(|byte| *byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) else { break };
        let Some((key, value)) = line.split_once(": ") else { break };
        if let Some(list) =
            [(FILE, &mut files), (LEFT, &mut left)].into_iter().find_map(|(known, list)| (known == key).then_some(list))
        {
            list.push(unquote(value.trim_end())?);
            continue;
        }
        let Some(slot) = KEYS.iter().position(|known| *known == key) else { break };
        if values[slot].is_some() {
            break;
        }
        values[slot] = Some(value.trim_end());
    }
    let [plan, digest, phase, unit, rules, hooks, reverts, reason, verdict, judged] = values;
    let (plan, phase, unit) = (unescape(plan?)?, unescape(phase?)?, unquote(unit?)?);
    match (digest, reverts) {
        (Some(digest), None) => Some(Trailers::Applied(Applied {
            plan,
            digest: unescape(digest)?,
            phase,
            unit,
            files,
            left,
            rules: split(rules?, NOTHING)?,
            hooks_skipped: hooks == Some(SKIPPED),
            together: judged.and_then(Together::read),
        })),
        (None, Some(commit)) => {
            let verdict = verdict.and_then(VerdictKind::of_word);
            let cause = Cause::ALL.into_iter().find(|cause| Some(cause.word()) == reason)?;
            Some(Trailers::Reverted(Reverted { plan, phase, unit, files, commit: unescape(commit)?, cause, verdict }))
        }
        _ => None,
    }
}
