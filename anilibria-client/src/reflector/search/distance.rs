//! Number of typing errors between two words.

/// Maximum length of a compared word, in letters.
pub(super) const MAX_WORD: usize = 32;

/// Returns the number of letters that are inserted, deleted, replaced or swapped with the next between the words; `None` if
/// it is more than `most`, or if a word is longer than [`MAX_WORD`].
pub(super) fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most || one.len().max(other.len()) > MAX_WORD {
        return None;
    }
    // Three rows of the table of distances between prefixes: a swap refers to the row before the last.
    let mut before = [0; MAX_WORD + 1];
    let mut last: [usize; MAX_WORD + 1] = std::array::from_fn(|column| column);
    let mut swapped = None;
    for (row, letter) in one.iter().enumerate() {
        let mut next = [0; MAX_WORD + 1];
        next[0] = row + 1;
        for (column, opposite) in other.iter().enumerate() {
            let change = last[column] + usize::from(letter != opposite);
            let mut best = change.min(last[column + 1] + 1).min(next[column] + 1);
            let is_swap = column > 0 && swapped == Some(opposite) && other.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(before[column - 1] + 1);
            }
            next[column + 1] = best;
        }
        if next[..=other.len()].iter().all(|distance| *distance > most) {
            return None;
        }
        swapped = Some(letter);
        (before, last) = (last, next);
    }
    Some(last[other.len()]).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_counts_one() {
        let between = |one: &str, other: &str, most| {
            let letters = |word: &str| word.chars().collect::<Vec<_>>();
            distance(&letters(one), &letters(other), most)
        };

        assert_eq!(between("титан", "титан", 0), Some(0));
        assert_eq!(between("титан", "титаан", 1), Some(1));
        assert_eq!(between("титан", "итан", 1), Some(1));
        assert_eq!(between("титан", "питан", 1), Some(1));
        assert_eq!(between("титан", "тиатн", 1), Some(1));
        assert_eq!(between("титан", "птиатн", 1), None);
        assert_eq!(between("титан", "птиатн", 2), Some(2));
    }
}
