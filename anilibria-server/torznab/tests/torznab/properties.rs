//! Properties: any request to any catalog has a valid document as its result.

use std::sync::LazyLock;

use anilibria_torznab::{Addresses, Index};
use proptest::prelude::*;

use crate::{
    schema::validate,
    support::{index, release, search, torrent},
};

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut series = release(1, "Mob Psycho 100|TV|2016|12");
    series.torrents = Some(vec![torrent(1, "1-12 1080p WEBRip AV1")]);
    index(vec![series], &[])
});

const ADDRESSES: Addresses<'_> =
    Addresses { indexer: "http://localhost/?a=<&>", site: "https://site.example/" };

fn assert_valid(index: &Index, request: &str) {
    match search(index, request) {
        Ok(found) => validate(&found.to_xml(ADDRESSES)),
        Err(error) => {
            validate(&error.to_xml());
            assert!((100..=999).contains(&error.code()));
        }
    }
}

proptest! {
    #[test]
    fn any_request_has_a_valid_response(request in ".{0,300}") {
        assert_valid(&INDEX, &request);
    }

    #[test]
    fn any_values_have_a_valid_response(
        function in "search|tvsearch|movie",
        name in "q|season|ep|year|cat|offset|limit|o|tvdbid",
        value in r"\PC{0,40}|[0-9]{0,30}|-?[0-9,/.]{0,20}",
        text in r"(Mob|psycho|100|s0?[0-9]{1,5}e?[0-9]{0,6}|[0-9]{0,6}| ){0,8}",
    ) {
        let request = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("t", &function), ("q", &text), (&name, &value)])
            .finish();
        assert_valid(&INDEX, &request);
        let alone = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("t", &function), (&name, &value)])
            .finish();
        assert_valid(&INDEX, &alone);
    }

    #[test]
    fn any_names_and_descriptions_are_rendered(
        names in prop::collection::vec(
            r"\PC{0,40}|(Name|2nd|Final|Season|Part|OVA|II|:|-|\(TV\)|S2|2| ){0,8}", 1..6,
        ),
        kinds in prop::collection::vec("TV|OVA|MOVIE|SPECIAL|other", 6),
        description in r"\PC{0,40}|[0-9 ,.–-]{0,40}",
        year in "[0-9]{0,6}",
    ) {
        let releases = names.iter().zip(&kinds).zip(1_u32..).map(|((name, kind), id)| {
            let mut release = release(id, &format!("|{kind}|{year}|{}", id * 40));
            name.clone_into(&mut release.name.main);
            let mut torrent = torrent(id, "1 1080p WEBRip AV1");
            torrent.description = Some(description.clone());
            release.torrents = Some(vec![torrent]);
            release
        });
        let ids: Vec<u32> = (1..=6).collect();
        let index = index(releases.collect(), &[&ids]);

        assert_eq!(index.len(), names.len());
        assert_valid(&index, "t=search");
    }
}
