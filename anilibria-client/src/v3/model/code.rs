//! Numbers that stand for words.

/// An enumeration by number that keeps the numbers it does not know.
macro_rules! codes {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// One that is not known here.
            Unknown(i64),
        }

        impl $name {
            /// Its number.
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::Unknown(number) => number,
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::Unknown(other),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.number())
            }
        }
    };
}

pub(super) use codes;
use serde::{Deserialize as _, Deserializer};

use crate::v3::wire::Scalar;

/// A code, where there is one.
#[expect(clippy::cast_possible_truncation, reason = "codes are small, and what is not is unknown")]
pub(super) fn code<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<i64>,
{
    Ok(Scalar::deserialize(deserializer)?.number().map(|number| T::from(number as i64)))
}
