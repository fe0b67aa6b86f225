//! Tests of path segments that are neither ids nor aliases.

use anilibria_client::{Client, Error, sandbox::Sandbox};

#[tokio::test]
async fn reserved_words_are_refused_and_not_sent() {
    let sandbox = Sandbox::new().start().await.unwrap();
    let client = Client::builder().mirror(sandbox.api_url()).build().unwrap();

    for word in ["latest", "random", "recommended", "list", "episodes"] {
        let release = client.releases().get(word).await.map(drop);
        let members = client.releases().members(word).await.map(drop);

        for response in [release, members] {
            let Err(Error::InvalidRequest { field, reason }) = response else {
                panic!("{word}: {response:?}")
            };
            assert_eq!(field, "release", "{word}");
            assert!(reason.contains("reserved word"), "{reason}");
        }
    }
    assert_eq!(sandbox.requests().len(), 0);
}
