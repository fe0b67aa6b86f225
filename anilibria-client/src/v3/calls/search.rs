//! Searching.

use http::Method;

use crate::{
    request::Request,
    v3::{
        Client, Query, SortDirection,
        model::{Page, SeasonCode, Title},
    },
};

endpoint! {
    /// Titles by words and by what they are. Several values of one kind are alternatives to each other.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let title = client.title(7).await?;
    ///
    /// let found = client.search().text(title.names.ru.as_str()).years(title.season.year).await?;
    ///
    /// assert!(found.list.contains(&title));
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/search" => Client::search() -> Page<Title>;
    pub struct Search {
        /// Words of a name or a description; spelling may be off.
        text: str => "search",
        /// Years in which they were first shown.
        years: [u16] => "year",
        /// Kinds by name or number (`"TV"`, `"1"`).
        types: [String] => "type",
        /// Seasons in which they were first shown.
        seasons: [SeasonCode] => "season_code",
        /// Genres by name.
        genres: [String] => "genres",
        /// Whoever has worked on them, by nickname.
        team: [String] => "team",
        /// Whose voices are in them.
        voice: [String] => "voice",
        /// Who has translated them.
        translator: [String] => "translator",
        /// Who has made their subtitles.
        editing: [String] => "editing",
        /// Who has decorated them.
        decor: [String] => "decor",
        /// Who has timed them.
        timing: [String] => "timing",
        /// By what to order them: the path of a field (`"in_favorites"`, `"updated"`).
        order_by: str => "order_by",
        /// Which way to order them. Default: ascending.
        sort_direction: SortDirection => "sort_direction",
    }
}
shaped!(Search);
limited!(Search, Title);

impl Client {
    /// Titles for which a [query](Query) is true.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use anilibria_client::v3::{SortDirection, key};
    ///
    /// let query = key("season.year").ge(2015).and(key("genres").contains("Драма"));
    /// let found = client.advanced_search(query).order_by("in_favorites");
    ///
    /// println!("{:?}", found.sort_direction(SortDirection::Descending).await?.list);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// Calls `GET /title/search/advanced`.
    pub fn advanced_search(&self, query: impl Into<Query>) -> AdvancedSearch {
        let request = Request::new(Method::GET, "/title/search/advanced").needs("query|simple_query");
        let request = match query.into() {
            Query::Full(expression) => {
                let mut request = request.arg("query", expression.to_string());
                if let Some(reason) = expression.fault() {
                    request.refuse("query", reason);
                }
                request
            }
            Query::Simple(comparison) => request.arg("simple_query", comparison),
        };
        AdvancedSearch { client: self.client.clone(), request }
    }
}

endpoint! {
    => Client::advanced_search -> Page<Title>;
    pub struct AdvancedSearch {
        /// By what to order them: the path of a field (`"in_favorites"`, `"updated"`).
        order_by: str => "order_by",
        /// Which way to order them. Default: ascending.
        sort_direction: SortDirection => "sort_direction",
    }
}
shaped!(AdvancedSearch);
limited!(AdvancedSearch, Title);
