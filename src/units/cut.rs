//! Which files make up a unit together. Pure.
//!
//! A group that the plan names holds the files of all entries that name it. A move is a unit of two paths. The files that a phase
//! rewrites are else put together as its `units` says: each alone, or by folder, or all, cut at so many files. Cuts are made over all
//! selected files, those that landed too, in the order of the plan. A group that has begun keeps its files, whatever comes or goes
//! beside it; new files make new groups.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::RepoPath;
use crate::plan::{Plan, Units};
use crate::unit_id::UnitId;
use crate::units::{Member, Unit};

/// The groups that files are known to belong to, by commits and journal.
pub type Pins = BTreeMap<RepoPath, UnitId>;

/// Puts the selected files of `plan`, which are in its order, together to units; a unit stands where its first file does.
#[must_use]
pub fn cut(plan: &Plan, files: Vec<Member>, pins: &Pins) -> Vec<Unit> {
    let ids = ids(plan, &files, pins);
    let mut at: BTreeMap<(usize, UnitId), usize> = BTreeMap::new();
    let mut units: Vec<Unit> = Vec::new();
    for (file, id) in files.into_iter().zip(ids) {
        let known = *at.entry((file.phase, id.clone())).or_insert(units.len());
        match units.get_mut(known) {
            Some(unit) => unit.files.push(file),
            None => units.push(Unit { id, phase: file.phase, files: vec![file] }),
        }
    }
    units
}

/// The unit of each file.
fn ids(plan: &Plan, files: &[Member], pins: &Pins) -> Vec<UnitId> {
    let pinned = |file: &Member| {
        let (folder, _) = bucket(plan, file)?;
        let id = pins.get(&file.path)?;
        let (of, nth) = id.cut(&plan.phases[file.phase].id)?;
        (of == folder).then(|| (id.clone(), nth))
    };
    // Groups that have begun, and of each phase and folder the group that new files go to, with how many it has.
    let begun = files.iter().filter_map(|file| Some((file.phase, bucket(plan, file)?.0, pinned(file)?.1)));
    let begun: BTreeSet<(usize, Vec<u8>, usize)> = begun.collect();
    let mut open: BTreeMap<(usize, Vec<u8>), (usize, usize)> = BTreeMap::new();
    let mut ids = Vec::with_capacity(files.len());
    for file in files {
        let target = plan.target(file);
        let phase = &plan.phases[file.phase];
        ids.push(match (&target.group, bucket(plan, file)) {
            (Some(group), _) => UnitId::of_group(&group.name),
            // Both ends of a move are one unit, called by where the file was.
            (None, None) => UnitId::of_file(target.moved().map_or(&file.path, |(from, _)| from)),
            (None, Some((folder, max))) => match pinned(file) {
                Some((id, _)) => id,
                None => {
                    // The first group that has not begun and has room: those before it never have room again.
                    let (nth, size) = open.entry((file.phase, folder.clone())).or_insert((1, 0));
                    while *size >= max || begun.contains(&(file.phase, folder.clone(), *nth)) {
                        (*nth, *size) = (*nth + 1, 0);
                    }
                    *size += 1;
                    UnitId::of_cut(&phase.id, &folder, *nth)
                }
            },
        });
    }
    ids
}

