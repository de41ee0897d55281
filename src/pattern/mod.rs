//! The language of `rewrite` rules: ordinary Python with `$NAME`s, and what of a file it fits.
//!
//! A pattern is compiled once, when the plan is loaded, and refused there with the column of what is wrong. Matching goes by
//! meaning: a name that the pattern imports fits whatever resolves to the same thing in the file, and nothing else.

pub mod constraint;
pub mod holes;
pub mod matched;
