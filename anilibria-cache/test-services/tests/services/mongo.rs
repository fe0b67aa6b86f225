//! Restart of the MongoDB server. The tests use no driver.

use std::net::TcpStream;

use test_services::MongoServer;

#[test]
fn server_restarts_on_the_same_port_after_a_kill() {
    let Some(mut mongo) = MongoServer::start() else { return };
    let uri = mongo.uri();

    mongo.kill();
    let refused = TcpStream::connect(("127.0.0.1", mongo.port())).is_err();
    mongo.restart();

    assert!(refused);
    assert_eq!(mongo.uri(), uri);
    assert!(TcpStream::connect(("127.0.0.1", mongo.port())).is_ok());
}
