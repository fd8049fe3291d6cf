//! The machine that is measured on, and one CPU of it.

use std::fs;

/// What the processor calls itself.
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Keeps this thread on the CPU that it runs on.
///
/// # Errors
/// The system does not allow it: why, and what follows from it.
pub fn pin() -> Result<usize, String> {
    let refused = || {
        format!(
            "not pinned to one CPU ({}): expect larger differences between runs",
            std::io::Error::last_os_error()
        )
    };
    // SAFETY: no arguments.
    let cpu = usize::try_from(unsafe { libc::sched_getcpu() }).map_err(|_| refused())?;
    // SAFETY: a set of CPUs is an array of integers: all 0 is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(refused());
    }
    // SAFETY: the number was checked against the size of the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: 0 is this thread, and the set is as large as is said.
    let result = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if result == 0 { Ok(cpu) } else { Err(refused()) }
}

/// Bytes that programs may still take.
pub fn free_memory() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = info.lines().find_map(|line| {
        line.strip_prefix("MemAvailable:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    kib.map_or(u64::MAX, |kib| kib << 10)
}
