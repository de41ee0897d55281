use super::*;

/// The program of these files.
fn program(files: &'static [(&'static str, &'static str)]) -> Program<'static> {
    let read = |path: &RepoPath| {
        files.iter().find(|(name, _)| name.as_bytes() == path.as_bytes()).map(|(_, text)| text.as_bytes().to_vec())
    };
    Program::new(files.iter().map(|(path, _)| RepoPath::new(*path).unwrap()), read)
}

const FILES: &[(&str, &str)] = &[
    ("README.md", "# app\n"),
    ("src/app/__init__.py", "from .core import Color\nfrom .stars import *\n"),
    ("src/app/core.py", "class Color:\n    RED = 1\n    class Dark:\n        RED = 2\n\ndef f(): pass\n"),
    ("src/app/stars.py", "from elsewhere import *\n"),
    ("src/app/more.py", "from app.core import *\nimport app.lazy\n"),
    ("src/app/lazy.py", "def __getattr__(name): pass\n"),
    ("src/app/elsewhere.py", "x = 1\n"),
    ("src/app/_fast.pyi", "def quick() -> int: ...\n"),
    ("space/tool.py", "def main(): pass\n"),
    ("tests/helpers.py", "def help(): pass\n"),
];

#[test]
fn the_longest_part_that_is_a_module_decides_where_a_name_stands() {
    let program = program(FILES);
    let inside = |module: &str| Known::Inside { module: module.to_owned() };
    let perhaps = |module: &str| Known::Perhaps { module: module.to_owned() };
    for (name, want) in [
        ("app", Known::Module),
        ("app.core", Known::Module),
        ("app.core.f", inside("app.core")),
        ("app.core.Color.RED", inside("app.core")),
        ("app.core.Color.Dark.RED", inside("app.core")),
        ("app.Color.RED", inside("app")),
        ("app.anything", perhaps("app")),
        ("app.more.f", inside("app.more")),
        ("app.lazy.x.y", inside("app.lazy")),
        ("app._fast.quick", inside("app._fast")),
        ("app._built.x", perhaps("app")),
        ("space.tool.main", inside("space.tool")),
        ("space", Known::Module),
        ("helpers.help", perhaps("helpers")),
        ("stars.text.f", perhaps("stars")),
        ("space.other.main", perhaps("space")),
        ("datetime.timezone.utc", inside("datetime")),
        ("unittest.mock", Known::Module),
        ("unittest.mock.patch.object", inside("unittest.mock")),
        ("django.utils.text", Known::Unknown),
    ] {
        assert_eq!(program.look_up(name), want, "{name}");
    }
}

#[test]
fn what_a_module_surely_lacks_is_told() {
    let program = program(FILES);
    for (name, module, owner, missing) in [
        ("app.core.g", "app.core", "app.core", "g"),
        ("app.core.Colour.RED", "app.core", "app.core", "Colour"),
        ("app.core.Color.BLUE", "app.core", "app.core.Color", "BLUE"),
        ("app.core.Color.Dark.BLUE", "app.core", "app.core.Color.Dark", "BLUE"),
        ("app.core.Color.Color", "app.core", "app.core.Color", "Color"),
        ("app.more.g", "app.more", "app.more", "g"),
        ("space.tool.mian", "space.tool", "space.tool", "mian"),
    ] {
        let Known::Missing { module: found, owner: lacking, name: lacks, .. } = program.look_up(name) else { panic!("{name}") };
        assert_eq!((found.as_str(), lacking.as_str(), lacks.as_str()), (module, owner, missing), "{name}");
    }
}

#[test]
fn a_name_that_lacks_its_package_is_known_by_the_module_that_the_package_has() {
    let program = program(FILES);
    for (name, meant) in [
        ("core.f", Some("app.core.f")),
        ("core", Some("app.core")),
        ("core.Color.RED", Some("app.core.Color.RED")),
        // From the tests' own folder names may begin.
        ("helpers.help", None),
        // Something of that name is installed, and imported here.
        ("elsewhere.x", None),
        ("app.core.f", None),
        ("space.tool.x", None),
        ("os.path", None),
        ("django.utils", None),
    ] {
        assert_eq!(program.meant(name).as_deref(), meant, "{name}");
    }
}

#[test]
fn who_imports_a_module_is_known_and_what_names_there_are() {
    let program = program(FILES);
    let importers: Vec<String> = program.importers("app.core").map(ToString::to_string).collect();
    assert_eq!(importers, ["src/app/__init__.py", "src/app/more.py"]);
    let names = program.names();
    for name in ["app", "app.core", "app.core.Color", "app.lazy", "elsewhere", "space.tool", "tests.helpers"] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    assert_eq!(program.paths().len(), FILES.len() - 1);
}

#[test]
fn a_file_is_read_only_when_a_question_needs_it_and_once() {
    let reads = RefCell::new(Vec::new());
    let paths = ["a.py", "b.py"].map(|path| RepoPath::new(path).unwrap());
    let program = Program::new(paths, |path| {
        reads.borrow_mut().push(path.to_string());
        Some(b"x = 1\n".to_vec())
    });
    assert!(reads.borrow().is_empty());
    assert_eq!(program.look_up("a.x"), Known::Inside { module: "a".into() });
    assert_eq!(program.look_up("a.x"), Known::Inside { module: "a".into() });
    assert_eq!(*reads.borrow(), ["a.py"]);
}
