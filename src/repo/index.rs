//! git's index, read and patched in place. Pure: bytes in, bytes out.
//!
//! A unit's commit changes the object name and the stat data of entries that exist already, so the file keeps its size and layout:
//! the entry's fixed part, the cached names of the trees above it and the checksum are overwritten, nothing else is written
//! anew. That costs a pass over the bytes where a rewrite through an index structure costs several. What cannot be patched so
//! (split or sparse index, an unknown required extension) is an [`IndexProblem`], and the caller goes through git instead.
//!
//! Source: gitformat-index(5), versions 2 to 4.

use git2::Oid;
use memchr::memchr;
use sha1::{Digest, Sha1};

const HEADER: usize = 12;
const OID: usize = 20;
const STRIDE: usize = 64 << 10;
/// Ten 32-bit fields of stat data, the object name and the flags.
const FIXED: usize = 62;
/// The fields of the stat data that hold the mode and the size.
const MODE: usize = 6;
const SIZE: usize = 9;
const NAME_OFFSET_OF_OID: usize = 40;
const NAME_OFFSET_OF_FLAGS: usize = 60;
/// The bits of the flags that hold the length of the name, which may be longer.
const NAME_MASK: u16 = 0xfff;

/// Why an index cannot be patched here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexProblem {
    /// Not an index, cut short, or otherwise against the format.
    #[error("the index is damaged: {0}")]
    Damaged(&'static str),
    /// Right, but of a kind that is left to git.
    #[error("the index uses {0}")]
    Unsupported(&'static str),
}

/// The stat data that git keeps for an entry, as its 32-bit fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryStat([u32; 10]);

impl EntryStat {
    /// The fields of a file's `lstat`, cut to 32 bits as git cuts them. The mode is the entry's own and not taken from the file.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "git keeps the low 32 bits of each field")]
    #[allow(clippy::unnecessary_cast, reason = "the fields have other widths on other systems")]
    pub fn new(stat: &rustix::fs::Stat) -> Self {
        Self([
            stat.st_ctime as u32,
            stat.st_ctime_nsec as u32,
            stat.st_mtime as u32,
            stat.st_mtime_nsec as u32,
            stat.st_dev as u32,
            stat.st_ino as u32,
            0,
            stat.st_uid as u32,
            stat.st_gid as u32,
            stat.st_size as u32,
        ])
    }

    /// What no file has: git then compares the content.
    #[must_use]
    pub fn unknown() -> Self {
        Self([0; 10])
    }

    /// When the file was modified: second and nanosecond.
    pub(super) fn modified(&self) -> (u32, u32) {
        (self.0[2], self.0[3])
    }

    /// True when git might take a file of the one for a file of the other: it compares less than all, and times by the second.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        (self.0[2], self.0[SIZE]) == (other.0[2], other.0[SIZE])
    }

    /// True when nothing but the mode, which is not noted, tells the two apart.
    pub(super) fn is_exactly(&self, other: &Self) -> bool {
        (0..10).all(|field| field == MODE || self.0[field] == other.0[field])
    }
}

/// What the index says of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Type and permission, such as `0o100644`.
    pub mode: u32,
    /// The staged blob.
    pub oid: Oid,
    /// How long the file was when git looked at it last, cut to 32 bits; 0 also when git has yet to look.
    pub size: u32,
    /// 0, or 1 to 3 in a conflict.
    pub stage: u8,
    /// The user told git not to look at the file.
    pub assume_unchanged: bool,
    /// The file is outside the sparse checkout.
    pub skip_worktree: bool,
    /// Added in name only (`git add -N`).
    pub intent_to_add: bool,
}

/// An index held as the bytes of its file, with the place of each entry.
#[derive(Debug, Clone)]
pub struct Index {
    bytes: Vec<u8>,
    version: u32,
    /// Where each entry starts, in the order of paths and stages.
    entries: Vec<u32>,
    /// For version 4, where the names differ from the one before: the full names, end to end, and where each ends.
    names: Option<(Vec<u8>, Vec<u32>)>,
    tree_cache: Option<(usize, usize)>,
    checked: bool,
    sums: Sums,
}

