use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::binaries::major_version;
use super::place::{Owner, closed_folder};

#[test]
fn the_major_version_is_read_from_what_postgres_says() {
    let cases = [
        ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", Some(15)),
        ("postgres (PostgreSQL) 18beta1", Some(18)),
        ("postgres (PostgreSQL) devel", None),
        ("", None),
    ];
    for (answer, major) in cases {
        assert_eq!(major_version(answer), major, "{answer}");
    }
}

#[test]
fn the_outermost_folder_a_stranger_cannot_pass_is_named() {
    let temp = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
    let closed = temp.path().join("closed");
    let inner = closed.join("inner");
    fs::create_dir_all(&inner).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let ours = fs::metadata(&inner).unwrap();

    let stranger = Owner { uid: ours.uid() + 1, gid: ours.gid() + 1 };
    assert_eq!(closed_folder(&inner, stranger), Some(closed));
    assert_eq!(closed_folder(&inner, Owner { uid: ours.uid(), gid: ours.gid() }), None);
}
