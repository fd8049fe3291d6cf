//! A PC in long mode: all assembly besides the boot's, and all unsafe code of the guest.

use core::arch::asm;
use core::fmt;

/// RAM that tests map, and memory for tables.
pub const TESTED: u64 = 0x4000_0000;
pub const TABLES: u64 = 0x0200_0000;
pub const TABLES_BYTES: u64 = 4 << 20;
/// Where tables map the page that user mode executes.
pub const USER: u64 = 0x1_0000_0000;

/// Vectors: what the program expects, and what whatever succeeds away from here ends with.
const DONE: u64 = 32;

unsafe extern "C" {
    /// The page that user mode executes, from the linker script.
    #[link_name = "user"]
    safe static STUBS: [u64; 2];
    /// 33 entries of 16 bytes.
    #[link_name = "exceptions"]
    safe static EXCEPTIONS: [[u8; 16]; 33];
}

core::arch::global_asm!(
    ".pushsection .user, \"ax\"",
    "mov rax, [rdi]; int 32; .balign 8; mov [rdi], rsi; int 32",
    ".popsection"
);

/// How an access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was done: what was loaded, or what the code that was fetched says.
    Done(u64),
    /// It was refused: exception, error code, CR2.
    Refused(u64, u64, u64),
}

/// Goes on behind its instructions, whatever exception they raise. They take an address in rdi and leave their result in
/// rax; r9 and r10 are theirs.
macro_rules! attempt {
    ($instructions:literal, $address:expr, $($operands:tt)*) => {{
        let (value, vector, code, address): (u64, u64, u64, u64);
        asm!("lea r9, [rip + 2f]; mov [RESUME + 8], rsp; mov [RESUME], r9", $instructions,
            "2: mov qword ptr [RESUME], 0", out("r9") _, out("r10") _, inlateout("rdx") DONE => vector,
            lateout("rcx") code, lateout("r8") address, lateout("rax") value, in("rdi") $address, $($operands)*);
        match vector {
            DONE => Seen::Done(value),
            _ => Seen::Refused(vector, code, address),
        }
    }};
}

/// To user mode, at the address in r10: SS, RSP, RFLAGS, CS and RIP as IRETQ takes them.
macro_rules! to_user {
    () => {
        "push 0x1b; push 0; push 2; push 0x23; push r10; iretq"
    };
}

/// Loads 8 bytes, as supervisor or as user.
pub fn load(user: bool, address: u64) -> Seen {
    // SAFETY: a load changes nothing; no device is mapped where the test loads.
    unsafe {
        if user {
            attempt!("mov r10, rsi; push 0x1b; push 0; push 2; push 0x23; push r10; iretq", address, in("rsi") USER)
        } else {
            attempt!("mov rax, [rdi]", address,)
        }
    }
}

/// Stores 8 bytes, as supervisor or as user.
///
/// # Safety
/// No Rust object lives at the address, nor where the tables under test could by mistake lead to.
pub unsafe fn store(user: bool, address: u64, value: u64) -> Seen {
    // SAFETY: the caller's.
    unsafe {
        if user {
            attempt!("mov r10, r11; push 0x1b; push 0; push 2; push 0x23; push r10; iretq", address,
                in("rsi") value, in("r11") USER + 8)
        } else {
            attempt!("mov [rdi], rsi", address, in("rsi") value)
        }
    }
}

/// Executes what stands there, as supervisor or as user: see [`routine`].
///
/// # Safety
/// If that is code at all it is what [`routine`] says, or ends in an exception.
pub unsafe fn fetch(user: bool, address: u64) -> Seen {
    // SAFETY: the caller's.
    unsafe {
        if user {
            attempt!("mov r10, rdi; push 0x1b; push 0; push 2; push 0x23; push r10; iretq", address,)
        } else {
            attempt!("jmp rdi", address,)
        }
    }
}

/// What code at a physical address must be, so that executing it says which page it lies in: `mov rax, page; int 32`.
pub fn routine(address: u64) -> [u64; 2] {
    let page = address >> 12;
    [0xb848 | page << 16, page >> 48 | 0x20cd << 16]
}

