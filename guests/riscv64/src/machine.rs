//! QEMU's RISC-V `virt` board, in S-mode: all assembly and all unsafe code of the guest.

use core::arch::{asm, global_asm};
use core::fmt;

use guest_common::{Access, Kind, Pool, Ram};
use ptdsl::memory::{Linear, Maintain};
use ptdsl::{Format, Live, PageTable};

/// RAM begins here with the program and its tables; the part that tests map comes later.
pub const RAM: u64 = 0x8000_0000;
pub const RAM_BYTES: u64 = 3 << 30;
/// Memory for tables, between the program and what tests map.
pub const TABLES: u64 = 0x8200_0000;
pub const TABLES_BYTES: u64 = 4 << 20;
pub const TESTED: Ram = Ram { first: 0xc000_0000, dense: 16 << 20, bytes: 2 << 30 };
/// Devices: the 16550 and the one that ends QEMU.
pub const UART: u64 = 0x1000_0000;
pub const FINISHER: u64 = 0x10_0000;
/// Where tables map the page that user mode executes.
pub const USER: u64 = 0x4000_0000;

/// The scause of a breakpoint, with which whatever succeeds away from here ends.
const BREAKPOINT: u64 = 3;

global_asm!(
    ".pushsection .text.boot, \"ax\"; .global _start; _start:",
    "csrr t0, mhartid; bnez t0, 9f; la sp, stack",
    // PMP: everything is allowed to everyone.
    "li t0, -1; srli t0, t0, 10; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0",
    "la t0, 8f; csrw mtvec, t0",
    // All exceptions of U and S but calls of S go to S.
    "li t0, 0xb1ff; csrw medeleg, t0; csrw mideleg, zero; la t0, 7f; csrw stvec, t0; csrw sscratch, zero",
    // PBMTE and ADUE, where menvcfg exists: hardware sets A and D.
    "la t0, 1f; csrw mtvec, t0; li t0, 3; slli t0, t0, 61; csrs 0x30a, t0",
    ".balign 4; 1: la t0, 8f; csrw mtvec, t0; csrw satp, zero",
    // To S-mode: MPP = 1, FS = 1.
    "li t0, 0x7800; csrc mstatus, t0; li t0, 0x2800; csrs mstatus, t0",
    "la t0, 2f; csrw mepc, t0; mret",
    "2: la t0, bss; la t1, bss_end",
    "3: bgeu t0, t1, 4f; sd zero, 0(t0); addi t0, t0, 8; j 3b",
    "4: call {main}; call {exit}",
    // What no one expected in M-mode.
    ".balign 4; 8: csrr a0, mcause; csrr a1, mtval; csrr a2, mepc; call {unexpected}",
    "9: wfi; j 9b",
    // To the place in sscratch, from S and from U, with scause and stval.
    ".balign 4; 7: csrr t0, sscratch; beqz t0, 1f; csrr a1, scause; csrr a2, stval; jr t0",
    "1: csrr a0, scause; csrr a1, stval; csrr a2, sepc; la sp, stack; call {unexpected}",
    ".popsection",
    // What user mode executes. 8 bytes each; see `Stub`.
    ".pushsection .user, \"ax\"; .option push; .option norvc",
    "ld a0, 0(a0); ebreak; sd a3, 0(a0); ebreak",
    ".option pop; .popsection",
    main = sym crate::main,
    exit = sym exit,
    unexpected = sym unexpected,
);

unsafe extern "C" {
    /// The page that user mode executes, from the linker script.
    #[link_name = "user"]
    safe static STUBS: [u64; 2];
}

/// How an access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was done: what was loaded, or what the code that was fetched says.
    Done(u64),
    /// It was refused: scause and stval.
    Refused(u64, u64),
}

/// Goes on behind its instructions, whatever exception they raise. They take an address in a0 and leave their result
/// there; t0 is theirs.
macro_rules! attempt {
    ($instructions:literal, $address:expr, $($operands:tt)*) => {{
        let (value, cause, address): (u64, u64, u64);
        asm!("la t0, 2f; csrw sscratch, t0", $instructions, "2: csrw sscratch, zero", out("t0") _,
            inlateout("a0") $address => value, inlateout("a1") u64::MAX => cause, inlateout("a2") 0_u64 => address,
            $($operands)*);
        match cause {
            u64::MAX | BREAKPOINT => Seen::Done(value),
            _ => Seen::Refused(cause, address),
        }
    }};
}

