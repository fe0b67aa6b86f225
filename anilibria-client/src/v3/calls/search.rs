//! Search for titles.

use http::Method;

use super::{Call, Limited, TitleOptions};
use crate::{
    call::{Paged, Projected},
    request::{Arg, Request, Year},
    v3::{
        Client, Query, SortDirection,
        model::{Page, SeasonCode, Title},
    },
};

endpoint! {
    /// Searches titles by text and by filters. Several values of one filter are alternatives.
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
    pub struct Search: Projected, TitleOptions, Limited, Paged<Title> {
        /// Selects titles by words of a name or a description. Typing errors are tolerated.
        text: String => "search",
        /// Selects titles by the year in which they were first shown.
        years: [Year] => "year",
        /// Selects titles by kind: its name or number (`"TV"`, `"1"`).
        types: [Arg<String>] => "type",
        /// Selects titles by the season in which they were first shown.
        seasons: [SeasonCode] => "season_code",
        /// Selects titles by the name of a genre.
        genres: [Arg<String>] => "genres",
        /// Selects titles by the nickname of any member of the team.
        team: [Arg<String>] => "team",
        /// Selects titles by the nickname of a voice actor.
        voice: [Arg<String>] => "voice",
        /// Selects titles by the nickname of a translator.
        translator: [Arg<String>] => "translator",
        /// Selects titles by the nickname of a subtitle editor.
        editing: [Arg<String>] => "editing",
        /// Selects titles by the nickname of a designer.
        decor: [Arg<String>] => "decor",
        /// Selects titles by the nickname of a timing editor.
        timing: [Arg<String>] => "timing",
        /// Sets the field to order by, as a path (`"in_favorites"`, `"updated"`).
        order_by: String => "order_by",
        /// Sets the direction of the order. Default: ascending.
        sort_direction: SortDirection => "sort_direction",
    }
}

impl<R: Clone> Client<R> {
    /// Searches titles for which a [query](Query) is true.
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
    pub fn advanced_search(&self, query: impl Into<Query>) -> AdvancedSearch<R> {
        let request = Request::new(Method::GET, "/title/search/advanced").requires("query|simple_query");
        let request = match query.into() {
            Query::Full(expression) => {
                let mut request = request.arg("query", expression.to_string());
                if let Some(reason) = expression.error() {
                    request.refuse("query", reason);
                }
                request
            }
            Query::Simple(comparison) => request.arg("simple_query", comparison),
        };
        Call::new(&self.client, &self.runtime, request)
    }
}

endpoint! {
    => Client::advanced_search -> Page<Title>;
    pub struct AdvancedSearch: Projected, TitleOptions, Limited, Paged<Title> {
        /// Sets the field to order by, as a path (`"in_favorites"`, `"updated"`).
        order_by: String => "order_by",
        /// Sets the direction of the order. Default: ascending.
        sort_direction: SortDirection => "sort_direction",
    }
}
