use crate::support::{Ran, Repo};

/// The library with its old and its new things, which do the same.
const OLD: &str = "\
VERSION = (1, 0)
def f(x): return x
def tri(x): return f'{x}'
def later(x): return x
";
const NEW: &str = "\
async def g(x):
    import asyncio
    await asyncio.sleep(0)
    return x
def h(x): return x
def call(x): return x()
";

/// Rules, and programs that print something, each with what is said of it; nothing where all is migrated.
const CASES: &[(&str, &str, &str)] = &[
    ("await", "async def m(): return any(f(i) for i in [0, 1])", "a generator expression"),
    ("await", "async def m(): return ','.join(f(i) for i in 'ab')", "a generator expression"),
    ("await", "async def m(): return list(i for i in f([1, 2]))", ""),
    ("await", "async def m(): return [f(i) for i in f([1, 2]) if f(i)]", ""),
    ("await", "async def m(a=None): return sorted({f(i): i for i in [1]})", ""),
    ("string", "def m(x=1): return tri({x}), tri({'k': x}), tri({a for a in [x]}), tri([{x}])", ""),
    (
        "string",
        "def m(d={'k': 1}): return tri(d['k']), tri(d[\"k\"]), tri(\"it's\"), tri('\\\"'), tri(d[\"k\"] != d['k'])",
        "3.12",
    ),
    ("string", "def m(x=1): return tri(lambda: x)[:9], tri(x if x else 2), tri((y := x)), tri(tri(tri({x})))", ""),
    ("string", "def m(): return tri('a\\n'), tri(2)", "3.12"),
    ("string", "def m(x=1): return tri(str(\n        x,\n    )), tri(str(  # why\n        x))", "3.12"),
    ("rename", "def m(): return f'{f(1)=}', f'{f(1)}', f'{f(1) = !s:>3}'", "as text"),
    ("plain", "def m(): return f'{f(1)=}', f'{f(1)}'", "writes its own text"),
    ("later", "def m(): return [a() for a in [later(i) for i in [1, 2]] if not a] or [later(1), later(2)]", "bound again"),
    ("later", "def m():\n    i = 1\n    x = later(i)\n    i = 2\n    return x", "bound again"),
    ("later", "def m(i=3): return later(i)", ""),
    (
        "rename",
        "import old\ndef m(): return '{old.f}'.format(old=old)[:9], '%(old.f)s' % {'old.f': f(1)}",
        "formatting fills it in",
    ),
    (
        "rename",
        "try:\n    from new import h\nexcept ImportError:\n    from old import f as h\ndef m(): return h(1)",
        "another arm has new.h",
    ),
    (
        "rename",
        "import old\nif old.VERSION < (2, 0):\n    from old import f as k\nelse:\n    from new import h as k\ndef m(): return k(1)",
        "another arm has new.h",
    ),
    (
        "plain",
        "def m():\n    def n(): yield *[f(1)], 2\n    match *[f(1)], 2:\n        case 1, 2: return list(n())\n    raise; x",
        "",
    ),
];

fn plan(rule: &str) -> String {
    let rules = match rule {
        "await" => "rewrite: { before: \"from old import f\\nf($X)\", after: \"from new import g\\nawait g($X)\" }",
        "string" => "rewrite: { before: \"from old import tri\\ntri($X)\", after: \"f\\\"{$X}\\\"\" }",
        "later" => {
            "rewrite: { before: \"from old import later\\nlater($X)\", after: \"from new import call\\ncall(lambda: $X)\" }"
        }
        "plain" => "rewrite: { before: \"from old import f\\nf($X)\", after: \"from new import h\\nh($X)\" }",
        _ => "rename: { from: old.f, to: new.h, strings: true }",
    };
    format!(
        "version: 1\nname: test\nissue: \"#1\"\nguards: {{ violation: warn }}\nrules:\n  r: {{ {rules} }}\n\
         phases: [{{ id: P0, files: [a.py] }}]\n"
    )
}

/// What the program says when CPython runs it.
fn outcome(repo: &Repo) -> String {
    let mut python = repo.command("python3");
    let ran = Ran::of(python.args(["-W", "ignore", "-B", "a.py"]).output().expect("python3 is needed to run what is written"));
    format!("{:?}\n{}{}", ran.code, ran.stdout, ran.stderr)
}

#[test]
fn a_migrated_program_does_what_it_did_and_what_is_left_is_told() {
    for (rule, program, said) in CASES {
        // Most of an interpreter's start is this module, which only these programs need.
        let run = if *rule == "await" { "import asyncio\nprint(asyncio.run(m()))\n" } else { "print(m())\n" };
        let text = format!("from old import f, tri, later\n{program}\n\n\n{run}");
        let repo = Repo::with(&[("a.py", &text), ("old.py", OLD), ("new.py", NEW)]);
        repo.write("plans/p.yaml", plan(rule));
        repo.commit_all("plan");
        let before = outcome(&repo);
        assert!(before.starts_with("Some(0)\n"), "{program}\n{before}");
        let check = repo.migrate(&["check"]).succeeds();
        let told = check.stdout + &check.stderr;
        assert!(if said.is_empty() { !told.contains("left as it is") } else { told.contains(said) }, "{program}\n{told}");
        repo.migrate(&["run"]).succeeds();
        let made = String::from_utf8(repo.read("a.py")).unwrap();
        assert_eq!(outcome(&repo), before, "{program}\nbecame\n{made}");
        assert!(!said.is_empty() || made != text, "{program} stays");
    }
}

#[test]
fn a_use_that_a_star_import_may_bring_is_told_by_place() {
    let text = "from old import *\n\n\nprint(f(1))\n";
    for rule in ["rename", "plain"] {
        let repo = Repo::with(&[("a.py", text)]);
        repo.write("plans/p.yaml", plan(rule));
        repo.commit_all("plan");
        let check = repo.migrate(&["check"]);
        let told = check.stdout + &check.stderr;
        assert!(told.contains("a.py:4:7: ") && told.contains("`from old import *`"), "{rule}: {told}");
        repo.migrate(&["scan"]).succeeds().prints("undecided: 1");
    }
}
