//! Decryption of whole segments: AES-128 in CBC mode with PKCS#7 padding.

use aes::{
    Aes128,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use bytes::Bytes;

/// The size of a key in bytes.
pub(super) const KEY_SIZE: usize = 16;

/// Returns the plain segment, or the reason why `body` is not a segment that was encrypted with `key`.
pub(super) fn decrypt(body: &[u8], key: &[u8; KEY_SIZE], iv: &[u8; 16]) -> Result<Bytes, &'static str> {
    if body.is_empty() || !body.len().is_multiple_of(16) {
        return Err("its length is not a multiple of 16 bytes");
    }
    let plain = cbc::Decryptor::<Aes128>::new(key.into(), iv.into()).decrypt_padded_vec::<Pkcs7>(body);
    plain.map(Bytes::from).map_err(|_| {
        "it has no valid PKCS#7 padding: it was encrypted without padding, it is damaged, or the key is wrong"
    })
}
