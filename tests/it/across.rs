use crate::kit::{replan, untouched};
use crate::support::Repo;

/// A plan of these rules for these files, all in one commit.
fn planned(files: &[(&str, &str)], rules: &str, units: &str) -> Repo {
    let repo = Repo::with(files);
    replan(&repo, &format!("version: 1\nname: test\nissue: \"#1\"\nrules:\n{rules}\nphases:\n  - id: P0\n    files: {units}\n"));
    repo
}

const RENAME: &str = "  r: { rename: { from: pkg.old.create, to: pkg.new.get } }";
const REWRITE: &str = "  r:\n    rewrite:\n      before: |\n        from pkg.old import create\n        create($$$A)\n      after: |\n        from pkg.new import get\n        get($$$A)";

/// A package with a function that goes and one that comes.
fn package<'t>(old: &'t str, new: &'t str, main: &'t str) -> [(&'t str, &'t str); 4] {
    [("pkg/__init__.py", ""), ("pkg/old.py", old), ("pkg/new.py", new), ("pkg/main.py", main)]
}

#[test]
fn a_call_that_does_not_give_the_new_function_what_it_takes_is_not_written() {
    let files = package(
        "async def create(ctx=None, user_id=None): return 1\n",
        "async def get(ctx=None, mode=None): return 2\n",
        "from pkg.old import create\n\nasync def run():\n    await create(user_id=3)\n",
    );
    for rules in [RENAME, REWRITE] {
        let repo = planned(&files, rules, "[pkg/main.py]");
        for command in ["check", "run"] {
            untouched(&repo, 1, &[command]).says("pkg/main.py:4:11: get takes no argument `user_id` (signature)");
        }
        let plan = String::from_utf8(repo.read("plans/p.yaml")).unwrap();
        replan(&repo, &plan.replace("phases:", "guards: { signature: warn }\nphases:"));
        repo.migrate(&["run"]).succeeds().says("warning: pkg/main.py:4:11: get takes no argument `user_id` (signature)");
    }
}

#[test]
fn a_name_that_a_module_of_the_tree_does_not_have_is_not_written_unless_the_plan_may_still_make_it() {
    let files = package("def create(a): return 1\n", "x = 1\n", "from pkg.old import create\ncreate(1)\n");
    let repo = planned(&files, REWRITE, "[pkg/main.py]");
    for command in ["check", "run"] {
        untouched(&repo, 1, &[command]).says("pkg/main.py:1:21: pkg.new has no get (exists)");
    }
    for entry in [
        "{ path: pkg/new.py, edits: [{ before: x = 1, after: \"def get(a): return 2\" }] }",
        "{ path: pkg/newer.py, create: \"def get(a): return 2\\n\" }",
    ] {
        let module = if entry.contains("newer") { "pkg.newer" } else { "pkg.new" };
        let rules = REWRITE.replace("pkg.new", module);
        let repo = planned(&files, &rules, &format!("[{entry}, pkg/main.py]"));
        repo.migrate(&["check"]).succeeds();
        repo.migrate(&["run"]).succeeds();
        assert_eq!(repo.read("pkg/main.py"), format!("from {module} import get\nget(1)\n").into_bytes());
    }
}

#[test]
fn a_call_that_nobody_awaited_before_is_let_pass_when_old_and_new_are_coroutine_functions() {
    let files = package(
        "async def create(ctx): return 1\n",
        "async def get(ctx): return 2\n",
        "from pkg.old import create\n\nasync def run():\n    create(1)\n    return create(2)\n",
    );
    for rules in [RENAME, REWRITE] {
        let repo = planned(&files, rules, "[pkg/main.py]");
        repo.migrate(&["run"]).succeeds();
        assert!(repo.read("pkg/main.py").starts_with(b"from pkg.new import get\n"));
    }
    let plain = files.map(|(path, text)| (path, if path == "pkg/old.py" { "def create(ctx): return 1\n" } else { text }));
    for rules in [RENAME, REWRITE] {
        untouched(&planned(&plain, rules, "[pkg/main.py]"), 1, &["run"])
            .says("get is a coroutine function, and nobody awaits it");
    }
}
