//! Where the cluster lives, and whose it is.

use std::fs::{self, DirBuilder, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::{User, geteuid};

use super::EmbeddedError;

/// Only part of the socket's name; nothing listens on a network.
pub(super) const PORT: u16 = 5432;
const SOCKET: &str = ".s.PGSQL.5432";
/// `sun_path` holds 108 bytes, the last of them zero.
const SOCKET_PATH_MAX: usize = 107;
/// Where clusters go when root's data folder is closed to the database's user.
const OPEN_HOME: &str = "/var/lib/vectis";
/// How long a predecessor may take to shut down.
const PREDECESSOR_TIMEOUT: Duration = Duration::from_secs(30);

/// The unprivileged user a server started by root runs as.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The folders of one cluster.
pub(super) struct Place {
    pub(super) home: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) log: PathBuf,
    /// `None`: the server runs as whoever we are.
    pub(super) owner: Option<Owner>,
}

impl Place {
    /// Makes the folders, readable by the server's user alone. Repeating it changes nothing.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let owner = owner_for(data_dir)?;
        let home = open_home(data_dir, owner)?;
        let cluster = home.join("cluster");
        let socket_dir = socket_dir(&home, owner)?;
        let log = home.join("postgres.log");
        Ok(Self { home, cluster, socket_dir, log, owner })
    }

    /// Where a server runs on the cluster already; makes and changes nothing.
    pub(super) fn find(data_dir: &Path) -> Option<Self> {
        let home = data_dir.canonicalize().ok()?;
        let (cluster, log) = (home.join("cluster"), home.join("postgres.log"));
        let place = Self { socket_dir: socket_path(&home).ok()?, home, cluster, log, owner: None };
        place.server_pid().map(|_| place)
    }

    /// The process that runs on the cluster, by its pid file; none when that process is something else by now.
    fn server_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.cluster.join("postmaster.pid")).ok()?;
        let pid = first_line_number(&text)?;
        let command_line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        mentions(&command_line, &self.cluster).then_some(pid)
    }

    /// Major version of the cluster, `None` when there is no cluster yet.
    pub(super) fn made_by(&self) -> Result<Option<u32>, EmbeddedError> {
        let file = self.cluster.join("PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedError::io("reading", &file)(error)),
        }
    }

    /// A server whose parent was killed shuts down by itself; this waits for it. A pid file whose process is something
    /// else by now is removed, which PostgreSQL itself dares not.
    pub(super) fn wait_for_predecessor(&self) -> Result<(), EmbeddedError> {
        let pid_file = self.cluster.join("postmaster.pid");
        let started = Instant::now();
        loop {
            let Some(pid) = fs::read_to_string(&pid_file).ok().and_then(|text| first_line_number(&text))
            else {
                return Ok(());
            };
            let Ok(command_line) = fs::read(format!("/proc/{pid}/cmdline")) else {
                return Ok(());
            };
            if !mentions(&command_line, &self.cluster) {
                remove_if_there(&pid_file)?;
                return remove_if_there(&self.socket_dir.join(format!("{SOCKET}.lock")));
            }
            if started.elapsed() > PREDECESSOR_TIMEOUT {
                return Err(EmbeddedError::InUse { data_dir: self.home.clone(), pid });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The last line of the server's log.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines()
            .rfind(|line| line.contains("FATAL") || line.contains("PANIC"))
            .unwrap_or("no reason given")
            .to_owned()
    }
}

/// Root hands the cluster to whoever owns it already, else to `postgres`, else to `nobody`.
fn owner_for(data_dir: &Path) -> Result<Option<Owner>, EmbeddedError> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let existing = fs::metadata(data_dir.join("cluster")).ok().filter(|cluster| cluster.uid() != 0);
    if let Some(cluster) = existing {
        return Ok(Some(Owner { uid: cluster.uid(), gid: cluster.gid() }));
    }
    let named = |name| User::from_name(name).ok().flatten();
    let user = named("postgres").or_else(|| named("nobody")).ok_or(EmbeddedError::NoUser)?;
    Ok(Some(Owner { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
}

/// The data folder, absolute. When root keeps it where the owner cannot go (below `/root`), it becomes a link to a folder
/// that is open.
fn open_home(data_dir: &Path, owner: Option<Owner>) -> Result<PathBuf, EmbeddedError> {
    let io = |what| EmbeddedError::io(what, data_dir);
    if !data_dir.exists() {
        let parent =
            data_dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(io("creating"))?;
        let parent = parent.canonicalize().map_err(io("finding"))?;
        // A link whose folder is gone: the cluster was removed by hand.
        remove_if_there(data_dir)?;
        if owner.is_some_and(|owner| closed_folder(&parent, owner).is_some()) {
            link_to_open_home(data_dir)?;
        } else {
            fs::create_dir(data_dir).map_err(io("creating"))?;
        }
    }
    let home = data_dir.canonicalize().map_err(io("finding"))?;
    if let Some(owner) = owner {
        if let Some(closed) = home.parent().and_then(|parent| closed_folder(parent, owner)) {
            return Err(EmbeddedError::Unreachable(closed));
        }
        chown(&home, Some(owner.uid), Some(owner.gid)).map_err(io("giving away"))?;
    }
    fs::set_permissions(&home, Permissions::from_mode(0o700)).map_err(io("protecting"))?;
    Ok(home)
}

fn link_to_open_home(data_dir: &Path) -> Result<(), EmbeddedError> {
    let target = Path::new(OPEN_HOME).join(format!("postgres-{:08x}", rand::random::<u32>()));
    fs::create_dir_all(&target).map_err(EmbeddedError::io("creating", &target))?;
    let passable = fs::set_permissions(OPEN_HOME, Permissions::from_mode(0o711));
    passable.map_err(EmbeddedError::io("opening", Path::new(OPEN_HOME)))?;
    symlink(&target, data_dir).map_err(EmbeddedError::io("linking", data_dir))?;
    tracing::info!(folder = %target.display(), "the private database lives here, its user cannot enter the data folder");
    Ok(())
}

/// The outermost folder on the way to `dir`, itself included, that the owner may not pass.
pub(super) fn closed_folder(dir: &Path, owner: Owner) -> Option<PathBuf> {
    let is_closed = |folder: &&Path| {
        fs::metadata(folder).map_or(true, |meta| {
            let search_bit = match meta {
                _ if meta.uid() == owner.uid => 0o100,
                _ if meta.gid() == owner.gid => 0o010,
                _ => 0o001,
            };
            meta.mode() & search_bit == 0
        })
    };
    dir.ancestors().filter(is_closed).last().map(Path::to_owned)
}

/// The folder of the socket: in the home, or, when that path is too long for a socket, a short one of our own among the
/// temporary files.
fn socket_dir(home: &Path, owner: Option<Owner>) -> Result<PathBuf, EmbeddedError> {
    let dir = socket_path(home)?;
    make_private(&dir, owner)?;
    Ok(dir)
}

fn socket_path(home: &Path) -> Result<PathBuf, EmbeddedError> {
    let fits = |dir: &Path| dir.join(SOCKET).as_os_str().len() <= SOCKET_PATH_MAX;
    let mut dir = home.join("socket");
    if !fits(&dir) {
        let mut hasher = DefaultHasher::new();
        home.hash(&mut hasher);
        dir = std::env::temp_dir().join(format!("vectis-{:016x}", hasher.finish()));
    }
    if !fits(&dir) {
        return Err(EmbeddedError::SocketPathTooLong { path: dir.join(SOCKET), max: SOCKET_PATH_MAX });
    }
    Ok(dir)
}

fn make_private(dir: &Path, owner: Option<Owner>) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {
            let owner = owner.map(|owner| chown(dir, Some(owner.uid), Some(owner.gid)));
            owner.unwrap_or(Ok(())).map_err(EmbeddedError::io("giving away", dir))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(dir).map_err(EmbeddedError::io("reading", dir))?;
            let uid = owner.map_or(geteuid().as_raw(), |owner| owner.uid);
            let is_ours = found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0;
            if is_ours { Ok(()) } else { Err(EmbeddedError::SocketDirNotOurs(dir.to_owned())) }
        }
        Err(error) => Err(EmbeddedError::io("creating", dir)(error)),
    }
}

fn remove_if_there(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(EmbeddedError::io("removing", path)(error)),
        _ => Ok(()),
    }
}

fn first_line_number(text: &str) -> Option<i32> {
    text.lines().next()?.trim().parse().ok()
}

fn mentions(command_line: &[u8], cluster: &Path) -> bool {
    command_line.split(|byte| *byte == 0).any(|argument| argument == cluster.as_os_str().as_bytes())
}
