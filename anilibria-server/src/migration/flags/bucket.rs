//! Assignment of users to the buckets of a rollout.

use sha2::{Digest as _, Sha256};

/// Text that is hashed for users who are not authenticated.
const ANONYMOUS: &str = "anonymous";

/// Returns the bucket of `user`, 0 to 99. It is the same in every process, on every machine and in every version. A feature is
/// on for the buckets below its percentage. It therefore stays on for the same users while the percentage stays the same or
/// grows.
///
/// The bucket is the remainder by 100 of the first four bytes (big-endian) of the SHA-256 of the id in decimal digits;
/// without a user, of the word `anonymous`. In Python: `int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big") %
/// 100`; in Node.js: `crypto.createHash("sha256").update(id).digest().readUInt32BE(0) % 100`.
pub fn bucket(user: Option<u64>) -> u8 {
    let text = user.map_or_else(|| ANONYMOUS.to_owned(), |user| user.to_string());
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(text));
    u8::try_from(u32::from_be_bytes([a, b, c, d]) % 100).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_of_a_user_never_changes() {
        let users = [None, Some(1), Some(7), Some(42), Some(1000), Some(u64::MAX)];

        assert_eq!(users.map(bucket), [42, 19, 43, 28, 13, 54]);
    }

    #[test]
    fn users_are_distributed_evenly() {
        let users = (1..=10_000).filter(|user| bucket(Some(*user)) < 10).count();

        assert_eq!(users, 994);
    }
}