/// The checksum as it stood at every [`STRIDE`] of the bytes, so that a change near the end does not cost a pass over all of them.
#[derive(Debug, Clone, Default)]
struct Sums(Vec<Sha1>);

impl Sums {
    /// Everything from `at` on may have changed.
    fn touched(&mut self, at: usize) {
        self.0.truncate(at / STRIDE);
    }

    fn of(&mut self, bytes: &[u8]) -> [u8; OID] {
        let mut sum = self.0.last().cloned().unwrap_or_default();
        let mut rest = bytes[self.0.len() * STRIDE..].chunks_exact(STRIDE);
        for whole in &mut rest {
            sum.update(whole);
            self.0.push(sum.clone());
        }
        sum.update(rest.remainder());
        sum.finalize().into()
    }
}

impl Index {
    /// Finds the entries and extensions in the bytes of an index file.
    ///
    /// # Errors
    /// [`IndexProblem`] when the bytes are not an index or one that is left to git.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, IndexProblem> {
        let damaged = IndexProblem::Damaged;
        if bytes.len() < HEADER + OID || &bytes[..4] != b"DIRC" {
            return Err(damaged("no header"));
        }
        let version = be32(&bytes, 4).ok_or(damaged("no version"))?;
        if !(2..=4).contains(&version) {
            return Err(IndexProblem::Unsupported("a version other than 2, 3 and 4"));
        }
        let count = be32(&bytes, 8).ok_or(damaged("no count"))? as usize;
        let end = bytes.len() - OID;
        if count > end / FIXED {
            return Err(damaged("more entries than bytes"));
        }
        let mut index = Self {
            bytes,
            version,
            entries: Vec::with_capacity(count),
            names: None,
            tree_cache: None,
            checked: false,
            sums: Sums::default(),
        };
        let after = if version == 4 { index.find_compressed(count, end)? } else { index.find_plain(count, end)? };
        index.find_extensions(after, end)?;
        index.checked = index.bytes[end..].iter().any(|byte| *byte != 0);
        Ok(index)
    }

    fn find_plain(&mut self, count: usize, end: usize) -> Result<usize, IndexProblem> {
        let mut at = HEADER;
        for _ in 0..count {
            let name = at + self.fixed_len(at, end)?;
            let length =
                memchr(0, self.bytes.get(name..end).unwrap_or(&[])).ok_or(IndexProblem::Damaged("an entry without end"))?;
            self.entries.push(u32::try_from(at).map_err(|_| IndexProblem::Unsupported("more than 4 GiB"))?);
            at += (name + length - at + 8) & !7;
        }
        Ok(at)
    }

    fn find_compressed(&mut self, count: usize, end: usize) -> Result<usize, IndexProblem> {
        let damaged = IndexProblem::Damaged("a compressed name");
        let (mut names, mut ends) = (Vec::new(), Vec::with_capacity(count));
        let (mut at, mut start) = (HEADER, 0usize);
        for _ in 0..count {
            let mut name = at + self.fixed_len(at, end)?;
            let mut strip = 0usize;
            loop {
                let byte = *self.bytes.get(name).ok_or_else(|| damaged.clone())?;
                name += 1;
                strip = (strip << 7) | usize::from(byte & 0x7f);
                if byte & 0x80 == 0 {
                    break;
                }
                strip = strip.checked_add(1).filter(|strip| *strip < 1 << 24).ok_or_else(|| damaged.clone())?;
            }
            let length = memchr(0, self.bytes.get(name..end).unwrap_or(&[])).ok_or_else(|| damaged.clone())?;
            let kept = (names.len() - start).checked_sub(strip).ok_or_else(|| damaged.clone())?;
            let previous = start;
            start = names.len();
            names.extend_from_within(previous..previous + kept);
            names.extend_from_slice(&self.bytes[name..name + length]);
            ends.push(u32::try_from(names.len()).map_err(|_| IndexProblem::Unsupported("more than 4 GiB"))?);
            self.entries.push(u32::try_from(at).map_err(|_| IndexProblem::Unsupported("more than 4 GiB"))?);
            at = name + length + 1;
        }
        self.names = Some((names, ends));
        Ok(at)
    }

    fn fixed_len(&self, at: usize, end: usize) -> Result<usize, IndexProblem> {
        if at + FIXED > end {
            return Err(IndexProblem::Damaged("an entry cut short"));
        }
        let extended = self.version >= 3 && self.bytes[at + NAME_OFFSET_OF_FLAGS] & 0x40 != 0;
        Ok(if extended { FIXED + 2 } else { FIXED })
    }

    fn find_extensions(&mut self, mut at: usize, end: usize) -> Result<(), IndexProblem> {
        while at < end {
            let length = be32(&self.bytes, at + 4).ok_or(IndexProblem::Damaged("an extension cut short"))? as usize;
            let next =
                at.checked_add(8 + length).filter(|next| *next <= end).ok_or(IndexProblem::Damaged("an extension too long"))?;
            match &self.bytes[at..at + 4] {
                b"TREE" => self.tree_cache = Some((at + 8, next)),
                b"link" => return Err(IndexProblem::Unsupported("a split index (core.splitIndex)")),
                b"sdir" => return Err(IndexProblem::Unsupported("a sparse index (index.sparse)")),
                name if name[0].is_ascii_lowercase() => return Err(IndexProblem::Unsupported("an unknown required extension")),
                _ => {}
            }
            at = next;
        }
        Ok(())
    }

    /// The bytes, as they stand in the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn name(&self, nth: usize) -> &[u8] {
        if let Some((names, ends)) = &self.names {
            let start = if nth == 0 { 0 } else { ends[nth - 1] as usize };
            return &names[start..ends[nth] as usize];
        }
        let at = self.entries[nth] as usize;
        let extended = self.version >= 3 && self.bytes[at + NAME_OFFSET_OF_FLAGS] & 0x40 != 0;
        let name = &self.bytes[at + if extended { FIXED + 2 } else { FIXED }..];
        &name[..memchr(0, name).unwrap_or(name.len())]
    }

    /// The path and mode of every entry, in the order of paths; a path in conflict comes once for each stage.
    pub fn paths(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let mode = |at: usize| be32(&self.bytes, at + 24).unwrap_or(0);
        self.entries.iter().enumerate().map(move |(nth, at)| (self.name(nth), mode(*at as usize)))
    }

    /// As [`Index::paths`], with the length that each file had when git looked at it last, cut to 32 bits; 0 when git has yet to look.
    pub fn listing(&self) -> impl Iterator<Item = (&[u8], u32, u32)> {
        let size = |at: usize| be32(&self.bytes, at + 36).unwrap_or(0);
        self.paths().zip(&self.entries).map(move |((path, mode), at)| (path, mode, size(*at as usize)))
    }

    /// The entries that are in no conflict, and of which git was told neither to leave the file alone nor that it comes later.
    pub fn plain_entries(&self) -> impl Iterator<Item = (&[u8], Entry)> {
        let entries = self.paths().zip(&self.entries).filter_map(|((path, _), at)| Some((path, self.entry_at(*at as usize)?)));
        entries.filter(|(_, entry)| entry.stage == 0 && !(entry.assume_unchanged || entry.skip_worktree || entry.intent_to_add))
    }

    /// The position of the first entry of `path`, of whatever stage.
    fn find(&self, path: &[u8]) -> Option<usize> {
        Some(self.lower_bound(path)).filter(|at| *at < self.entries.len() && self.name(*at) == path)
    }

    /// The position of the first entry that does not come before `path`.
    fn lower_bound(&self, path: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.name(middle) < path { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// What the index says of `path`; `None` when it has no entry.
    #[must_use]
    pub fn entry(&self, path: &[u8]) -> Option<Entry> {
        self.entry_at(self.entries[self.find(path)?] as usize)
    }

    fn entry_at(&self, at: usize) -> Option<Entry> {
        let flags = u16::from_be_bytes([self.bytes[at + NAME_OFFSET_OF_FLAGS], self.bytes[at + NAME_OFFSET_OF_FLAGS + 1]]);
        let extended = if self.version >= 3 && flags & 0x4000 != 0 { self.bytes[at + FIXED] } else { 0 };
        Some(Entry {
            mode: be32(&self.bytes, at + 24)?,
            oid: Oid::from_bytes(&self.bytes[at + NAME_OFFSET_OF_OID..at + NAME_OFFSET_OF_FLAGS]).ok()?,
            size: be32(&self.bytes, at + 36)?,
            stage: ((flags >> 12) & 3) as u8,
            assume_unchanged: flags & 0x8000 != 0,
            skip_worktree: extended & 0x40 != 0,
            intent_to_add: extended & 0x20 != 0,
        })
    }

    /// Makes the entry of `path` name `oid` and carry `stat`. False when there is no entry of stage 0; nothing is changed then.
    pub fn set(&mut self, path: &[u8], oid: Oid, stat: &EntryStat) -> bool {
        let Some(nth) = self.find(path) else { return false };
        if self.entry(path).is_none_or(|entry| entry.stage != 0) {
            return false;
        }
        let at = self.entries[nth] as usize;
        self.sums.touched(at);
        for (field, value) in stat.0.iter().enumerate().filter(|(field, _)| *field != MODE) {
            self.bytes[at + field * 4..at + field * 4 + 4].copy_from_slice(&value.to_be_bytes());
        }
        self.bytes[at + NAME_OFFSET_OF_OID..at + NAME_OFFSET_OF_FLAGS].copy_from_slice(oid.as_bytes());
        true
    }

    /// Puts an entry of stage 0 in. False, with nothing changed, where it is left to git or the path has one.
    pub fn insert(&mut self, path: &[u8], mode: u32, oid: Oid, stat: &EntryStat) -> bool {
        if self.find(path).is_some() || !self.can_be_reshaped() {
            return false;
        }
        self.drop_optional();
        let nth = self.lower_bound(path);
        let at = self.entries.get(nth).map_or_else(|| self.entries_end(), |at| *at as usize);
        let mut entry: Vec<u8> = stat.0.iter().flat_map(|field| field.to_be_bytes()).collect();
        entry[MODE * 4..MODE * 4 + 4].copy_from_slice(&mode.to_be_bytes());
        entry.extend_from_slice(oid.as_bytes());
        let length = u16::try_from(path.len()).map_or(NAME_MASK, |length| length.min(NAME_MASK));
        entry.extend_from_slice(&length.to_be_bytes());
        entry.extend_from_slice(path);
        entry.resize((entry.len() + 8) & !7, 0);
        self.splice(nth, at..at, &entry, 1);
        true
    }

    /// Takes the entry of stage 0 of a path out. False, with nothing changed, where it is left to git; true where there is none.
    pub fn remove(&mut self, path: &[u8]) -> bool {
        let Some(nth) = self.find(path) else { return true };
        if !self.can_be_reshaped() {
            return false;
        }
        self.drop_optional();
        let at = self.entries[nth] as usize;
        let end = self.entries.get(nth + 1).map_or_else(|| self.entries_end(), |next| *next as usize);
        self.splice(nth, at..end, &[], 0);
        true
    }

    /// Puts `bytes`, which are `count` entries, in place of the bytes of the `nth` entry or of none.
    fn splice(&mut self, nth: usize, at: std::ops::Range<usize>, bytes: &[u8], count: usize) {
        let start = at.start;
        let gone = usize::from(!at.is_empty());
        let (shorter, longer) = (at.len(), bytes.len());
        self.bytes.splice(at, bytes.iter().copied());
        // An index that was read fits 32 bits, and one entry is short.
        let moved = |at: u32| u32::try_from(at as usize + longer - shorter).unwrap_or(u32::MAX);
        for entry in &mut self.entries[nth + gone..] {
            *entry = moved(*entry);
        }
        let new = (count == 1).then(|| u32::try_from(start).unwrap_or(u32::MAX));
        self.entries.splice(nth..nth + gone, new);
        let total = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.bytes[8..12].copy_from_slice(&total.to_be_bytes());
        self.sums.touched(0);
    }

    /// True when entries can come and go without more than that: names that are no differences, and no extension that counts entries
    /// by their place or watches the work tree.
    fn can_be_reshaped(&self) -> bool {
        let known = |name: [u8; 4]| [*b"TREE", *b"EOIE", *b"IEOT", *b"REUC"].contains(&name);
        self.version < 4 && self.extensions().iter().all(|(name, _)| known(*name))
    }

    /// The names of the extensions, and where each stands whole.
    fn extensions(&self) -> Vec<([u8; 4], std::ops::Range<usize>)> {
        let (mut at, end) = (self.entries_end(), self.bytes.len() - OID);
        let mut found = Vec::new();
        while let Some(length) = be32(&self.bytes, at + 4).filter(|_| at < end) {
            let next = at + 8 + length as usize;
            found.push(([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]], at..next));
            at = next;
        }
        found
    }

    /// Where the last entry of an index that is not of version 4 ends.
    fn entries_end(&self) -> usize {
        let Some(last) = self.entries.len().checked_sub(1) else { return HEADER };
        let at = self.entries[last] as usize;
        let fixed = self.fixed_len(at, self.bytes.len()).unwrap_or(FIXED);
        at + ((fixed + self.name(last).len() + 8) & !7)
    }

    /// Takes out the tree cache and the marks of where entries begin and end, all of them optional to git.
    fn drop_optional(&mut self) {
        for (name, at) in self.extensions().into_iter().rev() {
            if [*b"TREE", *b"EOIE", *b"IEOT"].contains(&name) {
                self.bytes.drain(at);
            }
        }
        self.tree_cache = None;
    }

    /// The entries of files and links that were modified at this second or later and have a size, as their positions.
    pub(super) fn modified_since(&self, second: i64) -> Vec<usize> {
        let field = |at: u32, field: usize| be32(&self.bytes, at as usize + field * 4).unwrap_or(0);
        let is_racy =
            |at: u32| i64::from(field(at, 2)) >= second && field(at, SIZE) != 0 && matches!(field(at, MODE) >> 12, 0o10 | 0o12);
        (0..self.entries.len()).filter(|nth| is_racy(self.entries[*nth])).collect()
    }

    /// What is noted of the file of an entry.
    pub(super) fn stat(&self, nth: usize) -> EntryStat {
        let at = self.entries[nth] as usize;
        EntryStat(std::array::from_fn(|field| be32(&self.bytes, at + field * 4).unwrap_or(0)))
    }

    /// The staged blob of an entry.
    pub(super) fn oid(&self, nth: usize) -> Option<Oid> {
        let at = self.entries[nth] as usize;
        Oid::from_bytes(&self.bytes[at + NAME_OFFSET_OF_OID..at + NAME_OFFSET_OF_FLAGS]).ok()
    }

    /// Marks an entry so that git compares the content of its file whatever its time.
    pub(super) fn look_again(&mut self, nth: usize) {
        let at = self.entries[nth] as usize;
        self.sums.touched(at);
        self.bytes[at + SIZE * 4..at + SIZE * 4 + 4].fill(0);
    }

    /// Carries the cached tree names along `path` from the trees `old` to `new` (root first, one per folder). A cached name that is
    /// not the old one stood for something else that is staged: the whole cache is then dropped, which git takes as unknown.
    pub fn move_trees(&mut self, path: &[u8], old: &[Oid], new: &[Oid]) {
        if self.try_move_trees(path, old, new).is_none() {
            self.drop_tree_cache();
        }
    }

    fn try_move_trees(&mut self, path: &[u8], old: &[Oid], new: &[Oid]) -> Option<()> {
        let Some((start, end)) = self.tree_cache else { return Some(()) };
        self.sums.touched(start);
        let mut folders = path.split(|byte| *byte == b'/');
        let depth = path.iter().filter(|byte| **byte == b'/').count() + 1;
        let mut at = start;
        for level in 0..depth {
            let node = CachedTree::read(&self.bytes[..end], at)?;
            if let Some(oid) = node.oid {
                let new = new.get(level)?.as_bytes();
                // Another file of the same commit may have carried it already.
                if self.bytes[oid..oid + OID] != *old.get(level)?.as_bytes() && self.bytes[oid..oid + OID] != *new {
                    return None;
                }
                self.bytes[oid..oid + OID].copy_from_slice(new);
            }
            if level + 1 == depth {
                return Some(());
            }
            let folder = folders.next()?;
            at = node.next;
            let mut found = false;
            for _ in 0..node.subtrees {
                let child = CachedTree::read(&self.bytes[..end], at)?;
                if &self.bytes[child.name.clone()] == folder {
                    found = true;
                    break;
                }
                at = CachedTree::skip(&self.bytes[..end], at)?;
            }
            if !found {
                // Nothing is cached below: whatever is above must then be unknown as well, or wrong.
                return node.oid.is_none().then_some(());
            }
        }
        Some(())
    }

    /// Takes the tree cache out, and the end-of-entries mark whose hash covers it; both are optional to git.
    fn drop_tree_cache(&mut self) {
        let Some((start, _)) = self.tree_cache.take() else { return };
        let end = self.bytes.len() - OID;
        let mut kept = Vec::new();
        let mut at = start - 8;
        self.sums.touched(at);
        while let Some(length) = be32(&self.bytes, at + 4).filter(|_| at < end) {
            let next = at + 8 + length as usize;
            if !matches!(&self.bytes[at..at + 4], b"TREE" | b"EOIE") {
                kept.extend_from_slice(&self.bytes[at..next]);
            }
            at = next;
        }
        self.bytes.truncate(start - 8);
        self.bytes.extend_from_slice(&kept);
        self.bytes.extend_from_slice(&[0; OID]);
    }

    /// Puts the checksum of everything before it at the end, unless the index goes without one (`index.skipHash`).
    pub fn seal(&mut self) {
        if self.checked {
            let end = self.bytes.len() - OID;
            let sum = self.sums.of(&self.bytes[..end]);
            self.bytes[end..].copy_from_slice(&sum);
        }
    }
}

