//! Tests of proxies.

use std::time::Duration;

use anilibria_client::{Client, RetryPolicy};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::timeout,
};

use crate::host::{Host, json};

/// A SOCKS5 proxy (RFC 1928, RFC 1929) for one connection. It checks the credentials `user` and `s3cret`, and connects to
/// `target` whatever the client asks for. Returns the host name that the client asked for.
async fn socks5(listener: TcpListener, target: String) -> String {
    let (mut client, _) = listener.accept().await.unwrap();
    let mut head = [0; 2];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 5, "the client does not speak SOCKS5");
    let mut methods = vec![0; head[1].into()];
    client.read_exact(&mut methods).await.unwrap();
    assert!(methods.contains(&2), "the client offers no credentials");
    client.write_all(&[5, 2]).await.unwrap();
    let mut credentials = [0; 2 + 4 + 1 + 6];
    client.read_exact(&mut credentials).await.unwrap();
    assert_eq!(&credentials, b"\x01\x04user\x06s3cret");
    client.write_all(&[1, 0]).await.unwrap();
    let mut request = [0; 5];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(request[..4], [5, 1, 0, 3], "the proxy is not asked to resolve the name");
    let mut name = vec![0; request[4].into()];
    client.read_exact(&mut name).await.unwrap();
    client.read_u16().await.unwrap();
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.unwrap();
    let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
    String::from_utf8(name).unwrap()
}

#[tokio::test]
async fn a_socks_proxy_with_credentials_resolves_the_name_and_carries_the_call() {
    let host = Host::with_response(json(r#"{"is_alive":true}"#)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5h://user:s3cret@{}", listener.local_addr().unwrap());
    let proxied = tokio::spawn(socks5(listener, host.origin.replace("http://", "")));
    let client = Client::builder().mirror("http://mirror.invalid/api/v1").proxy(proxy.as_str());
    let client = client.retry(RetryPolicy::none()).build().unwrap();

    let status = timeout(Duration::from_secs(10), client.app().status()).await.unwrap().unwrap();
    drop(client);

    assert!(status.is_alive);
    assert_eq!(proxied.await.unwrap(), "mirror.invalid");
}

#[tokio::test]
async fn an_http_proxy_receives_its_credentials_and_no_error_shows_them() {
    let proxy = Host::with_response(json(r#"{"is_alive":true}"#)).await;
    let url = proxy.origin.replace("http://", "http://user:s3cret@");
    let client =
        Client::builder().mirror("http://mirror.invalid/api/v1").proxy(url.as_str()).build().unwrap();

    assert!(client.app().status().await.unwrap().is_alive);
    assert!(proxy.log().contains("proxy-authorization: Basic dXNlcjpzM2NyZXQ="), "{}", proxy.log());

    let closed = format!("socks5://user:s3cret@{}", crate::host::closed_port());
    let client = Client::builder().mirror("http://mirror.invalid/api/v1").proxy(closed.as_str());
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    let error = client.app().status().await.unwrap_err();
    assert!(!format!("{error} {error:?} {client:?}").contains("s3cret"), "{error:?}");
}
