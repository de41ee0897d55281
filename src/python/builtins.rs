//! The names that every module has without binding them.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The names of the module `builtins`, and those that the interpreter sets in each module.
const NAMES: &str = "\
    ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError \
    BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError \
    ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup \
    False FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError \
    ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError \
    MemoryError ModuleNotFoundError NameError None NotADirectoryError NotImplemented NotImplementedError OSError \
    OverflowError PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursionError \
    ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning \
    SystemError SystemExit TabError TimeoutError True TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError \
    UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError \
    __build_class__ __debug__ __doc__ __import__ __loader__ __name__ __package__ __spec__ abs aiter all anext any ascii \
    bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright credits delattr dict dir divmod \
    enumerate eval exec exit filter float format frozenset getattr globals hasattr hash help hex id input int isinstance \
    issubclass iter len license list locals map max memoryview min next object oct open ord pow print property quit range \
    repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip \
    __annotations__ __builtins__ __cached__ __class__ __dict__ __doc__ __file__ __loader__ __module__ __name__ __package__ \
    __path__ __qualname__ __spec__";

static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| NAMES.split(' ').collect());

/// True for a name that nothing needs to bind.
#[must_use]
pub fn is_builtin(name: &str) -> bool {
    KNOWN.contains(name)
}

#[cfg(test)]
mod tests {
    use super::is_builtin;

    #[test]
    fn builtins_are_known_whole() {
        for name in ["print", "ArithmeticError", "zip", "__name__", "__spec__", "ExceptionGroup"] {
            assert!(is_builtin(name), "{name}");
        }
        for name in ["", "prin", "unicode", "\\"] {
            assert!(!is_builtin(name), "{name}");
        }
    }
}
