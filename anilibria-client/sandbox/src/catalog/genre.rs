//! Genres, with names and ids like those of the live service.

use fastrand::Rng;

/// A genre.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Genre {
    pub(crate) id: u8,
    pub(crate) name: &'static str,
}

const fn genre(id: u8, name: &'static str) -> Genre {
    Genre { id, name }
}

/// All genres, the most frequent first. Ids are 1 to 36 without 14.
pub(crate) static GENRES: [Genre; 35] = [
    genre(21, "Комедия"),
    genre(25, "Приключения"),
    genre(15, "Фэнтези"),
    genre(32, "Сёнен"),
    genre(36, "Экшен"),
    genre(28, "Романтика"),
    genre(35, "Школа"),
    genre(18, "Драма"),
    genre(24, "Повседневность"),
    genre(33, "Сверхъестественное"),
    genre(34, "Фантастика"),
    genre(23, "Мистика"),
    genre(20, "Исекай"),
    genre(30, "Сэйнен"),
    genre(22, "Магия"),
    genre(26, "Психологическое"),
    genre(1, "Боевые искусства"),
    genre(12, "Этти"),
    genre(31, "Триллер"),
    genre(9, "Исторический"),
    genre(27, "Спорт"),
    genre(7, "Демоны"),
    genre(8, "Детектив"),
    genre(11, "Музыка"),
    genre(5, "Гарем"),
    genre(29, "Сёдзё"),
    genre(10, "Меха"),
    genre(13, "Ужасы"),
    genre(19, "Игры"),
    genre(2, "Вампиры"),
    genre(4, "Военное"),
    genre(16, "Киберпанк"),
    genre(17, "Супер сила"),
    genre(6, "Дзёсей"),
    genre(3, "Безумие"),
];

/// Returns the genre with this id.
pub(crate) fn find(id: i64) -> Option<&'static Genre> {
    GENRES.iter().find(|genre| i64::from(genre.id) == id)
}

/// Returns all genres, ordered by id.
pub(crate) fn by_id() -> Vec<&'static Genre> {
    let mut genres: Vec<_> = GENRES.iter().collect();
    genres.sort_unstable_by_key(|genre| genre.id);
    genres
}

/// Genres of a release, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GenreSet(u64);

impl GenreSet {
    /// Generates two to five genres. Frequent genres are more probable.
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let count = rng.u32(2..=5);
        let mut set = Self::default();
        while set.0.count_ones() < count {
            // The smaller of two random positions prefers the start of the list.
            let position = rng.usize(..GENRES.len()).min(rng.usize(..GENRES.len()));
            set.0 |= 1 << GENRES[position].id;
        }
        set
    }

    pub(crate) fn contains(self, genre: &Genre) -> bool {
        self.0 & (1 << genre.id) != 0
    }

    /// Genres of the set, ordered by id.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'static Genre> {
        (0..64).filter(move |id| self.0 & (1 << id) != 0).filter_map(find)
    }

    /// Returns the number of common genres.
    pub(crate) fn shared(self, other: Self) -> u32 {
        (self.0 & other.0).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_and_names_are_unique_and_the_ids_have_a_gap() {
        let ids: HashSet<_> = GENRES.iter().map(|genre| genre.id).collect();
        let names: HashSet<_> = GENRES.iter().map(|genre| genre.name).collect();

        assert_eq!((ids.len(), names.len()), (35, 35));
        assert_eq!(ids.iter().max(), Some(&36));
        assert_eq!(find(14), None);
    }
}
