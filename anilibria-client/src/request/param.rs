//! Values of parameters, and their conversions.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::OnceLock,
};

use serde_json::Value;

use crate::{model::id::ReleaseRef, secret::Secret};

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Param {
    /// A whole number.
    Int(u64),
    /// Text, or anything that is written as text.
    Text(String),
    /// Several values: joined by commas in a query, an array in a body.
    List(Vec<Param>),
    /// Several values that are joined by commas in a body as well.
    Joined(Vec<Param>),
    /// Confidential text.
    Secret(Secret),
    /// A number that the parameter cannot hold. A request with such a parameter is refused when it is sent.
    OutOfRange,
}

impl Param {
    pub(super) fn joined(&self) -> String {
        match self {
            Self::Int(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(list) | Self::Joined(list) => {
                list.iter().map(Self::joined).collect::<Vec<_>>().join(",")
            }
            Self::Secret(secret) => secret.expose().to_owned(),
            Self::OutOfRange => String::new(),
        }
    }

    /// Returns the value as text for a cache key, without secrets.
    pub(super) fn cache_text(&self) -> String {
        static KEYS: OnceLock<RandomState> = OnceLock::new();
        match self {
            Self::Secret(secret) => {
                format!("{:016x}", KEYS.get_or_init(RandomState::new).hash_one(secret.expose()))
            }
            value => value.joined(),
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Int(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::List(list) => list.iter().map(Self::json).collect(),
            Self::Joined(_) | Self::Secret(_) => Value::from(self.joined()),
            Self::OutOfRange => Value::Null,
        }
    }

    /// True if the value, or one in the list, is out of range.
    pub(super) fn is_out_of_range(&self) -> bool {
        match self {
            Self::OutOfRange => true,
            Self::List(list) | Self::Joined(list) => list.iter().any(Self::is_out_of_range),
            Self::Int(_) | Self::Text(_) | Self::Secret(_) => false,
        }
    }
}

impl From<u64> for Param {
    fn from(number: u64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Param {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u8> for Param {
    fn from(number: u8) -> Self {
        Self::Int(number.into())
    }
}

impl From<u16> for Param {
    fn from(number: u16) -> Self {
        Self::Int(number.into())
    }
}

impl From<Secret> for Param {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<ReleaseRef> for Param {
    fn from(release: ReleaseRef) -> Self {
        match release {
            ReleaseRef::Id(id) => id.into(),
            ReleaseRef::Alias(alias) => alias.into(),
        }
    }
}

/// Converts types that are written as text into parameters.
macro_rules! text_params {
    ($($ty:ty),+ $(,)?) => { $(impl From<$ty> for Param {
        fn from(value: $ty) -> Self {
            Self::Text(value.to_string())
        }
    })+ };
}

/// Converts ids that are numbers into parameters.
macro_rules! number_params {
    ($($ty:ty),+ $(,)?) => { $(impl From<$ty> for Param {
        fn from(value: $ty) -> Self {
            Self::Int(value.get().into())
        }
    })+ };
}

number_params!(crate::model::id::ReleaseId, crate::model::id::GenreId);
text_params!(
    crate::model::release::ReleaseKind,
    crate::model::release::Season,
    crate::model::release::AgeRating,
    crate::model::catalog::CatalogSorting,
    crate::model::catalog::PublishStatus,
    crate::model::catalog::ProductionStatus,
    crate::model::collection::CollectionKind,
    crate::model::favorite::FavoriteSorting,
    crate::model::account::SocialProvider,
    crate::model::id::EpisodeId,
    crate::model::id::FranchiseId,
    crate::model::id::TorrentRef,
);
