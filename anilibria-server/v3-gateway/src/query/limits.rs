//! How much a query may be and do.

use std::time::Duration;

/// Most bytes of a query: as much as fits into the longest request line that HTTP servers commonly take.
pub const LENGTH: usize = 64 * 1024;

/// Most words, signs and values of a query. A list of [`LIST`] values has twice as many.
pub const TOKENS: usize = 24_000;

/// How deep expressions may stand in each other, counting parentheses, signs, `not`, `if`, `of`, arguments, and what
/// stands to the right of an operator.
///
/// Each step costs the reader and the evaluation some of the stack; people do not write ten.
pub const DEPTH: usize = 64;

/// Most values in a list, and most arguments of a function: more than there are titles to name.
pub const LIST: usize = 10_000;

/// Most bytes of a regular expression.
pub const PATTERN: usize = 1024;

/// Maximum bytes of all compiled regular expressions of a query together. Each may take an equal part of them, which also
/// bounds how long it takes for each character. A `\w`, which stands for the letters of all languages, takes some 50 KiB.
pub const PATTERNS_SIZE: usize = 2 * 1024 * 1024;

/// Maximum bytes of one compiled regular expression, however few there are.
pub const PATTERN_SIZE: usize = 1024 * 1024;

/// Maximum bytes of the match cache of one regular expression.
pub const PATTERN_MEMORY: usize = 256 * 1024;

/// Maximum nesting of groups in a regular expression.
pub const PATTERN_DEPTH: u32 = 32;

/// Maximum regular expressions in a query.
pub const PATTERNS: usize = 16;

/// Maximum compiled regular expressions kept while titles are searched that are not written in the query: they lie in the
/// titles or are put together of parts. Most queries have none of them.
pub const KEPT_PATTERNS: usize = 16;

/// Most bytes of a text that is put together of others.
pub const TEXT: usize = 64 * 1024;

/// Most steps of an evaluation for one title. A long condition takes a few hundred.
pub const STEPS_PER_TITLE: u64 = 100_000;

/// Most steps of a whole search: some 5,000 for each of 10,000 titles, which take less than a second.
pub const STEPS: u64 = 50_000_000;

/// Maximum time of a whole search, should the steps be slower than they usually are.
pub const TIME: Duration = Duration::from_secs(2);
