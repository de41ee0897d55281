//! The dotted name by which Python knows a file.

/// The dotted name of the module in the file `path` (`/` between parts), its last part `__init__` for a package's own file; `None`
/// when it is no Python file or a part is no identifier. `is_file` tells whether a file exists: the name starts at the topmost folder
/// of an unbroken chain of regular packages, or at the top of the repository where the file is in none.
#[must_use]
pub fn module_name(path: &[u8], is_file: impl Fn(&[u8]) -> bool) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let stem = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi"))?;
    let parts: Vec<&str> = stem.split('/').collect();
    let identifier =
        |part: &&str| part.chars().all(|c| c == '_' || c.is_alphanumeric()) && !part.starts_with(|c: char| c.is_numeric());
    let mut start = parts.len() - 1;
    while start > 0 && is_file(format!("{}/__init__.py", parts[..start].join("/")).as_bytes()) {
        start -= 1;
    }
    if start == parts.len() - 1 {
        start = 0;
    }
    parts[start..].iter().all(identifier).then(|| parts[start..].join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_from_its_topmost_package() {
        let packages: &[&[u8]] = &[b"src/app/__init__.py", b"src/app/core/__init__.py"];
        let is_file = |path: &[u8]| packages.contains(&path);
        assert_eq!(module_name(b"src/app/core/x.py", is_file).as_deref(), Some("app.core.x"));
        assert_eq!(module_name(b"src/app/__init__.py", is_file).as_deref(), Some("app.__init__"));
        assert_eq!(module_name(b"plain/space/x.py", is_file).as_deref(), Some("plain.space.x"));
        assert_eq!(module_name(b"bin/my-tool.py", is_file), None);
        assert_eq!(module_name(b"README.md", is_file), None);
    }
}
