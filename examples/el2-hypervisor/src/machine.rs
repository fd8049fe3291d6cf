//! QEMU's `virt` board with one PE at EL2: all assembly and all unsafe code of the program.

use core::arch::{asm, global_asm};
use core::fmt;
use ptdsl::memory::Linear;
use ptdsl::{Error, Range};

use crate::arm64_hyp::{Arm64Hyp, Registers};
use crate::mmu::{Abort, Access};
use crate::world::{Hardware, Pool};

/// The PL011.
pub const UART: u64 = 0x0900_0000;
/// Memory above the image, which the program maps here and there.
pub const MEMORY: u64 = 0x4400_0000;
pub const MEMORY_BYTES: u64 = 16 << 20;
/// Where it maps it.
pub const WINDOW: u64 = 0x10_0000_0000;
const WINDOW_BYTES: u64 = 1 << 30;
/// What [`call`] executes: `mov x0, #42; ret`.
pub const ROUTINE: u64 = 0xd65f_03c0_d280_0540;

/// Tables are accessed at their physical address.
pub type World = Linear<Arm64Hyp, Pool, Hardware>;

global_asm!(
    ".pushsection .text.boot, \"ax\"; .global _start; _start:",
    "adrp x0, tables; mov sp, x0",
    "mrs x0, CurrentEL; cmp x0, #(2 << 2); mov w0, #3; b.ne {exit}", // 3: not started at EL2
    "mov x0, #(1 << 31); msr hcr_el2, x0", // EL1 is AArch64; E2H = 0: one VA range, TTBR0_EL2
    "mov x0, #0x33ff; msr cptr_el2, x0",   // no traps: the compiler may use vector registers
    "adr x0, vectors; msr vbar_el2, x0; msr tpidr_el2, xzr; isb",
    "adrp x0, bss; add x0, x0, :lo12:bss; adrp x1, stack",
    "0: cmp x0, x1; b.hs 1f; stp xzr, xzr, [x0], #16; b 0b",
    "1: bl {main}; b {exit}",
    // x0 to x3: MAIR, TCR, TTBR0 and SCTLR; x4..x5: what was written while the caches were off, tables included. It is
    // cleaned to PoC line by line (x6: CTR_EL0.DminLine), so that no stale line hides it from now on.
    "mmu_on: mrs x6, ctr_el0; ubfx x6, x6, #16, #4; mov x7, #4; lsl x6, x7, x6",
    "0: dc civac, x4; add x4, x4, x6; cmp x4, x5; b.lo 0b; dsb sy",
    "msr mair_el2, x0; msr ttbr0_el2, x2; msr tcr_el2, x1; isb",
    "tlbi alle2; ic iallu; dsb sy; isb; msr sctlr_el2, x3; isb; ret",
    // A synchronous exception where one is expected: on at the address in TPIDR_EL2, ESR in x1 and FAR in x2.
    "recover: mrs x1, tpidr_el2; cbz x1, 0f; msr elr_el2, x1; mrs x1, esr_el2; mrs x2, far_el2; eret",
    "0: mrs x0, esr_el2; mrs x1, far_el2; mrs x2, elr_el2; b {unexpected}",
    ".balign 2048; vectors: .rept 4; .balign 128; b 0b; .endr",
    ".balign 128; b recover; .rept 11; .balign 128; b 0b; .endr", // from EL2 itself, synchronous; all others
    ".popsection",
    exit = sym exit,
    main = sym crate::main,
    unexpected = sym unexpected,
);

unsafe extern "C" {
    /// Where code, constants, data and tables begin, and where all ends; from the linker script.
    safe static IMAGE: [u64; 5];
    fn mmu_on(mair: u64, tcr: u64, ttbr0: u64, sctlr: u64, first: u64, end: u64);
}

/// Code, constants, and data with stack and tables; each whole pages.
pub fn image() -> Result<[Range; 3], Error> {
    let [code, constants, data, _, end] = IMAGE;
    let range = |first, end| Range::inclusive(first, end - 1);
    Ok([range(code, constants)?, range(constants, data)?, range(data, end)?])
}

/// The world of the one table.
pub fn world() -> World {
    // SAFETY: the linker script sets 64 pages aside, accessible at their physical address with the MMU off and on.
    unsafe { Linear::new(0, Pool(IMAGE[3], u64::MAX), Hardware) }
}

