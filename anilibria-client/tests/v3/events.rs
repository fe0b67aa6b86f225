//! Tests of the event stream against working and faulty services.

use std::time::Duration;

use anilibria_client::{
    Error, RetryPolicy,
    model::Ordinal,
    v3::{Client, EpisodeRule, Event, ReconnectPolicy, SandboxGateway, Subscription},
};
use futures::StreamExt;
use serde_json::json;

use crate::{
    samples,
    service::{Service, begin, connected, finished, next},
};

#[tokio::test]
async fn new_episode_is_yielded_with_its_title() {
    let gateway = SandboxGateway::start().await.unwrap();
    let mut events = Client::new(gateway.url()).unwrap().events().build().unwrap();
    begin(&mut events).await;
    assert!(connected(&mut events).await.is_empty());

    let episode = gateway.new_episode(7).unwrap();

    let Event::PlaylistUpdate(update) = next(&mut events).await.unwrap() else { panic!("no update") };
    assert_eq!((update.id.get(), update.episode), (7, Some(episode)));
    let Event::TitleEpisode(new) = next(&mut events).await.unwrap() else { panic!("no episode") };
    assert_eq!(new.title.player.list.as_slice().last(), Some(&new.episode));
    assert_eq!(new.episode, update.updated_episode);
}

