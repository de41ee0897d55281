//! No input panics, whatever became of a report on the way.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::Index;

use super::{Reading, TestResults, junit, text};

/// The recorded reports and texts.
fn recorded() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(super::tests::folder().join("recorded")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Something that may happen to bytes.
#[derive(Debug, Clone)]
enum Mutation {
    Cut(Index),
    Drop(Index, u8),
    Put(Index, Vec<u8>),
    Repeat(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let scraps: Vec<Vec<u8>> =
        ["<", ">", "\"", "&", "&#0;", "&#55357;", " - ", "::", "[", ")", "\u{1b}[", "]]>", "<testcase>", "\n"]
            .iter()
            .map(|scrap| scrap.as_bytes().to_vec())
            .chain([vec![0xff], vec![0], b"99999999999999999999999".to_vec(), "ä".as_bytes().to_vec()])
            .collect();
    let scrap = prop_oneof![proptest::sample::select(scraps), vec(any::<u8>(), 0..8)];
    prop_oneof![
        any::<Index>().prop_map(Mutation::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, many)| Mutation::Drop(at, many)),
        (any::<Index>(), scrap).prop_map(|(at, scrap)| Mutation::Put(at, scrap)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
    ]
}

fn mutated(mut bytes: Vec<u8>, mutations: Vec<Mutation>) -> Vec<u8> {
    for mutation in mutations {
        let place = |index: Index| index.index(bytes.len() + 1);
        match mutation {
            Mutation::Cut(at) => {
                let at = place(at);
                bytes.truncate(at);
            }
            Mutation::Drop(at, many) => {
                let at = place(at);
                let end = bytes.len().min(at + usize::from(many));
                bytes.drain(at..end);
            }
            Mutation::Put(at, scrap) => {
                let at = place(at);
                bytes.splice(at..at, scrap);
            }
            Mutation::Repeat(from, to) => {
                let (from, to) = (place(from), place(to));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(part);
            }
        }
    }
    bytes
}

fn sound(results: &TestResults) {
    assert!(results.tests.keys().all(|id| !id.to_string().chars().any(char::is_control)));
    assert!(results.failures().count() <= results.tests.len());
    let _ = results.against(Some(0));
}

proptest! {
    #[test]
    fn no_mutation_of_a_recorded_report_panics_or_lets_a_control_character_out(
        bytes in Just(recorded()).prop_flat_map(proptest::sample::select),
        mutations in vec(mutation(), 1..6),
    ) {
        let bytes = mutated(bytes, mutations);
        if let Ok(results) = junit(&bytes) {
            sound(&results);
            assert_eq!(results.total, results.tests.len());
            let mut twice = Reading::default();
            twice.add(&bytes).unwrap();
            twice.add(&bytes).unwrap();
            assert_eq!(twice.finish().total, results.total);
        }
        if let Ok(results) = text(&bytes) {
            sound(&results);
        }
    }
}
