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

/// Most bytes a compiled regular expression takes, which also bounds how long it takes for each character. Some twenty
/// `\w`, which stands for the letters of all languages, are as large.
pub const PATTERN_SIZE: usize = 1024 * 1024;

/// Most bytes that one regular expression uses to remember what it has met.
pub const PATTERN_MEMORY: usize = 512 * 1024;

/// How deep groups may stand in each other in a regular expression.
pub const PATTERN_DEPTH: u32 = 32;

/// Most regular expressions in a query: compiling the largest ones takes some 10 ms each.
pub const PATTERNS: usize = 16;

/// Most compiled regular expressions that are kept while titles are searched. They come from patterns that lie in the
/// titles or are put together of parts, so most queries have none of them.
pub const KEPT_PATTERNS: usize = 16;

/// Most bytes of a text that is put together of others.
pub const TEXT: usize = 64 * 1024;

/// Most steps of an evaluation for one title. A long condition takes a few hundred.
pub const STEPS_PER_TITLE: u64 = 100_000;

/// Most steps of a whole search: some 5,000 for each of 10,000 titles, which take less than a second.
pub const STEPS: u64 = 50_000_000;

/// Longest time of a whole search, should the steps be slower than they usually are.
pub const TIME: Duration = Duration::from_secs(2);
