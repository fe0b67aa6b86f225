//! Results of a search and their order.

use anilibria_client::reflector::{Order, Sort};

use crate::fixture::{Fixture, ids, named, search};

#[test]
fn exact_comes_before_prefix_before_word_before_part_before_similar() {
    let catalog = named(&[
        ("Титак", "", ""),
        ("Сверхтитаны", "", ""),
        ("Атака титанов", "", ""),
        ("Титаник", "", ""),
        ("Титан", "", ""),
    ]);

    assert_eq!(search(&catalog, "титан"), [5, 4, 3, 2, 1]);
}

#[test]
fn every_name_is_searched_and_alternatives_one_by_one() {
    let catalog = named(&[("Один", "Shokugeki no Souma", "Food Wars, Повар-боец Сома"), ("Два", "", "")]);

    for text in ["один", "shokugeki NO souma", "food wars", "повар-боец СОМА", "war", "боец"]
    {
        assert_eq!(search(&catalog, text), [1], "{text}");
    }
}

#[test]
fn ties_go_to_the_higher_id_and_an_order_takes_the_place_of_the_best_match() {
    let catalog = named(&[("Титан один", "", ""), ("Титан два", "", ""), ("Титан", "", "")]);

    assert_eq!(search(&catalog, "титан"), [3, 2, 1]);
    let sorted = catalog.query().search("титан").sort(Sort::Id).order(Order::Ascending).find();
    assert_eq!(ids(sorted.items), [1, 2, 3]);
}

#[test]
fn literal_search_finds_what_has_the_text_and_nothing_similar() {
    let catalog = named(&[("Титан", "", ""), ("Сверхтитаны", "", ""), ("Титак", "", ""), ("Наруто", "", "")]);
    let literal = |text: &str| ids(catalog.query().search(text).literal().find().items);

    assert_eq!(literal("ТИТАН"), [1, 2]);
    assert_eq!(literal("naruto"), [0; 0]);
    assert_eq!(literal("титаг"), [0; 0]);
}

#[test]
fn yo_case_and_punctuation_do_not_matter() {
    let catalog = named(&[("Моё «Ёлка»: возвращение!", "", "")]);

    for text in ["мое елка", "МОЁ ЁЛКА ВОЗВРАЩЕНИЕ", "ёлка возвращение"]
    {
        assert_eq!(search(&catalog, text), [1], "{text}");
    }
}

#[test]
fn decomposed_letters_are_found_by_composed_ones_and_the_other_way_round() {
    let names = |name: &str| named(&[(name, "", ""), ("Совсем другое", "", "")]);
    let (composed, decomposed) = ("Бойцовский ёж", "Бо\u{438}\u{306}цовски\u{438}\u{306} е\u{308}ж");

    for (name, texts) in [(composed, [decomposed, "бо\u{438}\u{306}ц"]), (decomposed, [composed, "бойц"])]
    {
        let catalog = names(name);
        for text in texts.into_iter().chain(["boycovskiy", ",jqwjdcrbq", "бойцвоский"]) {
            assert_eq!(search(&catalog, text), [1], "{text} in {name}");
            let literal = catalog.query().search(text).literal().find().total;
            assert_eq!(literal, usize::from(texts.contains(&text)), "{text} in {name}");
        }
    }
    // Typed in the wrong layout, on a system that composes nothing: `q` is `й`.
    assert_eq!(search(&named(&[("Quo", "", "")]), "\u{438}\u{306}гщ"), [1]);
}

#[test]
fn typing_errors_other_letters_and_the_wrong_layout_are_corrected() {
    let catalog = named(&[
        ("Наруто: Ураганные хроники", "", ""),
        ("Атака титанов", "Shingeki no Kyojin", ""),
        ("Повар-боец Сома", "Shokugeki no Souma", ""),
    ]);
    let cases = [
        ("нартуо", 1),
        ("атака титаонв", 2),
        ("shokugeki no suma", 3),
        ("naruto", 1),
        ("сингеки", 2),
        ("povar boets", 3),
        ("yfhenj", 1),
        ("фтака титанов", 2),
        ("ырщлгпулш", 3),
        ("сома повар", 3),
    ];

    for (text, id) in cases {
        assert_eq!(search(&catalog, text), [id], "{text}");
    }
}

#[test]
fn nonsense_and_emptiness_find_nothing_and_long_texts_are_cut() {
    let catalog = named(&[("Атака титанов", "", ""), ("Титан", "", "")]);

    for text in ["", "  ", "—!?", "крокодил", "\n", &"титан ".repeat(10_000), &"я".repeat(10_000)]
    {
        assert_eq!(search(&catalog, text), Vec::<u32>::new(), "{text:.20}");
    }
}

#[tokio::test]
async fn every_release_of_a_catalog_is_found_first_by_its_own_name() {
    let (_ground, catalog) = Fixture::loaded(300).await;

    for entry in catalog.iter() {
        let found = catalog.query().search(&*entry.name).find();

        let same: Vec<_> = found.items.iter().take_while(|other| other.name == entry.name).collect();
        assert!(same.iter().any(|other| other.id == entry.id), "{}", entry.name);
        assert_eq!(found, catalog.query().search(&*entry.name).find());
    }
}
