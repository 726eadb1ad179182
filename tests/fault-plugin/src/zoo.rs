//! Faults that no guard in a library can contain, and what a confined process must not be able to do.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use vectis_plugin_api::{Error, Host, Level};

/// Memory no server has to spare.
const HOG_BYTES: usize = 10 << 30;

/// Does what the name says; returns when it is nothing of this kind, or when nothing came of it.
pub(crate) fn go_wrong(fault: &str, host: &Host) -> Result<(), Error> {
    match fault {
        "abort" => std::process::abort(),
        "exit" => std::process::exit(7),
        "null write" => write_to_null(),
        "stack" => Err(Error::internal(format!("the stack holds {} calls", dig(0)))),
        "loop" => loop {
            std::hint::spin_loop();
        },
        "sleep" => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        // Longer than the budget that tests give, shorter than it takes to be killed.
        "late" => {
            thread::sleep(Duration::from_millis(50));
            Ok(())
        }
        "hog" => Err(Error::internal(format!("the last byte is {:?}", vec![1_u8; HOG_BYTES].last()))),
        "descriptors" => refused(leak_descriptors()),
        "threads" => refused(start_threads()),
        "flood" => loop {
            host.log(Level::WARN, "as loud as it can");
        },
        "print" => refused(print_for_ever()),
        "read file" => refused(File::open("/etc/passwd")),
        "write file" => refused(File::create("/tmp/vectis-fault")),
        "connect" => refused(TcpStream::connect("127.0.0.1:1")),
        "start program" => refused(Command::new("/bin/true").spawn()),
        "environment" => {
            let names: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
            Err(Error::internal(format!("environment: {names:?}")))
        }
        "clock" => Err(Error::internal(format!("now: {}", host.now_ms()))),
        _ => Ok(()),
    }
}

/// What became of something that should be refused.
fn refused<T>(outcome: io::Result<T>) -> Result<(), Error> {
    Err(Error::internal(match outcome {
        Ok(_) => "it was allowed".to_owned(),
        Err(error) => format!("it was refused: {error}"),
    }))
}

fn write_to_null() -> Result<(), Error> {
    let nowhere: *mut u8 = std::ptr::null_mut();
    #[expect(unsafe_code, reason = "the fault itself")]
    // SAFETY: there is none; the tests are about what it leads to.
    unsafe {
        nowhere.write_volatile(1);
    }
    Ok(())
}

fn dig(depth: u64) -> u64 {
    let ground = std::hint::black_box([depth; 64]);
    if ground[0] == u64::MAX { 0 } else { dig(depth + 1) + ground[63] % 2 }
}

fn leak_descriptors() -> io::Result<Infallible> {
    let input = io::stdin();
    loop {
        std::mem::forget(input.as_fd().try_clone_to_owned()?);
    }
}

fn start_threads() -> io::Result<Infallible> {
    loop {
        thread::Builder::new().spawn(|| thread::sleep(Duration::from_secs(60)))?;
    }
}

fn print_for_ever() -> io::Result<Infallible> {
    loop {
        io::stderr().write_all(b"as loud as it can\n")?;
    }
}