/// Reads a word of RAM by its physical address.
pub fn word(address: u64) -> u64 {
    // SAFETY: RAM is always mapped where it is; an aligned load of integers changes nothing.
    unsafe { core::ptr::with_exposed_provenance::<u64>(address as usize & !7).read_volatile() }
}

/// Writes a word of RAM by its physical address.
///
/// # Safety
/// It lies in RAM, and no Rust object lives there.
pub unsafe fn set_word(address: u64, value: u64) {
    // SAFETY: the caller's; RAM is always mapped where it is.
    unsafe { core::ptr::with_exposed_provenance_mut::<u64>(address as usize & !7).write_volatile(value) }
}

/// Where the page of [`STUBS`] lies.
pub fn stubs() -> u64 {
    STUBS.as_ptr() as u64
}

/// A gate of the IDT: two words.
static mut IDT: [[u64; 2]; 33] = [[0; 2]; 33];

/// Directs every exception to the boot's entries. The last is open to users.
pub fn catch_exceptions() {
    for (vector, entry) in EXCEPTIONS.iter().enumerate() {
        let at = entry.as_ptr() as u64;
        let kind = if vector as u64 == DONE { 0xee00_u64 } else { 0x8e00 };
        let gate = [at & 0xffff | 8 << 16 | kind << 32 | (at >> 16 & 0xffff) << 48, at >> 32];
        // SAFETY: one processor, and no exception so far.
        unsafe { (&raw mut IDT).cast::<[u64; 2]>().add(vector).write(gate) };
    }
    let pointer = [((33 * 16 - 1) as u64) << 48, &raw const IDT as u64];
    // SAFETY: the table is complete and stays.
    unsafe { asm!("lidt [{}]", in(reg) pointer.as_ptr().cast::<u8>().add(6), options(nostack)) };
}

/// What the boot loader handed over.
pub fn command_line(address: u64) -> Option<&'static str> {
    // SAFETY: PVH hands over a string that ends with 0, in memory that nobody else uses.
    unsafe { core::ffi::CStr::from_ptr(core::ptr::with_exposed_provenance(address as usize)) }.to_str().ok()
}

/// CR3.
pub fn root() -> u64 {
    let cr3: u64;
    // SAFETY: reading it has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) cr3, options(nomem, nostack)) };
    cr3
}

/// Walks other tables from now on, with these bits of CR4 (SMEP 20, SMAP 21), and drops what is cached of all.
pub fn walk(cr3: u64, control: u64) {
    // SAFETY: every table that is walked maps RAM where it is.
    unsafe {
        asm!("mov {old}, cr4; and {old}, {mask}; or {old}, {control}; mov cr4, {old}; mov cr3, {cr3}",
            old = out(reg) _, mask = in(reg) !(3_u64 << 20), control = in(reg) control, cr3 = in(reg) cr3);
    }
}

/// The first serial port.
pub struct Serial;

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the port is there. Bit 5 of its line status: there is room.
            unsafe {
                asm!("2: in al, dx; test al, 0x20; jz 2b; mov al, cl; mov dx, 0x3f8; out dx, al",
                    inout("dx") 0x3fd_u16 => _, in("cl") byte, out("al") _, options(nostack));
            }
        }
        Ok(())
    }
}

/// Ends QEMU, whose exit code then is `2 * code + 1`.
pub extern "C" fn exit(code: u32) -> ! {
    // SAFETY: isa-debug-exit ends the emulator.
    unsafe { asm!("out dx, eax; 2: hlt; jmp 2b", in("dx") 0xf4_u16, in("eax") code, options(noreturn, nostack)) }
}

pub extern "C" fn unexpected(vector: u64, code: u64, address: u64, pc: u64) -> ! {
    panic!("unexpected exception {vector}: code {code:#x}, CR2 {address:#x}, RIP {pc:#x}")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = fmt::write(&mut Serial, format_args!("FAIL {info}\n"));
    exit(2)
}
