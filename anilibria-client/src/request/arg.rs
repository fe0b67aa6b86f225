//! Arguments of calls.

use uuid::Uuid;

use super::{OUT_OF_RANGE, Param};
use crate::{
    Error, Result,
    model::id::{
        EpisodeId, FranchiseId, GenreId, InfoHash, ReleaseId, ReleaseRef, TorrentId, TorrentRef, UserId,
    },
};

/// An argument of a call: a `T`, a reference to one, or an integer of any type in place of an id.
///
/// An integer that `T` cannot hold is refused with [`Error::InvalidRequest`] when the call is sent.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use anilibria_client::Error;
///
/// let release = client.releases().get(1_u64).await?;
/// assert_eq!(client.releases().get(&release.alias).await?, release);
///
/// let error = client.releases().get(u64::MAX).await.unwrap_err();
/// assert!(matches!(error, Error::InvalidRequest { .. }));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arg<T>(pub(crate) Option<T>);

/// A number that is not negative.
pub(crate) type Number = Arg<u32>;

/// A year.
pub(crate) type Year = Arg<u16>;

impl<T> Arg<T> {
    /// Returns the value of the argument called `field`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the argument was an integer that `T` cannot hold.
    pub(crate) fn get(self, field: &str) -> Result<T> {
        let out_of_range = || Error::InvalidRequest { field: field.to_owned(), reason: OUT_OF_RANGE };
        self.0.ok_or_else(out_of_range)
    }

    /// Returns the values of arguments called `field`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if one of them was an integer that `T` cannot hold.
    pub(crate) fn get_all(field: &str, values: impl IntoIterator<Item = impl Into<Self>>) -> Result<Vec<T>> {
        values.into_iter().map(|value| value.into().get(field)).collect()
    }
}

impl<T: Into<Param>> From<Arg<T>> for Param {
    fn from(arg: Arg<T>) -> Self {
        arg.0.map_or(Self::OutOfRange, Into::into)
    }
}

impl<T, V: Clone> From<&V> for Arg<T>
where
    Self: From<V>,
{
    fn from(value: &V) -> Self {
        value.clone().into()
    }
}

/// Accepts all integers for types that a number identifies.
macro_rules! integers {
    ($($integer:ty),+) => { $(impl<T: TryFrom<i128>> From<$integer> for Arg<T> {
        fn from(number: $integer) -> Self {
            Self(i128::try_from(number).ok().and_then(|number| T::try_from(number).ok()))
        }
    })+ };
}

integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

/// Accepts values that convert into the target without loss.
macro_rules! values {
    ($($target:ty: $($value:ty),+;)+) => { $($(impl From<$value> for Arg<$target> {
        fn from(value: $value) -> Self {
            Self(Some(value.into()))
        }
    })+)+ };
}
#[cfg(feature = "v3")]
pub(crate) use values;

values! {
    String: String, &str;
    ReleaseRef: ReleaseRef, ReleaseId, String, &str;
    ReleaseId: ReleaseId;
    GenreId: GenreId;
    UserId: UserId;
    TorrentId: TorrentId;
    TorrentRef: TorrentRef, TorrentId, InfoHash;
    EpisodeId: EpisodeId, Uuid;
    FranchiseId: FranchiseId, Uuid;
}