/// Switches MMU and caches on. The table maps the image and the UART where they are, which `start` has seen to.
pub fn enable(registers: &Registers, data: Range) {
    let sctlr = 0x30c5_0830 | 1 << 12 | 1 << 3 | 1 << 2 | 1; // RES1; I, SA, C, M
    let Registers { mair_el2, tcr_el2, ttbr0_el2 } = *registers;
    // SAFETY: code stays where it is and executable, data where it is and writable.
    unsafe { mmu_on(mair_el2, tcr_el2, ttbr0_el2, sctlr, data.first(), data.last()) }
}

/// SCTLR_EL2, ID_AA64MMFR0_EL1 and ID_AA64MMFR2_EL1.
pub fn registers() -> [u64; 3] {
    let (sctlr, mmfr0, mmfr2);
    // SAFETY: reading them has no effect.
    unsafe {
        asm!("mrs {}, sctlr_el2; mrs {}, id_aa64mmfr0_el1; mrs {}, id_aa64mmfr2_el1",
            out(reg) sctlr, out(reg) mmfr0, out(reg) mmfr2, options(nomem, nostack));
    }
    [sctlr, mmfr0, mmfr2]
}

/// An instruction that may be refused. It takes an address in x0 and leaves its result there.
macro_rules! attempt {
    ($instruction:literal, $address:expr, $($operands:tt)*) => {{
        let (value, esr, far): (u64, u64, u64);
        asm!("adr x3, 2f; msr tpidr_el2, x3", $instruction, "2: msr tpidr_el2, xzr", out("x3") _,
            inout("x0") $address & !7 => value, inout("x1") 0_u64 => esr, inout("x2") 0_u64 => far, $($operands)*);
        if esr == 0 { Ok(value) } else { Err(Abort::decode(esr, far)) }
    }};
}

/// Loads 8 bytes.
pub fn load(address: u64) -> Result<u64, Abort> {
    // SAFETY: a load changes nothing; the one device is the UART, whose data nobody waits for.
    unsafe { attempt!("ldr x0, [x0]", address, options(nostack)) }
}

/// Performs an access that is to be refused.
pub fn access(access: Access, address: u64) -> Result<u64, Abort> {
    match access {
        Access::Store => store(address, 0),
        Access::Fetch => call(address),
        _ => load(address),
    }
}

/// Stores 8 bytes; where no store may ever succeed, outside of [`MEMORY`] and [`WINDOW`], those that are there already.
pub fn store(address: u64, value: u64) -> Result<u64, Abort> {
    let ours = address.wrapping_sub(MEMORY) < MEMORY_BYTES || address.wrapping_sub(WINDOW) < WINDOW_BYTES;
    let value = if ours { value } else { load(address)? };
    // SAFETY: what changes is memory where no Rust object lives.
    unsafe { attempt!("str x4, [x0]", address, in("x4") value, options(nostack)) }
}

/// Executes [`ROUTINE`], if that is what stands there. Otherwise returns what does.
pub fn call(address: u64) -> Result<u64, Abort> {
    match load(address)? {
        // SAFETY: these two instructions, made visible to fetches before.
        ROUTINE => unsafe {
            asm!("dc cvau, {0}; dsb ish; ic ivau, {0}; dsb ish; isb", in(reg) address);
            attempt!("blr x0", address, clobber_abi("C"))
        },
        other => Ok(other),
    }
}

/// PAR_EL1 after AT for a read and after AT for a write.
pub fn address_translate(address: u64) -> [u64; 2] {
    let (read, write);
    // SAFETY: AT walks the tables and accesses nothing else.
    unsafe {
        asm!("at s1e2r, {0}; isb; mrs {1}, par_el1; at s1e2w, {0}; isb; mrs {2}, par_el1",
            in(reg) address, out(reg) read, lateout(reg) write, options(nostack));
    }
    [read, write]
}

pub struct Uart;

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the PL011 is always mapped. Bit 5 of its flags: no room.
            unsafe {
                while ((UART + 0x18) as *const u32).read_volatile() & 1 << 5 != 0 {}
                (UART as *mut u32).write_volatile(u32::from(byte));
            }
        }
        Ok(())
    }
}

/// Ends the emulator with that status: the semihosting call SYS_EXIT.
pub extern "C" fn exit(code: u32) -> ! {
    let reason = [0x20026, u64::from(code)];
    // SAFETY: the call reads `reason` and does not return.
    unsafe { asm!("hlt #0xf000; 0: wfi; b 0b", in("w0") 0x18, in("x1") &reason, options(noreturn)) }
}

extern "C" fn unexpected(esr: u64, far: u64, elr: u64) -> ! {
    panic!("unexpected exception: ESR {esr:#x}, FAR {far:#x}, ELR {elr:#x}")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = fmt::write(&mut Uart, format_args!("FAIL {info}\n"));
    exit(2)
}