#[tokio::test]
async fn every_event_is_yielded_with_all_fields() {
    let service = Service::start().await;
    let mut events = service.events().episodes(EpisodeRule::Never).build().unwrap();
    begin(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;

    let mut title = samples::title();
    title["description"] = json!({"html": "<b>x</b>", "plain": "x", "no_view_order": "x"});
    let updated = json!({"title": title, "diff": {"in_favorites": 299}, "hash": "ab"});
    peer.send_json(&json!({"type": "title_update", "data": updated})).await;
    let playlist = json!({
        "id": 9000, "player": samples::player(), "updated_episode": samples::episode(12.5), "episode": "12.5",
        "diff": {"list": {"12.5": {"hls": {"fhd": null}}}}, "reupload": false,
    });
    peer.send_json(&json!({"type": "playlist_update", "data": playlist})).await;
    let torrent =
        json!({"id": "9000", "torrents": samples::torrents(), "updated_torrent_id": 18_650, "diff": {}});
    peer.send_json(&json!({"type": "torrent_update", "data": torrent})).await;
    peer.finish(5).await;

    let Event::TitleUpdate(update) = next(&mut events).await.unwrap() else { panic!("no title") };
    assert_eq!((update.title.id.get(), update.hash.as_deref()), (9000, Some("ab")));
    assert_eq!(
        (update.title.description.unwrap().as_str(), &update.diff["in_favorites"]),
        (Some("x"), &json!(299))
    );
    let Event::PlaylistUpdate(update) = next(&mut events).await.unwrap() else { panic!("no playlist") };
    assert_eq!((update.updated_episode.episode, update.player.list.as_slice().len()), (Ordinal(12.5), 3));
    let Event::TorrentUpdate(update) = next(&mut events).await.unwrap() else { panic!("no torrent") };
    assert_eq!((update.id.get(), update.updated_torrent_id.get()), (9000, 18_650));
    assert_eq!(finished(&mut events, 1).await, [5]);
}

#[tokio::test]
async fn event_with_a_missing_null_or_empty_field_is_read() {
    let service = Service::start().await;
    let mut events = service.events().build().unwrap();
    begin(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;
    let playlist = json!({
        "id": "9000", "player": samples::player(), "updated_episode": samples::episode(12.5), "episode": "12.5",
        "diff": {}, "reupload": false,
    });
    let encoding = json!({
        "id": "9000", "episode": "1", "resolution": "480", "quality": "sd", "isReupload": true,
        "encoded_percent": "25",
    });
    let torrent =
        json!({"id": "9000", "torrents": samples::torrents(), "updated_torrent_id": 18_650, "diff": {}});
    let title = json!({"title": {"id": 9000, "names": {"ru": "Имя"}}, "diff": {"updated": 1}, "hash": "ab"});

    for (kind, data) in [
        ("title_update", title),
        ("playlist_update", playlist),
        ("torrent_update", torrent),
        ("encode_start", encoding.clone()),
        ("encode_progress", encoding.clone()),
        ("encode_end", encoding.clone()),
        ("encode_finish", encoding),
    ] {
        for (damage, data) in samples::damaged(&data) {
            peer.send_json(&json!({"type": kind, "data": data})).await;
            let event = next(&mut events).await.unwrap_or_else(|error| panic!("{kind} {damage}: {error}"));
            assert_eq!(event.name(), format!("on_{kind}"), "{damage}");
        }
    }
}

#[tokio::test]
async fn title_that_cannot_be_read_is_an_error_and_does_not_end_the_stream() {
    let gateway = SandboxGateway::start().await.unwrap();
    let mut events = Client::new(gateway.url()).unwrap().events().build().unwrap();
    begin(&mut events).await;
    connected(&mut events).await;
    let data = json!({
        "id": 1_000_000, "updated_episode": samples::episode(1.0), "diff": {"list": {"1": {"hls": {"sd": null}}}},
    });

    gateway.send(json!({"type": "playlist_update", "data": data}));
    gateway.send(json!({"type": "poll", "data": 1}));

    let mut confirmations = Vec::new();
    for _ in 0..3 {
        confirmations.push(next(&mut events).await);
    }
    assert_eq!(
        confirmations.iter().filter(|event| matches!(event, Err(Error::Api { code: 404, .. }))).count(),
        1
    );
    assert!(
        confirmations.iter().any(|event| matches!(event, Ok(Event::Unknown(poll)) if poll.kind == "poll"))
    );
}

#[tokio::test]
async fn unreadable_message_is_an_error_and_keeps_the_connection() {
    let service = Service::start().await;
    let mut events = service.events().build().unwrap();
    begin(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;

    for garbage in [
        "<html>",
        "[1]",
        "",
        r#"{"type":"title_update","data":7}"#,
        r#"{"error":{"code":412,"message":"?"}}"#,
    ] {
        peer.send(garbage).await;
        assert!(next(&mut events).await.is_err(), "{garbage}");
    }
    peer.send(vec![0xff; 100]).await;
    assert!(matches!(next(&mut events).await, Err(Error::Decode { .. })));
    // Some services send JSON in binary frames.
    peer.send(json!({"type": "encode_finish", "data": {"id": 1}}).to_string().into_bytes()).await;
    peer.finish(2).await;

    assert_eq!(finished(&mut events, 2).await, [1, 2]);
}

#[tokio::test]
async fn long_message_is_read_and_oversized_message_is_not() {
    let service = Service::start().await;
    let mut events = service.events().build().unwrap();
    begin(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;

    let long = json!({"type": "poll", "data": "x".repeat(3 << 20)});
    peer.send_json(&long).await;
    assert!(matches!(next(&mut events).await, Ok(Event::Unknown(_))));
    // The header of a text frame of 2^62 bytes.
    peer.write(&[0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;

    assert!(matches!(next(&mut events).await, Err(Error::TooLarge { limit: 4_194_304 })));
    service.welcome().await;
    assert!(connected(&mut events).await.is_empty());
}

#[tokio::test]
async fn connection_is_reopened_after_every_kind_of_failure() {
    let service = Service::start().await;
    let mut events = service.events().build().unwrap();
    begin(&mut events).await;

    drop(service.accept().await);
    service.accept().await.close(1001).await;
    service.refuse("502 Bad Gateway").await;
    service.refuse("429 Too Many Requests").await;
    drop(service.accept_tcp().await);
    let mut peer = service.welcome().await;
    let errors = connected(&mut events).await;
    peer.write(&[0xff; 64]).await;
    let broken = next(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;
    peer.finish(1).await;

    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(matches!(errors[1], Error::Closed { code: 1001, .. }));
    assert!(matches!(errors[2], Error::Status { status: 502, .. }));
    assert!(matches!(broken, Err(Error::Interrupted { .. })));
    assert_eq!(finished(&mut events, 1).await, [1]);
}

#[tokio::test]
async fn stream_reconnects_to_a_restarted_service() {
    let service = Service::start().await;
    let url = service.url();
    let mut events = service.events().build().unwrap();
    begin(&mut events).await;
    let peer = service.welcome().await;
    connected(&mut events).await;

    drop((peer, service));
    assert!(next(&mut events).await.is_err());
    assert!(matches!(next(&mut events).await, Err(Error::Connect { .. })));
    let service = Service::start_at(url.trim_start_matches("http://")).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;
    peer.finish(1).await;

    assert_eq!(finished(&mut events, 1).await, [1]);
}

#[tokio::test]
async fn socket_goes_through_the_proxy_of_the_client() {
    let proxy = Service::start().await;
    let plain = Client::builder("http://gateway.example").proxy(proxy.url()).build().unwrap();
    let mut events = plain.events().build().unwrap();
    begin(&mut events).await;
    let mut peer = proxy.welcome().await;
    connected(&mut events).await;
    peer.finish(1).await;
    assert_eq!(finished(&mut events, 1).await, [1]);

    let secure = Client::builder("https://gateway.example").proxy(proxy.url()).build().unwrap();
    let mut events = secure.events().reconnect(ReconnectPolicy::Never).build().unwrap();
    begin(&mut events).await;
    let head = proxy.refuse("502 Bad Gateway").await;

    assert!(head.starts_with("CONNECT gateway.example:443 "), "{head}");
    assert!(next(&mut events).await.is_err());
}

#[tokio::test]
async fn stream_without_reconnects_ends_with_the_reason() {
    let service = Service::start().await;
    let mut events = service.events().reconnect(ReconnectPolicy::Never).build().unwrap();
    begin(&mut events).await;
    let peer = service.welcome().await;
    connected(&mut events).await;

    peer.close(1000).await;

    assert!(matches!(next(&mut events).await, Err(Error::Closed { code: 1000, .. })));
    assert!(events.next().await.is_none());
    assert!(service.has_no_pending_connection());
}

#[tokio::test]
async fn stream_ends_after_a_permanent_error_or_the_last_retry() {
    let service = Service::start().await;
    let mut events = service.events().build().unwrap();
    begin(&mut events).await;
    service.refuse("404 Not Found").await;
    assert!(next(&mut events).await.is_err());
    assert!(events.next().await.is_none());

    let retry = RetryPolicy::exponential().max_retries(2).first_delay(Duration::from_millis(1));
    let mut events = service.events().reconnect(retry).build().unwrap();
    begin(&mut events).await;
    for _ in 0..3 {
        service.refuse("503 Service Unavailable").await;
        assert!(matches!(next(&mut events).await, Err(Error::Status { status: 503, .. })));
    }
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn pings_are_answered_and_an_idle_connection_times_out() {
    let service = Service::start().await;
    let mut events = service.events().idle_timeout(Duration::from_secs(1)).build().unwrap();
    begin(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;
    peer.ping().await;
    for _ in 0..2 {
        peer.receive_ping().await;
    }
    peer.finish(1).await;
    assert_eq!(finished(&mut events, 1).await, [1]);

    // The peer still exists, but neither reads nor writes.
    assert!(next(&mut events).await.unwrap_err().is_timeout());
    service.welcome().await;
    assert!(connected(&mut events).await.is_empty());
    drop(peer);
}

#[tokio::test]
async fn subscriptions_are_sent_on_every_connection_and_confirmed() {
    let service = Service::start().await;
    let of_7 = Subscription::new(json!({"data": {"id": 7}})).filter(["id", "names.ru"]).remove(["code"]);
    let mut events = service.events().subscribe(of_7).build().unwrap();
    let subscriptions = events.subscriptions();
    begin(&mut events).await;
    let mut peer = service.welcome().await;
    connected(&mut events).await;

    let first = peer.receive().await.unwrap();
    let id = subscriptions.subscribe(&Subscription::new(json!({"type": "title_update"}))).unwrap();
    let second = peer.receive().await.unwrap();
    for service_id in [0, 1] {
        peer.send_json(&json!({"subscribe": "success", "subscription_id": service_id})).await;
    }
    let confirmations = [next(&mut events).await.unwrap(), next(&mut events).await.unwrap()];
    drop(peer);
    next(&mut events).await.unwrap_err();
    let mut peer = service.welcome().await;
    connected(&mut events).await;

    assert_eq!(first, json!({"subscribe": {"data": {"id": 7}}, "filter": "id,names.ru", "remove": "code"}));
    let Event::Subscription(taken) = confirmations[1] else { panic!("{confirmations:?}") };
    assert_eq!((taken.id, taken.service_id), (Some(id), 1));
    assert_eq!([peer.receive().await.unwrap(), peer.receive().await.unwrap()], [first, second]);
}

#[tokio::test]
async fn sandbox_gateway_sends_only_matching_notifications() {
    let gateway = SandboxGateway::start().await.unwrap();
    let subscription = Subscription::new(json!({"type": "poll", "data": {"id": "*"}}));
    let mut events = Client::new(gateway.url()).unwrap().events().subscribe(subscription).build().unwrap();
    begin(&mut events).await;
    connected(&mut events).await;
    assert!(matches!(next(&mut events).await, Ok(Event::Subscription(_))));

    gateway.send(json!({"type": "poll", "data": {}}));
    gateway.send(json!({"type": "vote", "data": {"id": 1}}));
    gateway.send(json!({"type": "poll", "data": {"id": 2}}));

    let Event::Unknown(poll) = next(&mut events).await.unwrap() else { panic!("no poll") };
    assert_eq!(poll.data, json!({"id": 2}));
    gateway.hang_up();
    assert!(next(&mut events).await.is_err());
}

#[tokio::test]
async fn invalid_settings_are_refused_by_name() {
    let client = Client::new("https://gateway.example").unwrap();

    let zero = client.events().idle_timeout(Duration::ZERO).build().unwrap_err();
    let many = (0..51).fold(client.events(), |events, _| events.subscribe(Subscription::new(json!({}))));

    assert!(matches!(zero, Error::Config { setting: "idle_timeout", .. }));
    assert!(matches!(many.build(), Err(Error::InvalidRequest { .. })));
}
