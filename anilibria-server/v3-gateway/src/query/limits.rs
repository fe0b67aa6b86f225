//! Limits of queries and their evaluation.

use std::time::Duration;

/// Maximum bytes of a query: the longest request line that HTTP servers commonly accept.
pub const LENGTH: usize = 64 * 1024;

/// Maximum tokens of a query. A list of [`LIST`] values has twice as many.
pub const TOKENS: usize = 24_000;

/// Maximum nesting of expressions. Parentheses, signs, `not`, `if`, `of`, arguments, and the right side of an operator each
/// count as a level.
///
/// Each level uses stack space of the parser and the evaluation. Queries written by people have fewer than ten.
pub const DEPTH: usize = 64;

/// Maximum values in a list, and arguments of a function. There are fewer titles.
pub const LIST: usize = 10_000;

/// Maximum bytes of a regular expression.
pub const PATTERN_LENGTH: usize = 1024;

/// Maximum bytes of all compiled regular expressions of a query together. Each may take an equal share, which also bounds
/// the time per character. A `\w`, which matches the letters of all languages, takes some 50 KiB.
pub const PATTERNS_SIZE: usize = 2 * 1024 * 1024;

/// Maximum bytes of one compiled regular expression, even if it is the only one.
pub const PATTERN_SIZE: usize = 1024 * 1024;

/// Maximum bytes of the match cache of one regular expression.
pub const PATTERN_CACHE_SIZE: usize = 256 * 1024;

/// Maximum nesting of groups in a regular expression.
pub const PATTERN_DEPTH: u32 = 32;

/// Maximum regular expressions in a query.
pub const PATTERNS: usize = 16;

/// Maximum cached regular expressions whose source is not in the query but in the titles, or is concatenated. Most queries
/// have none.
pub const CACHED_PATTERNS: usize = 16;

/// Maximum bytes of a concatenated string.
pub const CONCATENATED_STRING: usize = 64 * 1024;

/// Maximum steps of an evaluation for one title. A long condition takes a few hundred.
pub const STEPS_PER_TITLE: u64 = 100_000;

/// Maximum steps of a whole search: some 5,000 for each of 10,000 titles, which take less than a second.
pub const STEPS: u64 = 50_000_000;

/// Maximum time of a whole search, in case steps are slower than usual.
pub const TIME: Duration = Duration::from_secs(2);
