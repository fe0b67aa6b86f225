//! Search by an expression.

use std::sync::Arc;

use anilibria_client::{
    model::ReleaseId,
    reflector::{Catalog, Sort},
};
use anilibria_http::{LoadFailure, problem::Problem};

use super::{
    gateway::Workers,
    order::{Order, SortKey},
    parameters::Parameters,
    query::{Budget, Query, SyntaxError},
    quota::RequestQuota,
    title::searchable,
};

/// A search by an expression.
#[derive(Clone, Debug)]
pub(super) struct AdvancedSearch {
    /// Name of the parameter that holds the expression.
    parameter: &'static str,
    query: Query,
    order: Option<Order>,
}

impl AdvancedSearch {
    /// Reads the parameters of a search by an expression.
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, Problem> {
        let (parameter, query) = match (parameters.text("query"), parameters.text("simple_query")) {
            (Some(query), _) => ("query", Query::parse(query)),
            (None, Some(query)) => ("simple_query", Query::parse_simple(query)),
            (None, None) => return Err(Problem::invalid("query", "is required, or `simple_query`")),
        };
        let query = query.map_err(|error| invalid_query(parameter, &error))?;
        Ok(Self { parameter, query, order: requested_order(parameters)? })
    }

    /// Returns the matching titles of the catalog, the last updated first unless an order is set.
    pub(super) async fn find(
        &self,
        catalog: Arc<Catalog>,
        workers: &Workers,
        quota: &RequestQuota,
    ) -> Result<Vec<ReleaseId>, LoadFailure> {
        let Self { parameter, query, order } = self.clone();
        quota.charge_search(query.patterns())?;
        let search = move || {
            let reads = |key: &str| query.reads(key) || order.as_ref().is_some_and(|order| order.reads(key));
            let evaluation = query.evaluation(Budget::default());
            let mut evaluation = evaluation.map_err(|error| invalid_query(parameter, &error))?;
            let mut found = Vec::new();
            for entry in catalog.query().sort(Sort::Updated).find().items {
                let title = searchable(&catalog, entry, |key| reads(key))?;
                let is_found =
                    evaluation.matches(&title).map_err(|exceeded| LoadFailure::InvalidParameter {
                        field: parameter,
                        reason: format!("is too expensive: {exceeded}").into(),
                    })?;
                if is_found {
                    found.push((order.as_ref().map(|order| order.sort_key(&title)), entry.id));
                }
            }
            Ok(sorted(found))
        };
        workers.searches.run(search).await
    }

    /// Returns the search as text. Equivalent spellings give the same text.
    pub(super) fn canonical(&self) -> String {
        format!("{} {:?}", self.query, self.order)
    }
}

fn invalid_query(parameter: &'static str, error: &SyntaxError) -> LoadFailure {
    LoadFailure::InvalidParameter { field: parameter, reason: format!("is invalid: {error}").into() }
}

/// Returns the titles `ids` in the given order.
pub(super) async fn sort_by_order(
    catalog: Arc<Catalog>,
    ids: Vec<ReleaseId>,
    order: Order,
    workers: &Workers,
) -> Result<Vec<ReleaseId>, LoadFailure> {
    let sort = move || {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(entry) = catalog.get(id) {
                let title = searchable(&catalog, entry, |key| order.reads(key))?;
                found.push((Some(order.sort_key(&title)), id));
            }
        }
        Ok(sorted(found))
    };
    workers.searches.run(sort).await
}

/// Reads the requested order; `None` if there is none.
pub(super) fn requested_order(parameters: &Parameters<'_>) -> Result<Option<Order>, Problem> {
    let is_descending = match parameters.number("sort_direction")?.unwrap_or(0) {
        0 => false,
        1 => true,
        _ => return Err(Problem::invalid("sort_direction", "must be 0 (ascending) or 1 (descending)")),
    };
    let Some(path) = parameters.text("order_by") else { return Ok(None) };
    let order = Order::parse(path, is_descending);
    order.map(Some).map_err(|error| Problem::invalid("order_by", format!("is invalid: {error}")))
}

/// Sorts titles by their sort keys. The sort is stable.
fn sorted(mut found: Vec<(Option<SortKey>, ReleaseId)>) -> Vec<ReleaseId> {
    found.sort_by(|(key, _), (other, _)| key.cmp(other));
    found.into_iter().map(|(_, id)| id).collect()
}
