//! The MongoDB server, as far as it can be told without a driver.

use std::net::TcpStream;

use test_services::MongoServer;

#[test]
fn it_is_back_on_its_port_after_a_kill() {
    let Some(mut mongo) = MongoServer::start() else { return };
    let uri = mongo.uri();

    mongo.kill();
    let refused = TcpStream::connect(("127.0.0.1", mongo.port())).is_err();
    mongo.restart();

    assert!(refused);
    assert_eq!(mongo.uri(), uri);
    assert!(TcpStream::connect(("127.0.0.1", mongo.port())).is_ok());
}

#[test]
fn it_is_silent_while_it_is_frozen() {
    let Some(mut mongo) = MongoServer::start() else { return };

    mongo.freeze();
    let silent = crate::redis::silent(mongo.port());
    mongo.thaw();

    assert!(silent);
    mongo.restart();
}
