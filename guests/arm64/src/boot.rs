//! From reset to Rust: a first map, the switch from one table to another, and the vectors of EL2.

use core::arch::global_asm;

/// Normal write-back memory in attribute 0, Device-nGnRE in attribute 4, as the formats have them.
const MAIR: u64 = 0x4_0000_00ff;
/// 39 bits, 4 KiB, 48-bit outputs: for the first map.
const TCR: u64 = 1 << 31 | 1 << 23 | 5 << 16 | 0x3500 | 25;
/// RES1 bits; I, SA, C, M.
pub const SCTLR: u64 = 0x30c5_0830 | 1 << 12 | 1 << 3 | 1 << 2 | 1;
/// EL1 is AArch64; nothing is trapped.
pub const HCR: u64 = 1 << 31;

global_asm!(
    // x0 to x3: MAIR, TCR, TTBR0 and HCR of EL2, x4: SCTLR; x5..x6: physical memory that was written while the caches
    // were off, tables included. It is cleaned to PoC line by line, so that no stale line hides it from now on.
    ".pushsection .switch, \"ax\"; .global switch_tables; switch_tables:",
    "dsb sy; msr sctlr_el2, xzr; isb",
    "cmp x5, x6; b.hs 1f",
    "mrs x7, ctr_el0; ubfx x7, x7, #16, #4; mov x8, #4; lsl x7, x8, x7", // DminLine
    "0: dc civac, x5; add x5, x5, x7; cmp x5, x6; b.lo 0b; 1: dsb sy",
    "tlbi alle2; dsb nsh; msr hcr_el2, x3; isb; msr mair_el2, x0; msr ttbr0_el2, x2; msr tcr_el2, x1; isb",
    "tlbi alle2; ic iallu; dsb nsh; isb; msr sctlr_el2, x4; isb; ret",
    ".popsection",
    // PE 0 begins here at its physical address, as does each that PSCI starts, further down.
    ".pushsection .text.boot, \"ax\"; .global _start; _start:",
    "mrs x0, CurrentEL; cmp x0, #(2 << 2); b.ne not_el2",
    "adrp x0, bss; add x0, x0, :lo12:bss; adrp x1, bss_end; add x1, x1, :lo12:bss_end",
    "0: cmp x0, x1; b.hs 1f; stp xzr, xzr, [x0], #16; b 0b",
    // The first map: the window where the image runs, read-write-execute; the flash around the switch; memory from
    // 1 GiB on where it is.
    "1: adrp x0, boot_tables; mov x1, x0; add x2, x0, #8192",
    "2: stp xzr, xzr, [x1], #16; cmp x1, x2; b.lo 2b",
    "add x1, x0, #4096; orr x2, x1, #3; str x2, [x0]",
    "mov x2, #0x741; movk x2, #0x4000, lsl #16; movk x2, #0x40, lsl #48; mov x4, #0x40000000",
    "str x2, [x0, #8]; add x2, x2, x4; str x2, [x0, #16]; add x2, x2, x4; str x2, [x0, #24]",
    "mov x2, #0x7c1; movk x2, #0xe0, lsl #16; str x2, [x1, #(7 * 8)]", // the flash
    "mov x2, #0x741; movk x2, #0x4000, lsl #16; add x3, x1, #(8 * 8); mov x4, #0x200000",
    "3: str x2, [x3], #8; add x2, x2, x4; add x5, x1, #(16 * 8); cmp x3, x5; b.lo 3b",
    "ldr x9, =stack; ldr x10, ={main}; b into",
    ".global second_start; second_start: ldr x9, =second_stack; ldr x10, ={second}",
    "into: mov sp, x9",
    "mov x0, #0x33ff; movk x0, #0x30, lsl #16; msr cptr_el2, x0", // the compiler may use vector registers, whatever E2H
    "ldr x0, =vectors; msr vbar_el2, x0; msr tpidr_el2, xzr; isb",
    "ldr x0, ={mair}; ldr x1, ={tcr}; adrp x2, boot_tables; ldr x3, ={hcr}; ldr x4, ={sctlr}",
    "mov x5, x2; add x6, x2, #8192; mov x30, x10; ldr x11, =switch_tables; br x11",
    "not_el2: mov w0, #3; b {exit}",
    ".ltorg",
    // A synchronous exception of EL2 where one is expected: on at the address in TPIDR_EL2.
    "recover: mrs x1, tpidr_el2; cbz x1, 0f; msr elr_el2, x1; mrs x1, esr_el2; mrs x2, far_el2; eret",
    "0: mrs x0, esr_el2; mrs x1, far_el2; mrs x2, elr_el2; b {unexpected}",
    // From EL1 or EL0, which were entered from the address in TPIDR_EL2: back, all that is told in registers.
    "lower: mrs x1, esr_el2; mrs x2, far_el2; mrs x3, hpfar_el2; mrs x4, esr_el1; mrs x5, far_el1; mrs x6, tpidr_el2",
    "cbz x6, 0b; br x6",
    ".balign 2048; vectors: .rept 4; .balign 128; b 0b; .endr",
    ".balign 128; b recover; .rept 3; .balign 128; b 0b; .endr",
    ".balign 128; b lower; .rept 7; .balign 128; b 0b; .endr",
    ".popsection",
    // EL1: its vectors, which go on to EL2, then what is done there.
    ".pushsection .stub.el1, \"ax\"; .balign 2048; .rept 16; .balign 128; hvc #1; b .; .endr",
    ".balign 2048; ldr x0, [x0]; hvc #0",
    ".balign 64; str x1, [x0]; hvc #0",
    ".balign 64; adr x30, 0f; ret x0; 0: hvc #0",
    ".popsection",
    ".pushsection .stub.el0, \"ax\"; .balign 2048; ldr x0, [x0]; svc #0",
    ".balign 64; str x1, [x0]; svc #0",
    ".balign 64; adr x30, 0f; ret x0; 0: svc #0",
    ".popsection",
    main = sym crate::main,
    second = sym crate::second::second,
    unexpected = sym crate::pe::unexpected,
    exit = sym crate::pe::exit,
    mair = const MAIR,
    tcr = const TCR,
    hcr = const HCR,
    sctlr = const SCTLR,
);

/// Where the loads, stores and fetches stand in the page of EL1, after its vectors, and in that of EL0.
pub const STUBS: [u64; 2] = [0x800, 0];
/// From one to the next, in the order load, store, fetch.
pub const STUB_STEP: u64 = 64;
