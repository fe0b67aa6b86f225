//! The macros of the crate: [`endpoint!`] declares an endpoint, [`group!`] a group of endpoints, [`id!`] an id, and
//! [`open_enum!`] an enum that keeps unknown values.

/// Declares one endpoint of the API: its marker type, the alias of its [`Call`](crate::call::Call), the accessor that
/// makes the call, and the setters of its parameters.
///
/// ```text
/// endpoint! {
///     /// First line of the documentation of the accessor.
///     GET "/path/{argument}" [flag] => Group::accessor(argument: Type) -> Output as WireForm => reader;
///     pub struct CallAlias: Projected, Paged<Item> {
///         /// Documentation of the setter.
///         name: Type => "wire_name",
///     }
/// }
/// ```
///
/// - The group, the call and its setters are generic over the runtime `R`, so that one declaration makes the calls that are
///   awaited and those that block.
/// - An argument replaces `{argument}` in the path, or is sent as a parameter if the path does not contain it.
/// - Flags are builder methods of [`Request`](crate::request::Request): `session`, `or_post`, `page_limit(30)`, `in_query`,
///   `as_form`, `requires("key")`.
/// - The output decides how the response is decoded: `Vec<T>` and `Page<T>` item by item, other types as a whole.
///   `as WireForm` decodes another type and converts it, `as OneOrMany` reads a single object as a list, and
///   `=> reader` calls a function of `client::read` with the bytes.
/// - The traits after the alias add methods to the call.
/// - With `=> Group::accessor -> Output;` in place of method and path, the macro creates no accessor: write it by hand.
/// - `[Type]` is a list, `(Type)` a list that is joined by commas in a body too. Parameters and items convert with
///   `Into`, so that borrowed forms and, for [`Arg`](crate::request::Arg), all integers are accepted.
macro_rules! endpoint {
    (
        $(#[$doc:meta])*
        $method:ident $path:literal $([$($flag:ident $(($value:literal))?),+])?
            => $group:ident::$name:ident($($arg:ident: $argty:ty),*) -> $output:tt $(<$inner:ty>)?
            $(as $wire:tt $(<$wired:ty>)?)? $(=> $reader:ident)?;
        pub struct $call:ident $($declaration:tt)*
    ) => {
        impl<R: Clone> $group<R> {
            $(#[$doc])*
            ///
            #[doc = concat!("Calls `", stringify!($method), " ", $path, "`.")]
            pub fn $name(&self, $($arg: impl Into<$argty>),*) -> $call<R> {
                let request = $crate::request::Request::new(http::Method::$method, $path)
                    $($(.$flag($($value)?))+)?
                    $(.arg(stringify!($arg), Into::<$argty>::into($arg)))*;
                Call::new(&self.client, &self.runtime, request)
            }
        }

        endpoint! {
            => $group::$name -> $output $(<$inner>)? $(as $wire $(<$wired>)?)? $(=> $reader)?;
            pub struct $call $($declaration)*
        }
    };

    (
        => $group:ident::$name:ident -> $output:tt $(<$inner:ty>)?
            $(as $wire:tt $(<$wired:ty>)?)? $(=> $reader:ident)?;
        pub struct $call:ident $(: $($ability:ident $(<$item:ty>)?),+)? {
            $($(#[$field_doc:meta])* $field:ident: $ty:tt => $key:literal,)*
        }
    ) => {
        #[doc = concat!("Call of [`", stringify!($group), "::", stringify!($name), "`].")]
        pub type $call<R = $crate::call::Async> = Call<$name::$call, R>;

        mod $name {
            #[doc = concat!("Marker type of [`", stringify!($call), "`](super::", stringify!($call), ").")]
            pub enum $call {}
        }

        impl $crate::call::Endpoint for $name::$call {
            type Output = $output $(<$inner>)?;

            fn send(
                client: $crate::Client,
                request: $crate::request::Request,
            ) -> $crate::runtime::CallFuture<$crate::Result<Self::Output>> {
                Box::pin(async move {
                    endpoint!(@send &client, &request,
                        $output $(<$inner>)? $(as $wire $(<$wired>)?)? $(=> $reader)?)
                })
            }
        }

        $($(impl $ability for $name::$call {
            $(type Item = $item;)?
        })+)?

        $(impl<R> $call<R> {
            endpoint!(@setter $(#[$field_doc])* $field $ty $key);
        })*
    };

    (@send $client:expr, $request:expr, $output:tt $(<$inner:ty>)? => $reader:ident) => {
        $client.fetch_bytes($request).await.and_then($crate::client::read::$reader)
    };
    (@send $client:expr, $request:expr, Vec<$inner:ty> as OneOrMany) => {
        $crate::call::one_or_many::<$inner>($client, $request).await
    };
    (@send $client:expr, $request:expr, $output:tt $(<$inner:ty>)? as $wire:tt $(<$wired:ty>)?) => {
        $crate::model::wire::IntoOutput::into_output($client.fetch::<$wire $(<$wired>)?>($request).await?)
    };
    (@send $client:expr, $request:expr, Vec<$inner:ty>) => { $crate::call::list::<$inner>($client, $request).await };
    (@send $client:expr, $request:expr, Page<$inner:ty>) => { Page::<$inner>::fetch($client, $request).await };
    (@send $client:expr, $request:expr, $output:tt) => { $client.fetch($request).await };

    (@setter $(#[$doc:meta])* $field:ident [$ty:ty] $key:literal) => {
        $(#[$doc])*
        pub fn $field(mut self, values: impl IntoIterator<Item = impl Into<$ty>>) -> Self {
            self.request.extend_list($key, values.into_iter().map(Into::<$ty>::into));
            self
        }
    };
    (@setter $(#[$doc:meta])* $field:ident ($ty:ty) $key:literal) => {
        $(#[$doc])*
        pub fn $field(mut self, values: impl IntoIterator<Item = impl Into<$ty>>) -> Self {
            self.request.extend_joined($key, values.into_iter().map(Into::<$ty>::into));
            self
        }
    };
    (@setter $(#[$doc:meta])* $field:ident $ty:ident $key:literal) => {
        $(#[$doc])*
        pub fn $field(mut self, value: impl Into<$ty>) -> Self {
            self.request.set($key, Into::<$ty>::into(value));
            self
        }
    };
}

/// Declares a group of endpoints and the methods of [`Client`](crate::Client) and of `blocking::Client` that return it.
macro_rules! group {
    ($(#[$doc:meta])* $group:ident, $accessor:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $group<R = $crate::call::Async> {
            client: $crate::Client,
            runtime: R,
        }

        impl $crate::Client {
            $(#[$doc])*
            pub fn $accessor(&self) -> $group {
                $group { client: self.clone(), runtime: $crate::call::Async }
            }
        }

        #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
        impl $crate::blocking::Client {
            $(#[$doc])*
            pub fn $accessor(&self) -> $group<$crate::blocking::Runtime> {
                $group { client: self.as_async().clone(), runtime: self.runtime().clone() }
            }
        }
    };
}

/// Declares an id: a newtype, so that ids of different kinds cannot be confused. In JSON it is its plain value.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// Returns the plain value.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                *value
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = <$inner as std::str::FromStr>::Err;

            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

/// Declares an enum over strings that keeps a value it does not know as `Unknown` and writes it back unchanged.
macro_rules! open_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value that this version of the crate does not know, unchanged.
            Unknown(String),
        }

        impl $name {
            /// All known values, in the order of the service's documentation.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the value as the service writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                text.as_str().into()
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                text.as_str().into()
            }
        }

        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                value.clone()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::model::wire::Text(std::marker::PhantomData))
            }
        }
    };
}
