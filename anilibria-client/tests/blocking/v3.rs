//! The client of API v3 without async.

use anilibria_client::{
    blocking::Runtime,
    v3::{Client, SandboxGateway},
};

#[test]
fn calls_and_lists_of_v3_block() {
    let runtime = Runtime::start().unwrap();
    let gateway = runtime.block_on(async { SandboxGateway::start().await }).unwrap().unwrap();
    let client = Client::builder(gateway.url()).build_blocking(runtime).unwrap();

    let title = client.title(7).send().unwrap();
    let updates: Vec<_> = client.updates().items_per_page(5).items().collect::<Result<_, _>>().unwrap();

    assert_eq!(title.id.get(), 7);
    assert!(updates.len() > 5);
    assert!(client.title(u32::MAX).send().unwrap_err().is_not_found());
}