/// One node of the tree cache.
struct CachedTree {
    name: std::ops::Range<usize>,
    subtrees: usize,
    /// Where its object name stands, if it is known.
    oid: Option<usize>,
    next: usize,
}

impl CachedTree {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let name_end = at + memchr(0, bytes.get(at..)?)?;
        let count_end = name_end + 1 + memchr(b' ', bytes.get(name_end + 1..)?)?;
        let line_end = count_end + 1 + memchr(b'\n', bytes.get(count_end + 1..)?)?;
        let number = |range| std::str::from_utf8(&bytes[range]).ok().and_then(|text| text.parse::<i64>().ok());
        let known = number(name_end + 1..count_end)? >= 0;
        let subtrees = usize::try_from(number(count_end + 1..line_end)?).ok()?;
        let after = line_end + 1;
        let next = if known { after + OID } else { after };
        (next <= bytes.len()).then_some(Self { name: at..name_end, subtrees, oid: known.then_some(after), next })
    }

    /// Where the node after this one and all below it starts.
    fn skip(bytes: &[u8], at: usize) -> Option<usize> {
        let (mut at, mut left) = (at, 1usize);
        while left > 0 {
            let node = Self::read(bytes, at)?;
            left = left - 1 + node.subtrees;
            at = node.next;
        }
        Some(at)
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
