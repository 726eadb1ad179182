//! A folder that is looked into by itself.

use vectis_plugin_runtime::{Grant, revoke, trust};

use crate::libraries::fault_plugin;
use crate::life::version;
use crate::shop::{Shop, loaded};

#[tokio::test]
async fn a_changed_folder_is_looked_into_once_it_has_settled() {
    let shop = Shop::with(&[]).await;
    assert!(!shop.runtime.watch().await.unwrap(), "nothing has changed");

    shop.folder.put("fault.so", fault_plugin());
    assert!(!shop.runtime.watch().await.unwrap(), "it may be half copied");
    shop.folder.put("newer.so", b"still copying");
    assert!(!shop.runtime.watch().await.unwrap(), "it still changes");
    shop.folder.remove("newer.so");
    assert!(!shop.runtime.watch().await.unwrap(), "it still changes");
    assert!(shop.runtime.watch().await.unwrap());
    assert_eq!(loaded(&shop.list().await), ["fault 1.0.0"]);
    assert!(!shop.runtime.watch().await.unwrap());

    shop.folder.put("fault.so", &version("1.1.0", 7));
    shop.runtime.watch().await.unwrap();
    assert!(shop.runtime.watch().await.unwrap());
    assert_eq!(shop.adds(), 7);
}

#[tokio::test]
async fn a_changed_lock_file_is_a_change() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let options = shop.folder.options();
    trust(&options.trust, &options.folder, "fault", &Grant::default()).unwrap();
    revoke(&options.trust, &options.folder, "fault").unwrap();

    shop.runtime.watch().await.unwrap();
    assert!(shop.runtime.watch().await.unwrap());

    assert_eq!(loaded(&shop.list().await), [""; 0]);
}
