//! Pages of lists.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub list: Vec<T>,
    /// Where it lies.
    pub pagination: Pagination,
}

/// Where a page lies in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pagination {
    /// How many pages there are.
    #[serde(deserialize_with = "wire::count")]
    pub pages: u64,
    /// Which one this is, from 1 on; 0 when none was asked for.
    #[serde(deserialize_with = "wire::count")]
    pub current_page: u64,
    /// How much is on a page.
    #[serde(deserialize_with = "wire::count")]
    pub items_per_page: u64,
    /// How much is on all pages.
    #[serde(deserialize_with = "wire::count")]
    pub total_items: u64,
}
