//! The median, which outliers affect least.

use std::cmp::Ordering;

/// Returns the median of all values; the greater one of the two middle values, or the default without values.
pub fn median<T: PartialOrd + Default>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(|one, two| one.partial_cmp(two).unwrap_or(Ordering::Equal));
    let middle = values.len() / 2;
    if middle < values.len() { values.swap_remove(middle) } else { T::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_outliers_do_not_matter() {
        assert_eq!(median([3, 1, 1000]), 3);
        assert_eq!(median(['b', 'a', 'd', 'c']), 'c');
        assert_eq!(median([0; 0]), 0);
    }
}
