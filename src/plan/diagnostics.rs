//! Problems of a plan, shown with file, line, column, snippet and help.
