//! ruff's parser, on a stack that holds what it builds.

use std::io;

use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// Depth up to which a parse fits any thread's stack.
const SHALLOW: usize = 300;
/// Stack for each level beyond, for building, walking and dropping a tree without optimisation.
const STACK_PER_LEVEL: usize = 8 << 10;

/// Builds ruff's tree of a text `depth` deep, asks it and drops it, on a thread of its own where this one's stack may not do.
///
/// # Errors
/// When there is no such thread.
pub(super) fn read<T: Send>(
    text: &str,
    depth: usize,
    ask: impl FnOnce(&ruff_python_parser::Parsed<Mod>) -> T + Send,
) -> io::Result<T> {
    let options = || ParseOptions::from(Mode::Module).with_target_version(PythonVersion::latest());
    if depth <= SHALLOW {
        return Ok(ask(&parse_unchecked(text, options())));
    }
    let builder = std::thread::Builder::new().stack_size((8 << 20) + depth * STACK_PER_LEVEL);
    let asked = std::thread::scope(|scope| {
        builder.spawn_scoped(scope, || ask(&parse_unchecked(text, options()))).map(|thread| thread.join())
    });
    asked?.or_else(|panic| std::panic::resume_unwind(panic))
}
