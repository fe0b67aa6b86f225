//! Enums that v3 encodes as numbers.

/// Declares an enum with numeric codes that keeps unknown codes.
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
            /// A code that this version does not know.
            Unknown(i64),
        }

        impl $name {
            /// Returns the numeric code.
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

/// Reads a code; `None` for other values.
#[expect(clippy::cast_possible_truncation, reason = "known codes are small, and others are unknown")]
pub(super) fn code<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<i64>,
{
    Ok(Scalar::deserialize(deserializer)?.number().map(|number| T::from(number as i64)))
}
