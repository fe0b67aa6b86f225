//! The keys of a stream.

use std::collections::{BTreeSet, HashMap};

use url::Url;

use super::{
    Cipher,
    reader::Fault,
    tags::{Attributes, initialisation_vector},
    variables::shown,
};

/// The format of a key that is a file of 16 bytes.
const IDENTITY: &str = "identity";

/// A key in force.
#[derive(Clone, Copy, Debug)]
struct Key {
    number: usize,
    /// The initialisation vector, if the playlist has one.
    iv: Option<[u8; 16]>,
}

/// The keys of a stream, each once, and those in force.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) urls: Vec<Url>,
    numbers: HashMap<Url, usize>,
    current: Option<Key>,
    /// The other formats (`KEYFORMAT`) in force. Their keys belong to systems that this crate does not support.
    other_formats: BTreeSet<String>,
}

impl Keys {
    /// Applies a `#EXT-X-KEY` tag. `resolve` makes a URL of an address in the playlist.
    pub(super) fn change(
        &mut self,
        attributes: &Attributes<'_>,
        resolve: impl FnOnce(&str) -> Result<Url, Fault>,
    ) -> Result<(), Fault> {
        let method = attributes.get("METHOD").ok_or_else(|| Fault::invalid("#EXT-X-KEY has no METHOD"))?;
        let format = attributes.get("KEYFORMAT").unwrap_or(IDENTITY);
        match method {
            "NONE" => {
                self.current = None;
                self.other_formats.clear();
            }
            _ if format != IDENTITY => {
                self.other_formats.insert(format.to_owned());
            }
            "AES-128" => {
                let address = attributes.get("URI").ok_or_else(|| Fault::invalid("#EXT-X-KEY has no URI"))?;
                let iv = attributes.get("IV").map(|iv| {
                    initialisation_vector(iv)
                        .ok_or_else(|| Fault::invalid("the IV of #EXT-X-KEY is not 128 bits"))
                });
                let iv = iv.transpose()?;
                self.current = Some(Key { number: self.number(resolve(address)?), iv });
            }
            method => return Err(Fault::unsupported(format!("#EXT-X-KEY with METHOD {}", shown(method)))),
        }
        Ok(())
    }

    /// Returns the cipher of the segment with this number in the stream. The number is the initialisation vector if
    /// the playlist has none.
    pub(super) fn of_segment(&self, number: u128) -> Result<Option<Cipher>, Fault> {
        let cipher =
            |key: Key| Cipher { key: key.number, iv: key.iv.unwrap_or_else(|| number.to_be_bytes()) };
        Ok(self.in_force()?.map(cipher))
    }

    /// Returns the cipher of an initialisation segment, which has no number.
    pub(super) fn of_map(&self) -> Result<Option<Cipher>, Fault> {
        let without_iv = || Fault::invalid("#EXT-X-MAP is encrypted, but its #EXT-X-KEY has no IV");
        let cipher = |key: Key| Ok(Cipher { key: key.number, iv: key.iv.ok_or_else(without_iv)? });
        self.in_force()?.map(cipher).transpose()
    }

    fn in_force(&self) -> Result<Option<Key>, Fault> {
        if self.current.is_none() && !self.other_formats.is_empty() {
            let formats: Vec<_> = self.other_formats.iter().take(4).map(|format| shown(format)).collect();
            return Err(Fault::unsupported(format!("#EXT-X-KEY with KEYFORMAT {}", formats.join(", "))));
        }
        Ok(self.current)
    }

    fn number(&mut self, url: Url) -> usize {
        let next = self.urls.len();
        *self.numbers.entry(url).or_insert_with_key(|url| {
            self.urls.push(url.clone());
            next
        })
    }
}