/// Loads, stores `value`, or executes, in S-mode or in U-mode. What is executed is a [`routine`].
pub fn access(access: Access, address: u64, value: u64) -> Seen {
    // SAFETY: a load changes nothing, for no device is mapped where tests load; tests map no memory but that which is
    // tagged, and nothing else lives there: a store harms no one, and code that is there ends in a breakpoint.
    unsafe {
        match (access.kind, access.user) {
            (Kind::Load, false) => attempt!("ld a0, 0(a0)", address, options(nostack)),
            (Kind::Store, false) => attempt!("sd a3, 0(a0)", address, in("a3") value, options(nostack)),
            (Kind::Fetch, false) => attempt!("fence.i; jr a0", address, options(nostack)),
            (kind, true) => {
                let start = match kind {
                    Kind::Load => USER,
                    Kind::Store => USER + 8,
                    Kind::Fetch => address,
                };
                attempt!("fence.i; csrw sepc, a4; li t0, 0x100; csrc sstatus, t0; sret", address,
                    in("a3") value, in("a4") start, options(nostack))
            }
        }
    }
}

/// Code that returns the page which it lies in, by its physical address: `lui a0, page; ebreak`, where `page` counts from
/// the begin of RAM.
fn routine(address: u64) -> u64 {
    let page = address.wrapping_sub(RAM) >> 12;
    0x0010_0073 << 32 | (page & 0xf_ffff) << 12 | 0x537
}

/// Tags the memory that tests map: see [`Ram`].
pub fn tag() {
    for page in TESTED.pages() {
        set_tested(page, page);
        set_tested(page + 16, routine(page));
    }
}

/// The world of a format: tables at their physical address.
pub fn world<F: Format, M: Maintain<F>>(maintain: M) -> Linear<F, Pool, M> {
    // SAFETY: that memory is RAM, mapped where it is with and without tables, and nobody else uses it: one world at a
    // time is in use.
    unsafe { Linear::new(0, Pool::new(TABLES, TABLES_BYTES), maintain) }
}

/// Switches translation off and destroys the table.
pub fn end<F: Format, M: Maintain<F>>(table: PageTable<F, Live>, world: &mut Linear<F, Pool, M>) {
    walk(0, false, false);
    // SAFETY: no table is walked any more, and everything that was cached is dropped.
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

/// What the emulator was told to hand over: the semihosting call SYS_GET_CMDLINE.
pub fn command_line(buffer: &mut [u8]) -> Option<&str> {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    let result: isize;
    // SAFETY: the call writes at most the buffer, and its length into the block. In this form only is it one.
    unsafe {
        asm!(".option push; .option norvc; .balign 16", "slli x0, x0, 0x1f; ebreak; srai x0, x0, 7", ".option pop",
            inlateout("a0") 0x15_isize => result, in("a1") &mut block);
    }
    let text = buffer.get(..block[1])?;
    if result == 0 { core::str::from_utf8(text).ok() } else { None }
}

/// Walks tables from now on, with SUM and MXR as given; `satp` 0: none.
pub fn walk(satp: u64, sum: bool, mxr: bool) {
    let status = u64::from(sum) << 18 | u64::from(mxr) << 19;
    // SAFETY: every table that is walked maps RAM and the devices where they are.
    unsafe {
        asm!("csrc sstatus, {mask}; csrs sstatus, {status}; csrw satp, {satp}; sfence.vma",
            mask = in(reg) 3_u64 << 18, status = in(reg) status, satp = in(reg) satp);
    }
}

/// Drops all that is cached of tables.
pub fn fence_all() {
    // SAFETY: nothing changes but what is looked up again.
    unsafe { asm!("sfence.vma") }
}

/// Drops what is cached of an address.
pub fn fence(address: u64) {
    // SAFETY: nothing changes but what is looked up again.
    unsafe { asm!("sfence.vma {}, x0", in(reg) address) }
}

/// The 16550.
pub struct Uart;

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the UART is always mapped. Bit 5 of its line status: there is room.
            unsafe {
                while ((UART + 5) as *const u8).read_volatile() & 1 << 5 == 0 {}
                (UART as *mut u8).write_volatile(byte);
            }
        }
        Ok(())
    }
}

/// Ends QEMU with that status, below 2^16.
pub extern "C" fn exit(code: u32) -> ! {
    let word = if code == 0 { 0x5555 } else { code << 16 | 0x3333 };
    // SAFETY: the device is always mapped; it ends the emulator.
    unsafe { (FINISHER as *mut u32).write_volatile(word) };
    loop {
        core::hint::spin_loop();
    }
}

extern "C" fn unexpected(cause: u64, value: u64, pc: u64) -> ! {
    // Without the table under test, which may be what is wrong.
    walk(0, false, false);
    panic!("unexpected exception: cause {cause:#x}, value {value:#x}, pc {pc:#x}")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = fmt::write(&mut Uart, format_args!("FAIL {info}\n"));
    exit(2)
}
