//! Deterministic random values: one generator for each named decision.

use fastrand::Rng;
use uuid::Uuid;

/// Returns the generator for the decision `name` and `number` with this `seed`.
///
/// Each decision has its own stream. A new field does not change the values of other fields.
pub(crate) fn stream(seed: u64, name: &str, number: u64) -> Rng {
    // FNV-1a of the name, then the finalizer of SplitMix64: consecutive numbers give unrelated streams.
    let named = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed ^ named ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Rng::with_seed(state ^ (state >> 31))
}

/// Returns one of `items` with equal probability. `items` must not be empty.
pub(crate) fn pick<'a, T>(rng: &mut Rng, items: &'a [T]) -> &'a T {
    &items[rng.usize(..items.len())]
}

/// Returns a value of `table`, whose entries are weights and values. `table` must not be empty.
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

/// Returns true with a probability of `percent` percent.
pub(crate) fn random(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(..100) < percent
}

/// Returns up to `count` different items in random order.
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

/// Returns a random UUID.
pub(crate) fn uuid(rng: &mut Rng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}

/// Returns 32 random hexadecimal digits, in lower case.
pub(crate) fn hex32(rng: &mut Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

/// Returns a random file name of 32 letters and digits, without extension.
pub(crate) fn file_name(rng: &mut Rng) -> String {
    std::iter::repeat_with(|| rng.alphanumeric()).take(32).collect()
}
