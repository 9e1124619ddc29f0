//! A jemalloc heap dump every five seconds.
//!
//! `lg_prof_interval` would be less code, but it counts allocated bytes: a full queue allocates nothing, so it dumps nothing.
//! `MALLOC_CONF=prof:true,lg_prof_sample:17` must be set: sampling cannot be switched on later.

use std::time::Duration;

/// Writes `PREFIX.<number>.heap` (addresses only), and with the feature `jemalloc-pprof` also `PREFIX.<number>.pb.gz` (with names).
pub fn every_five_seconds(prefix: &str) {
    let prefix = prefix.to_owned();
    let dump_for_ever = move || {
        for number in 1.. {
            std::thread::sleep(Duration::from_secs(5));
            dump(&prefix, number);
        }
    };
    std::thread::Builder::new().name("heap-dumps".into()).spawn(dump_for_ever).expect("thread");
}

#[cfg(not(feature = "jemalloc-pprof"))]
fn dump(prefix: &str, number: u32) {
    let path = std::ffi::CString::new(format!("{prefix}.{number:02}.heap")).unwrap();
    // The value of this mallctl is a pointer to the file name.
    unsafe { tikv_jemalloc_ctl::raw::write(b"prof.dump\0", path.as_ptr()) }.expect("prof.dump");
}

#[cfg(feature = "jemalloc-pprof")]
fn dump(prefix: &str, number: u32) {
    let control = jemalloc_pprof::PROF_CTL.as_ref().expect("MALLOC_CONF=prof:true");
    let pprof = control.blocking_lock().dump_pprof().expect("dump");
    std::fs::write(format!("{prefix}.{number:02}.pb.gz"), pprof).expect("file");
}
