//! QEMU's `virt` board with one PE at EL2: all assembly and all unsafe code of the program.

use crate::arm64_hyp::{Arm64Hyp, Registers};
use crate::mmu::{Abort, Access, decode};
use crate::world::{Hardware, Pool};
use core::arch::{asm, global_asm};
use core::fmt;
use ptdsl::memory::Linear;

pub const UART: u64 = 0x0900_0000; // a PL011
/// Memory above the image, which the program maps here and there. From here up no Rust object lives.
pub const MEMORY: u64 = 0x4400_0000;
/// The code that [`access`] may call: `mov x0, #42; ret`.
pub const ROUTINE: u64 = 0xd65f_03c0_d280_0540;

pub type World = Linear<Arm64Hyp, Pool, Hardware>;

global_asm!(
    ".pushsection .text.boot, \"ax\"; .global _start, exit, put, mmu_on, at_read, at_write, sctlr_el2",
    ".global id_aa64mmfr0_el1, id_aa64mmfr2_el1",
    "_start: adrp x0, tables; mov sp, x0",
    "mrs x0, CurrentEL; cmp x0, #(2 << 2); mov w0, #3; b.ne exit", // 3: not started at EL2
    "mov x0, #(1 << 31); msr hcr_el2, x0", // EL1 is AArch64; E2H = 0: one VA range, TTBR0_EL2
    "mov x0, #0x33ff; msr cptr_el2, x0",   // no traps: the compiler may use vector registers
    "adr x0, vectors; msr vbar_el2, x0; msr tpidr_el2, xzr; isb",
    "adrp x0, bss; add x0, x0, :lo12:bss; adrp x1, stack",
    "0: cmp x0, x1; b.hs 1f; stp xzr, xzr, [x0], #16; b 0b",
    "1: bl {main}",
    "exit: mov x1, #0x26; movk x1, #2, lsl #16; stp x1, x0, [sp, #-16]!; mov x1, sp; mov w0, #0x18",
    "hlt #0xf000; 0: wfi; b 0b",
    "sctlr_el2: mrs x0, sctlr_el2; ret",
    "id_aa64mmfr0_el1: mrs x0, id_aa64mmfr0_el1; ret",
    "id_aa64mmfr2_el1: mrs x0, id_aa64mmfr2_el1; ret",
    // The PL011, with bit 5 of its flags: no room.
    "put: mov x1, #{uart}; 0: ldr w2, [x1, #0x18]; tbnz w2, #5, 0b; str w0, [x1]; ret",
    "at_read: at s1e2r, x0; isb; mrs x0, par_el1; ret",
    "at_write: at s1e2w, x0; isb; mrs x0, par_el1; ret",
    // x0 to x3: MAIR, TCR, TTBR0, SCTLR. x4..x5 was written while the caches were off, tables included: it is
    // cleaned to PoC line by line (x6: CTR_EL0.DminLine), so that no stale line hides it from now on.
    "mmu_on: mrs x6, ctr_el0; ubfx x6, x6, #16, #4; mov x7, #4; lsl x6, x7, x6",
    "0: dc civac, x4; add x4, x4, x6; cmp x4, x5; b.lo 0b; dsb sy",
    "msr mair_el2, x0; msr ttbr0_el2, x2; msr tcr_el2, x1; isb",
    "tlbi alle2; ic iallu; dsb sy; isb; msr sctlr_el2, x3; isb; ret",
    // A synchronous exception that may come: on at the address in TPIDR_EL2, with ESR in x1 and FAR in x2.
    "recover: mrs x1, tpidr_el2; cbz x1, 0f; msr elr_el2, x1; mrs x1, esr_el2; mrs x2, far_el2; eret",
    "0: mrs x0, esr_el2; mrs x1, far_el2; mrs x2, elr_el2; b {unexpected}",
    ".balign 2048; vectors: .rept 4; .balign 128; b 0b; .endr",
    ".balign 128; b recover; .rept 11; .balign 128; b 0b; .endr", // from EL2 itself, synchronous; all others
    ".popsection",
    main = sym crate::main, uart = const UART, unexpected = sym unexpected,
);

unsafe extern "C" {
    /// Where code, constants, data and tables begin, and where all ends; from the linker script, whole pages.
    pub safe static IMAGE: [u64; 5];
    pub safe fn sctlr_el2() -> u64;
    pub safe fn id_aa64mmfr0_el1() -> u64;
    pub safe fn id_aa64mmfr2_el1() -> u64;
    /// PAR_EL1 after AT for a read.
    pub safe fn at_read(address: u64) -> u64;
    pub safe fn at_write(address: u64) -> u64;
    /// Ends the emulator with that status, by the semihosting call SYS_EXIT.
    safe fn exit(status: u64) -> !;
    safe fn put(byte: u32);
    fn mmu_on(mair: u64, tcr: u64, ttbr0: u64, sctlr: u64, first: u64, end: u64);
}

pub fn world() -> World {
    // SAFETY: the linker script sets 64 pages aside, accessible where they are with the MMU off and on.
    unsafe { Linear::new(0, Pool { first: IMAGE[3], free: u64::MAX }, Hardware) }
}

/// Switches MMU and caches on. The table maps the image and the UART where they are: `main` has seen to it.
pub fn enable(&Registers { mair_el2, tcr_el2, ttbr0_el2 }: &Registers) {
    let sctlr = 0x30c5_0830 | 1 << 12 | 1 << 3 | 1 << 2 | 1; // RES1; I, SA, C, M
    // SAFETY: code stays where it is and executable, data where it is and writable.
    unsafe { mmu_on(mair_el2, tcr_el2, ttbr0_el2, sctlr, IMAGE[2], IMAGE[4]) }
}

/// An instruction that may be refused. It takes an address in x0 and leaves its result there.
macro_rules! attempt {
    ($instruction:literal, $at:expr, $($operands:tt)*) => {{
        let (value, esr, far): (u64, u64, u64);
        asm!("adr x3, 2f; msr tpidr_el2, x3", $instruction, "2: msr tpidr_el2, xzr", out("x3") _,
            inout("x0") $at & !7 => value, inout("x1") 0_u64 => esr, inout("x2") 0_u64 => far, $($operands)*);
        if esr == 0 { Ok(value) } else { Err(decode(esr, far)) }
    }};
}

/// Loads 8 bytes and returns them, or then stores `value`, or calls them if they are [`ROUTINE`].
pub fn access(access: Access, address: u64, value: u64) -> Result<u64, Abort> {
    // SAFETY: a load changes nothing; the one device is the UART, whose data nobody waits for.
    let there = unsafe { attempt!("ldr x0, [x0]", address, options(nostack)) };
    match access {
        Access::Store => {
            let value = if address >= MEMORY { value } else { there? };
            // SAFETY: what changes is memory where no Rust object lives.
            unsafe { attempt!("str x4, [x0]", address, in("x4") value, options(nostack)) }
        }
        // SAFETY: these two instructions, made visible to fetches before.
        Access::Fetch if there == Ok(ROUTINE) => unsafe {
            asm!("dc cvau, {0}; dsb ish; ic ivau, {0}; dsb ish; isb", in(reg) address);
            attempt!("blr x0", address, clobber_abi("C"))
        },
        _ => there,
    }
}

pub struct Uart;

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| put(byte.into()));
        Ok(())
    }
}

extern "C" fn unexpected(esr: u64, far: u64, elr: u64) -> ! {
    panic!("unexpected exception: ESR {esr:#x}, FAR {far:#x}, ELR {elr:#x}")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = fmt::write(&mut Uart, format_args!("FAIL {info}\n"));
    exit(2)
}
