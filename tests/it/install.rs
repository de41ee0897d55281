use std::path::Path;
use std::process::Command;

use crate::support::{Repo, skip};

#[test]
fn the_wheel_and_the_crate_are_of_one_version() {
    let project = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pyproject.toml")).unwrap();
    // maturin takes it from Cargo.toml.
    assert!(project.contains("dynamic = [\"version\"]") && project.contains("bindings = \"bin\""), "{project}");
}

/// `pip install .` in a new environment, and the crate as `cargo package` would have it.
#[test]
fn pip_and_cargo_package_what_is_here() {
    if std::env::var("MIGRATE_RUNNERS").is_ok_and(|wanted| wanted != "0") {
        pip_and_cargo_package();
    } else {
        skip("MIGRATE_RUNNERS is not set: nothing is built with pip and the registries");
    }
}

fn pip_and_cargo_package() {
    let folder = Repo::plain_folder();
    let (top, home) = (env!("CARGO_MANIFEST_DIR"), folder.home());
    let environment = home.join("v");
    assert!(Command::new("python3").args(["-m", "venv"]).arg(&environment).status().unwrap().success());
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["-q", "install", top])
        .env("MATURIN_PEP517_ARGS", "--profile dev --locked")
        .env("CARGO_TARGET_DIR", home.join("target"));
    assert!(pip.status().unwrap().success());
    let said = folder.command(environment.join("bin/migrate")).arg("--version").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), concat!("migrate ", env!("CARGO_PKG_VERSION")));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(top).args(["package", "--locked", "--allow-dirty"]).env("CARGO_TARGET_DIR", home.join("target"));
    assert!(cargo.status().unwrap().success());
}