/// The folder by which a file is put together with others, empty where all of the phase are, and the most files of a group; `None`
/// for one that stands alone or in a group that the plan names.
fn bucket(plan: &Plan, file: &Member) -> Option<(Vec<u8>, usize)> {
    let target = plan.target(file);
    if target.group.is_some() || !target.treatment.is_rewrite() {
        return None;
    }
    match plan.phases[file.phase].units {
        Units::Each => None,
        Units::Folder { max_files } => {
            let path = file.path.as_bytes();
            Some((path[..path.len() - file.path.file_name().len()].to_vec(), max_files))
        }
        Units::All { max_files } => Some((Vec::new(), max_files)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::load::parse;
    use crate::units::select;

    fn units(phase: &str, tracked: &[&str], pins: &[(&str, &str)]) -> Vec<String> {
        let text = format!(
            "version: 1\nname: x\nissue: y\nrules:\n  r: {{ rename: {{ from: a.b, to: a.c }} }}\nphases:\n  - id: P2\n{phase}"
        );
        let plan = parse("x", text.as_bytes()).unwrap();
        let path = |path: &str| RepoPath::new(path).unwrap();
        let tracked: Vec<RepoPath> = tracked.iter().map(|name| path(name)).collect();
        let files = select(&plan, &tracked, |_, _| Ok::<_, ()>(true)).unwrap().files;
        let pins = pins.iter().map(|(file, id)| (path(file), UnitId::new(id.as_bytes().to_vec()).unwrap())).collect();
        let shown = |unit: &Unit| {
            let paths: Vec<String> = unit.paths().map(ToString::to_string).collect();
            format!("{}: {}", unit.id, paths.join(" "))
        };
        cut(&plan, files, &pins).iter().map(shown).collect()
    }

    #[test]
    fn files_are_put_together_by_folder_or_all_and_cut_at_so_many() {
        let tracked = ["a.py", "d/b.py", "d/c.py", "d/e.py", "e/f.py"];
        for (phase, want) in [
            (
                "    files: [{ glob: '**/*.py' }]\n",
                &["a.py: a.py", "d/b.py: d/b.py", "d/c.py: d/c.py", "d/e.py: d/e.py", "e/f.py: e/f.py"][..],
            ),
            (
                "    units: { by: folder, max_files: 2 }\n    files: [{ glob: '**/*.py' }]\n",
                &["P2:#1: a.py", "P2:d/#1: d/b.py d/c.py", "P2:d/#2: d/e.py", "P2:e/#1: e/f.py"],
            ),
            (
                "    units: { by: all, max_files: 3 }\n    files: [{ glob: '**/*.py' }]\n",
                &["P2:#1: a.py d/b.py d/c.py", "P2:#2: d/e.py e/f.py"],
            ),
        ] {
            assert_eq!(units(phase, &tracked, &[]), want, "{phase}");
        }
    }

    #[test]
    fn a_group_that_the_plan_names_stands_at_its_first_file_and_moves_and_deletions_stand_alone() {
        let phase = concat!(
            "    units: { by: folder, max_files: 9 }\n    files:\n",
            "      - { group: g, path: d/a.py }\n",
            "      - d/b.py\n",
            "      - { group: g, paths: [old.py, tests/old.py], delete: true }\n",
            "      - { path: d/c.py, move_to: e/c.py }\n",
            "      - { path: d/gone.py, delete: true }\n",
            "      - d/z.py\n",
        );
        let want =
            ["group:g: d/a.py old.py tests/old.py", "P2:d/#1: d/b.py d/z.py", "d/c.py: d/c.py e/c.py", "d/gone.py: d/gone.py"];
        assert_eq!(units(phase, &[], &[]), want);
    }

    #[test]
    fn a_group_that_has_begun_keeps_its_files_and_new_ones_make_new_groups() {
        let phase = "    units: { by: folder, max_files: 2 }\n    files: [{ glob: 'd/*.py' }]\n";
        let begun = [("d/b.py", "P2:d/#1"), ("d/d.py", "P2:d/#1")];
        for (tracked, pins, want) in [
            // A file came in between: the cuts before and after it stay.
            (
                &["d/a.py", "d/b.py", "d/c.py", "d/d.py"][..],
                &begun[..],
                &["P2:d/#2: d/a.py d/c.py", "P2:d/#1: d/b.py d/d.py"][..],
            ),
            // One of its files went, and no other takes its place.
            (&["d/a.py", "d/b.py"], &begun, &["P2:d/#2: d/a.py", "P2:d/#1: d/b.py"]),
            // A name of another phase or folder says nothing.
            (&["d/a.py"], &[("d/a.py", "P1:d/#7")], &["P2:d/#1: d/a.py"]),
            (&["d/a.py"], &[("d/a.py", "P2:e/#7")], &["P2:d/#1: d/a.py"]),
            (&["d/a.py"], &[("d/a.py", "d/a.py")], &["P2:d/#1: d/a.py"]),
        ] {
            assert_eq!(units(phase, tracked, pins), want, "{tracked:?} {pins:?}");
        }
    }
}
