use crate::kit::{dirty, replan};
use crate::support::{Repo, plan};

/// Runs the rename of `old.f` to `new.g` over `before` and asserts what the file then holds, byte for byte.
fn becomes(before: &[u8], after: &[u8]) {
    let repo = Repo::with(&[("x", "")]);
    repo.write("a.py", before);
    replan(&repo, &plan("  - id: P0\n    files: [{ path: a.py, validate: [\"python3 -m py_compile {file}\"] }]\n"));
    repo.migrate(&["run"]).succeeds();
    let found = repo.read("a.py");
    assert!(found == after, "{}\nexpected\n{}", found.escape_ascii(), after.escape_ascii());
    assert_eq!(dirty(&repo), "");
    repo.migrate(&["rollback", "a.py"]).succeeds();
    assert_eq!(repo.read("a.py"), before);
}

#[test]
fn carriage_returns_are_kept() {
    becomes(b"from old import f\r\n\r\nf(1)\r\n", b"from new import g\r\n\r\ng(1)\r\n");
    becomes(b"from old import f\r\nx = 1\nf(1)\r\ny = 2\n", b"from new import g\r\nx = 1\ng(1)\r\ny = 2\n");
    becomes(b"from old import f\rf(1)\r", b"from new import g\rg(1)\r");
}

#[test]
fn a_byte_order_mark_is_kept() {
    becomes(b"\xef\xbb\xbffrom old import f\nf('\xc3\xa4')\n", b"\xef\xbb\xbffrom new import g\ng('\xc3\xa4')\n");
}

#[test]
fn the_encoding_a_file_declares_is_kept() {
    becomes(
        b"# -*- coding: latin-1 -*-\nfrom old import f\nf('\xe4\xf6')  # \xfc\n",
        b"# -*- coding: latin-1 -*-\nfrom new import g\ng('\xe4\xf6')  # \xfc\n",
    );
    becomes(
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nfrom old import f\nf('\x80')\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nfrom new import g\ng('\x80')\n",
    );
}

#[test]
fn tabs_form_feeds_and_blanks_at_line_ends_are_kept() {
    becomes(
        b"from old import f\n\x0c\ndef a():\n\tif 1:\n\t\treturn f( 1 )  \n\n\n\n",
        b"from new import g\n\x0c\ndef a():\n\tif 1:\n\t\treturn g( 1 )  \n\n\n\n",
    );
}

#[test]
fn a_missing_final_line_break_stays_missing() {
    becomes(b"from old import f\nf(1)", b"from new import g\ng(1)");
    becomes(b"from old import f\nf(1)  # f", b"from new import g\ng(1)  # f");
}

#[test]
fn continuations_semicolons_and_comments_are_kept() {
    becomes(
        b"from old import f  # the one\nx = 1; f(x); y = \\\n    f(  # here\n        2)\n",
        b"from new import g  # the one\nx = 1; g(x); y = \\\n    g(  # here\n        2)\n",
    );
}

#[test]
fn strings_and_comments_that_hold_the_name_are_kept() {
    becomes(
        b"from old import f\n\"\"\"from old import f\"\"\"\ns = 'old.f' # old.f\nf(s)\n",
        b"from new import g\n\"\"\"from old import f\"\"\"\ns = 'old.f' # old.f\ng(s)\n",
    );
}

#[test]
fn an_edit_in_a_file_of_carriage_returns_has_carriage_returns() {
    let repo = Repo::with(&[("x", "")]);
    repo.write("a.py", b"x = 1\r\nif x:\r\n\ty = 1\r\n\tz = 2\r\n");
    replan(
        &repo,
        "version: 1\nname: test\nissue: \"#1\"\nphases:\n  - id: P0\n    files:\n      - path: a.py\n        edits:\n          - before: |\n              y = 1\n            after: |\n              if y:\n                  y = 3\n              y = 4\n",
    );
    repo.migrate(&["run"]).succeeds();
    let found = repo.read("a.py");
    assert!(
        found.starts_with(b"x = 1\r\nif x:\r\n\tif y:\r\n") && found.ends_with(b"\ty = 4\r\n\tz = 2\r\n"),
        "{}",
        found.escape_ascii()
    );
    assert_eq!(found.iter().filter(|byte| **byte == b'\n').count(), found.windows(2).filter(|pair| pair == b"\r\n").count());
}

#[test]
fn private_and_read_only_modes_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o600, 0o640, 0o755, 0o444] {
        let repo = Repo::with(&[("x", "")]);
        repo.write("a.py", "from old import f\nf(1)\n");
        replan(&repo, &plan("  - id: P0\n    files: [a.py]\n"));
        let path = repo.top().join("a.py");
        if mode == 0o755 {
            crate::kit::make_executable(&repo, "a.py");
            repo.commit_all("executable");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        repo.migrate(&["run"]).succeeds();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
        assert_eq!(dirty(&repo), "");
    }
}

/// An access control list that lets user 1234 read, as the system stores it.
const LIST: [u8; 44] = {
    let entries: [(u8, u8, u32); 5] =
        [(0x01, 6, u32::MAX), (0x02, 4, 1234), (0x04, 4, u32::MAX), (0x10, 4, u32::MAX), (0x20, 4, u32::MAX)];
    let mut list = [0; 44];
    list[0] = 2;
    let mut nth = 0;
    while nth < entries.len() {
        let (tag, permission, id) = entries[nth];
        let (at, id) = (4 + nth * 8, id.to_le_bytes());
        (list[at], list[at + 2]) = (tag, permission);
        (list[at + 4], list[at + 5], list[at + 6], list[at + 7]) = (id[0], id[1], id[2], id[3]);
        nth += 1;
    }
    list
};

#[cfg(target_os = "linux")]
#[test]
fn extended_attributes_and_access_control_lists_are_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    use std::os::unix::fs::MetadataExt;

    let repo = crate::kit::one("");
    let file = repo.top().join("a.py");
    let value = |name: &str| {
        let mut value = Vec::with_capacity(1024);
        getxattr(&file, name, rustix::buffer::spare_capacity(&mut value)).map(|_| value)
    };
    for (name, value) in [("user.origin", &b"a web page\0"[..]), ("system.posix_acl_access", &LIST)] {
        if let Err(error) = setxattr(&file, name, value, XattrFlags::empty()) {
            assert!(std::env::var_os("CI").is_none(), "{name}: {error}");
            crate::support::skip(&format!("{name} cannot be set here: {error}"));
            return;
        }
    }
    // What a new file in the folder would get; the old file did not.
    let folder = repo.top();
    setxattr(&folder, "system.posix_acl_default", &LIST, XattrFlags::empty()).unwrap();
    let mode = file.metadata().unwrap().mode();
    for args in [&["run"][..], &["rollback", "a.py"]] {
        repo.migrate(args).succeeds();
        assert_eq!(value("user.origin").unwrap(), b"a web page\0");
        assert_eq!(value("system.posix_acl_access").unwrap(), LIST);
        assert_eq!(file.metadata().unwrap().mode(), mode);
    }
    rustix::fs::removexattr(&file, "system.posix_acl_access").unwrap();
    repo.migrate(&["run", "--file", "a.py"]).succeeds();
    assert!(value("system.posix_acl_access").is_err(), "the list of the folder was taken on");
    assert_eq!(dirty(&repo), "");
}
