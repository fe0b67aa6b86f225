//! AES-128 in CBC mode with PKCS#7 padding, as HLS encrypts whole segments.

use aes::{
    Aes128,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use bytes::Bytes;

/// The bytes of a key.
pub(super) const KEY_SIZE: usize = 16;

/// The plain segment; fails with the reason when the padding gives away that segment and key do not belong together.
pub(super) fn decrypt(body: &[u8], key: &[u8; KEY_SIZE], iv: &[u8; 16]) -> Result<Bytes, &'static str> {
    if body.is_empty() || !body.len().is_multiple_of(16) {
        return Err("its length is not a multiple of 16 bytes");
    }
    let plain = cbc::Decryptor::<Aes128>::new(key.into(), iv.into()).decrypt_padded_vec::<Pkcs7>(body);
    plain.map(Bytes::from).map_err(|_| "the key is not that of the segment")
}
