//! The three macros of the crate: [`endpoint!`] declares an operation, [`id!`] an id, [`open_enum!`] an enum that
//! keeps values it does not know.

/// Declares one operation of the API: its accessor, its request type and everything a request can do.
///
/// ```text
/// endpoint! {
///     /// What the operation gives.
///     GET "/path/{argument}" [flag] => Group::accessor(argument: Type) -> Output as WireForm => reader;
///     pub struct RequestType: Fields, Paged<Item> {
///         /// An optional parameter.
///         name: Type => "wire_name",
///     }
/// }
/// ```
///
/// - Required arguments fill `{argument}` in the path; one that has no place there goes where the other parameters go,
///   under its name: into the query of a GET, into the JSON body of anything else.
/// - `[session]`: the operation needs a session; it is refused before it is sent when there is none.
/// - `[twin]`: the operation exists as GET and POST; the request takes POST when its URL would get too long.
/// - `[page_limit(30)]`: a page holds fewer items than the usual 50.
/// - `as WireForm`: the answer is decoded as that type and converted, where the service has more than one form.
/// - `=> reader`: the answer is no JSON; a function of `client::read` makes the output of its bytes.
/// - `Fields` adds `include`, `exclude` and `fetch_as`; `Paged<Item>` adds `page`, `limit`, `pages`, `items` and `window`.
/// - `=> Group::accessor -> Output;` in place of method and path: the accessor is written out beside it.
/// - `[in_query]`, `[as_form]`: where the parameters of a write go, if not into JSON; `[needs("key")]`: the request is
///   refused without that parameter.
/// - A parameter type in brackets, `[Type]`, takes any iterator; so does `(Type)`, which stays a comma list in a body;
///   `str` takes text.
macro_rules! endpoint {
    (
        $(#[$doc:meta])*
        $method:ident $path:literal $([$($flag:ident $(($value:literal))?),+])? => $group:ident::$name:ident($($arg:ident: $argty:ty),*)
            -> $output:ty $(as $wire:ty)? $(=> $reader:ident)?;
        pub struct $call:ident $(: $($shared:ident $(<$item:ty>)?),+)? {
            $($(#[$field_doc:meta])* $field:ident: $ty:tt => $key:literal,)*
        }
    ) => {
        impl $group {
            $(#[$doc])*
            ///
            #[doc = concat!("Calls `", stringify!($method), " ", $path, "`.")]
            pub fn $name(&self, $($arg: impl Into<$argty>),*) -> $call {
                let request = $crate::request::Request::new(http::Method::$method, $path)
                    $($(.$flag($($value)?))+)?
                    $(.arg(stringify!($arg), Into::<$argty>::into($arg)))*;
                $call { client: self.client.clone(), request }
            }
        }

        endpoint! {
            => $group::$name -> $output $(as $wire)? $(=> $reader)?;
            pub struct $call $(: $($shared $(<$item>)?),+)? {
                $($(#[$field_doc])* $field: $ty => $key,)*
            }
        }
    };

    (
        => $group:ident::$name:ident -> $output:ty $(as $wire:ty)? $(=> $reader:ident)?;
        pub struct $call:ident $(: $($shared:ident $(<$item:ty>)?),+)? {
            $($(#[$field_doc:meta])* $field:ident: $ty:tt => $key:literal,)*
        }
    ) => {
        #[doc = concat!("Request of [`", stringify!($group), "::", stringify!($name), "`]; await it to send it.")]
        #[derive(Clone, Debug)]
        #[must_use = "a request does nothing until it is awaited"]
        pub struct $call {
            client: $crate::Client,
            request: $crate::request::Request,
        }

        impl $call {
            $(endpoint!(@setter $(#[$field_doc])* $field $ty $key);)*

            /// How long this call may take, in place of the client's own limit.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.request = self.request.timeout(timeout);
                self
            }

            /// When this call is tried again, in place of the client's own policy.
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.request = self.request.retry(policy);
                self
            }

            /// How long the answer may come from the client's cache, in place of what its kind allows.
            #[cfg(feature = "cache")]
            pub fn cache_for(mut self, ttl: std::time::Duration) -> Self {
                self.request.set_caching($crate::request::Caching::For(ttl));
                self
            }

            /// Asks the service whatever is cached, and caches nothing.
            #[cfg(feature = "cache")]
            pub fn uncached(mut self) -> Self {
                self.request.set_caching($crate::request::Caching::Never);
                self
            }

            /// The request as a plain value: to log it, to compare it in a test, to make a key of it.
            pub fn request(&self) -> &$crate::request::Request {
                &self.request
            }
        }

        impl IntoFuture for $call {
            type Output = $crate::Result<$output>;
            type IntoFuture = $crate::runtime::CallFuture<Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move { endpoint!(@decode self $(as $wire)? $(=> $reader)?) })
            }
        }

        $($(endpoint!(@shared $shared $(<$item>)? $call);)+)?
    };

    (@decode $self:ident) => { $self.client.fetch(&$self.request).await };
    (@decode $self:ident => $reader:ident) => {
        $self.client.fetch_bytes(&$self.request).await.and_then($crate::client::read::$reader)
    };
    (@decode $self:ident as $wire:ty) => { $crate::model::wire::Unwire::unwire($self.client.fetch::<$wire>(&$self.request).await?) };

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
            let values = values.into_iter().map(|value| Into::<$ty>::into(value).to_string());
            self.request.extend_joined($key, values);
            self
        }
    };
    (@setter $(#[$doc:meta])* $field:ident str $key:literal) => {
        $(#[$doc])*
        pub fn $field(mut self, text: impl Into<String>) -> Self {
            self.request.set($key, text.into());
            self
        }
    };
    (@setter $(#[$doc:meta])* $field:ident $ty:ident $key:literal) => {
        $(#[$doc])*
        pub fn $field(mut self, value: $ty) -> Self {
            self.request.set($key, value);
            self
        }
    };

    (@shared Fields $call:ident) => {
        impl $call {
            /// Only these fields of the answer; dots go into objects and lists (`"genres.name"`).
            ///
            /// Decode a narrowed answer with `fetch_as` when it lacks fields that the model needs.
            pub fn include(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.request.extend_joined("include", fields);
                self
            }

            /// All fields but these; wins over `include`.
            pub fn exclude(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.request.extend_joined("exclude", fields);
                self
            }

            /// Sends the request and decodes the answer into the caller's own type, which fits whatever a
            /// projection has left.
            pub async fn fetch_as<T: serde::de::DeserializeOwned>(self) -> $crate::Result<T> {
                self.client.fetch(&self.request).await
            }
        }
    };
    (@shared Paged<$item:ty> $call:ident) => {
        impl $call {
            /// Number of the page, from 1. The service takes 1 when unset.
            pub fn page(mut self, page: u32) -> Self {
                self.request.set("page", page);
                self
            }

            /// Items on a page. The service takes 15 when unset, and refuses more than 50 (30 for
            /// the releases of a genre).
            pub fn limit(mut self, limit: u32) -> Self {
                self.request.set("limit", limit);
                self
            }

            /// The pages one after another, from the one that is set (the first, when none is); the next page is
            /// fetched while the caller works on the present one. Ends after the last page or the first error.
            pub fn pages(self) -> $crate::page::PageStream<$item> {
                $crate::page::pages(self.client, self.request)
            }

            /// All items of all pages, page by page as [`pages`](Self::pages) fetches them.
            pub fn items(self) -> $crate::page::ItemStream<$item> {
                $crate::page::items(self.client, self.request)
            }

            /// The `len` items from `offset` on, whatever pages they lie on, and how many there are in all.
            pub async fn window(self, offset: u64, len: u32) -> $crate::Result<$crate::page::Window<$item>> {
                $crate::page::window(self.client, self.request, offset, len).await
            }
        }
    };
}

/// Declares a group of operations, reached by a method of [`Client`](crate::Client).
macro_rules! group {
    ($(#[$doc:meta])* $group:ident, $accessor:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $group {
            client: $crate::Client,
        }

        impl $crate::Client {
            $(#[$doc])*
            pub fn $accessor(&self) -> $group {
                $group { client: self.clone() }
            }
        }
    };
}

/// Declares an id: a newtype that cannot be mistaken for another id and reads as its plain value on the wire.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The plain value.
            pub const fn get(self) -> $inner {
                self.0
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
            /// A value that this version of the crate does not know, as it came.
            Unknown(String),
        }

        impl $name {
            /// Every value that is known, in the order of the service's document.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// The value as the service writes it.
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
