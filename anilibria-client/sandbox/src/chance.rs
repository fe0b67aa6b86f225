//! Chance that repeats: generators named after what they decide.

use fastrand::Rng;
use uuid::Uuid;

/// A generator of its own for `name` and `number` below `seed`.
///
/// Each decision has its own stream, so a new field never shifts what other fields came out as.
pub(crate) fn stream(seed: u64, name: &str, number: u64) -> Rng {
    // FNV-1a over the name, then the finish of SplitMix64: neighbouring numbers give unrelated streams.
    let named = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed ^ named ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Rng::with_seed(state ^ (state >> 31))
}

/// One of `items`, each as likely as the others. The tables given to it are never empty.
pub(crate) fn pick<'a, T>(rng: &mut Rng, items: &'a [T]) -> &'a T {
    &items[rng.usize(..items.len())]
}

/// One of the values of a table of weights. The tables given to it are never empty.
pub(crate) fn weighted<T: Copy>(rng: &mut Rng, table: &[(u32, T)]) -> T {
    let total = table.iter().map(|(weight, _)| weight).sum::<u32>();
    let mut left = rng.u32(..total.max(1));
    for &(weight, value) in table {
        if left < weight {
            return value;
        }
        left -= weight;
    }
    pick(rng, table).1
}

/// True in `percent` of a hundred cases.
pub(crate) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(..100) < percent
}

/// Up to `count` different items in random order.
pub(crate) fn sample<T>(rng: &mut Rng, items: impl Iterator<Item = T>, count: usize) -> Vec<T> {
    let mut items: Vec<_> = items.collect();
    let count = count.min(items.len());
    for place in 0..count {
        let other = rng.usize(place..items.len());
        items.swap(place, other);
    }
    items.truncate(count);
    items
}

/// A random UUID.
pub(crate) fn uuid(rng: &mut Rng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}

/// Thirty-two hexadecimal digits, in lower case.
pub(crate) fn hex32(rng: &mut Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

/// A random file name of 32 letters and digits, without extension.
pub(crate) fn file_name(rng: &mut Rng) -> String {
    std::iter::repeat_with(|| rng.alphanumeric()).take(32).collect()
}
