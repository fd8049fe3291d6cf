//! A PC in long mode: all assembly besides the boot's, and all unsafe code of the guest.

use core::arch::asm;
use core::fmt;

use guest_common::{Access, Kind, Pool, Ram};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Format, Live, PageTable};

/// Memory for tables, between the program and what tests map.
pub const TABLES: u64 = 0x0200_0000;
pub const TABLES_BYTES: u64 = 4 << 20;
pub const TESTED: Ram = Ram { first: 0x4000_0000, dense: 16 << 20, bytes: 2 << 30 };
/// Where tables map the page that user mode executes.
pub const USER: u64 = 0x1_0000_0000;

/// Bits of CR4.
pub const SMEP: u64 = 1 << 20;
pub const SMAP: u64 = 1 << 21;
const PGE: u64 = 1 << 7;

/// The vector with which whatever succeeds away from here ends.
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

/// Loads, stores `value`, or executes, as supervisor or as user. What is executed is a [`routine`].
pub fn access(access: Access, address: u64, value: u64) -> Seen {
    // SAFETY: a load changes nothing, for no device is mapped where tests load; tests map no memory but that which is
    // tagged, and nothing else lives there: a store harms no one, and code that is there ends in an interrupt.
    unsafe {
        match (access.kind, access.user) {
            (Kind::Load, false) => attempt!("mov rax, [rdi]", address,),
            (Kind::Store, false) => attempt!("mov [rdi], rsi", address, in("rsi") value),
            (Kind::Fetch, false) => attempt!("jmp rdi", address,),
            (kind, true) => {
                let start = match kind {
                    Kind::Load => USER,
                    Kind::Store => USER + 8,
                    Kind::Fetch => address,
                };
                // SS, RSP, RFLAGS, CS and RIP as IRETQ takes them.
                attempt!("push 0x1b; push 0; push 2; push 0x23; push r11; iretq", address,
                    in("rsi") value, in("r11") start)
            }
        }
    }
}

/// Code that returns the number of the page which it lies in: `mov rax, page; int 32`.
fn routine(address: u64) -> [u64; 2] {
    let page = address >> 12;
    [0xb848 | page << 16, page >> 48 | 0x20cd << 16]
}

/// Tags the memory that tests map: see [`Ram`].
pub fn tag() {
    for page in TESTED.pages() {
        set_tested(page, page);
        tag_code(page);
    }
}

/// Writes the code of a page.
pub fn tag_code(page: u64) {
    let [first, second] = routine(page);
    set_tested(page + 16, first);
    set_tested(page + 24, second);
}

/// The world of a format: tables at their physical address.
pub fn world<F: Format, M: Maintain<F>>(maintain: M) -> Linear<F, Pool, M> {
    // SAFETY: that memory is RAM, mapped where it is by the boot's tables and by every other, and nobody else uses it: one
    // world at a time is in use.
    unsafe { Linear::new(0, Pool::new(TABLES, TABLES_BYTES), maintain) }
}

/// Walks the boot's tables again, and destroys the other.
pub fn end<F: Format, M: Maintain<F>>(boot: u64, table: PageTable<F, Live>, world: &mut Linear<F, Pool, M>) {
    walk(boot, 0);
    // SAFETY: it is not walked any more, and everything that was cached is dropped.
    unsafe { table.deactivate() }.destroy(world);
}

/// Reads a word of RAM by its physical address.
pub fn word(address: u64) -> u64 {
    // SAFETY: RAM is always mapped where it is; an aligned load of integers changes nothing.
    unsafe { core::ptr::with_exposed_provenance::<u64>(address as usize & !7).read_volatile() }
}

/// Writes a word of the memory that tests map; anywhere else nothing happens.
pub fn set_tested(address: u64, value: u64) {
    if address.wrapping_sub(TESTED.first) < TESTED.bytes {
        // SAFETY: RAM, mapped where it is, in which no Rust object lives.
        unsafe { core::ptr::with_exposed_provenance_mut::<u64>(address as usize & !7).write_volatile(value) }
    }
}

/// Writes a word of the memory for tables; anywhere else nothing happens.
pub fn set_table(address: u64, value: u64) {
    if address.wrapping_sub(TABLES) < TABLES_BYTES {
        // SAFETY: RAM, mapped where it is; whose words the world accesses as volatile, and so does this.
        unsafe { core::ptr::with_exposed_provenance_mut::<u64>(address as usize & !7).write_volatile(value) }
    }
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

/// Whether tables have five levels: CR4.LA57.
pub fn five_levels() -> bool {
    let cr4: u64;
    // SAFETY: reading it has no effect.
    unsafe { asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack)) };
    cr4 >> 12 & 1 == 1
}

/// Walks other tables from now on, with these bits of CR4 and PGE, and drops what is cached of all, global or not.
pub fn walk(cr3: u64, control: u64) {
    // SAFETY: every table that is walked maps RAM where it is.
    unsafe {
        asm!("mov {old}, cr4; and {old}, {mask}; mov cr4, {old}; mov cr3, {cr3}; or {old}, {control}; mov cr4, {old}",
            old = out(reg) _, mask = in(reg) !(SMEP | SMAP | PGE), control = in(reg) control | PGE, cr3 = in(reg) cr3);
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

/// Ends QEMU, whose exit code then is `2 * (16 + code) + 1`: none of its own.
pub extern "C" fn exit(code: u32) -> ! {
    // SAFETY: isa-debug-exit ends the emulator.
    unsafe {
        asm!("out dx, eax; 2: hlt; jmp 2b", in("dx") 0xf4_u16, in("eax") 16 + code, options(noreturn, nostack))
    }
}

pub extern "C" fn unexpected(vector: u64, code: u64, address: u64, pc: u64) -> ! {
    panic!("unexpected exception {vector}: code {code:#x}, CR2 {address:#x}, RIP {pc:#x}")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = fmt::write(&mut Serial, format_args!("FAIL {info}\n"));
    exit(2)
}
