//! The PE and its board: accesses that may be refused, address translation instructions, other registers, text and exit.

use core::arch::asm;
use core::fmt;

use guest_common::Kind;

use crate::boot::{STUB_STEP, STUBS};
use crate::layout::{MEMORY, UART};

unsafe extern "C" {
    fn switch_tables(mair: u64, tcr: u64, ttbr0: u64, hcr: u64, sctlr: u64, first: u64, end: u64);
    fn second_start();
}

/// What an access came to: the value in x0, or the syndrome and the address of its fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    pub value: u64,
    /// ESR_EL2; 0 where nothing was refused.
    pub esr: u64,
    pub far: u64,
    /// The fault went to EL2 from below: to stage 2.
    pub stage2: bool,
}

/// An instruction of EL2 that may be refused, with an address in x0.
macro_rules! attempt {
    ($instruction:literal, $address:expr, $($operands:tt)*) => {{
        let (value, esr, far): (u64, u64, u64);
        asm!("adr x3, 2f; msr tpidr_el2, x3; isb", $instruction, "2: msr tpidr_el2, xzr", out("x3") _,
            inout("x0") $address => value, inout("x1") 0_u64 => esr, inout("x2") 0_u64 => far, $($operands)*);
        Attempt { value, esr, far, stage2: false }
    }};
}

/// Loads 8 bytes at EL2.
pub fn load(address: u64) -> Attempt {
    // SAFETY: a load of memory changes nothing; devices are mapped where nobody asks for loads.
    unsafe { attempt!("ldr x0, [x0]", address, options(nostack)) }
}

/// Stores 8 bytes at EL2.
///
/// # Safety
/// What lies there, if anything does, is memory that no Rust object lives in.
pub unsafe fn store(address: u64, value: u64) -> Attempt {
    // SAFETY: as the caller promises.
    unsafe { attempt!("str x4, [x0]", address, in("x4") value, options(nostack)) }
}

/// Calls code at EL2.
///
/// # Safety
/// If it may be executed, it returns, with its result in x0, and changes no other register but x30.
pub unsafe fn call(address: u64) -> Attempt {
    // SAFETY: as the caller promises. RET, which branch target identification lets go anywhere.
    unsafe { attempt!("adr x30, 2f; ret x0", address, clobber_abi("C")) }
}

/// Performs an access at EL1, or at EL0: enters it, at its page of stubs, whose address is `stub`.
///
/// # Safety
/// As [`store`] and [`call`]; and EL1 finds its vectors in `stub[0]` and nothing else to do.
pub unsafe fn lower(stub: [u64; 2], user: bool, kind: Kind, address: u64, value: u64) -> Attempt {
    let entry = stub[usize::from(user)] + STUBS[usize::from(user)] + STUB_STEP * kind as u64;
    // EL0t or EL1h; all interrupts masked.
    let spsr: u64 = if user { 0x3c0 } else { 0x3c5 };
    let (found, esr, far, hpfar, esr_el1, far_el1): (u64, u64, u64, u64, u64, u64);
    // SAFETY: as the caller promises. The stubs change x0 and x30 alone, and what they end with comes back to label 2.
    unsafe {
        asm!("msr elr_el2, {entry}; msr spsr_el2, {spsr}; msr vbar_el1, {vectors}; adr x3, 2f; msr tpidr_el2, x3; isb; eret",
            "2: msr tpidr_el2, xzr",
            entry = in(reg) entry, spsr = in(reg) spsr, vectors = in(reg) stub[0],
            inout("x0") address => found, inout("x1") value => esr, out("x2") far, out("x3") hpfar,
            out("x4") esr_el1, out("x5") far_el1, clobber_abi("C"));
    }
    let _ = hpfar;
    match (esr >> 26, esr & 0xffff, esr_el1 >> 26) {
        // HVC 0 from EL1, or HVC 1 from its vectors after SVC from EL0: done.
        (0x16, 0, _) | (0x16, 1, 0x15) if user == (esr & 0xffff == 1) => {
            Attempt { value: found, ..Attempt::default() }
        }
        (0x16, 1, _) => Attempt { value: 0, esr: esr_el1, far: far_el1, stage2: false },
        _ => Attempt { value: 0, esr, far, stage2: true },
    }
}

/// PAR_EL1 after an address translation instruction.
macro_rules! address_translate {
    ($name:ident, $instruction:literal) => {
        pub fn $name(address: u64) -> u64 {
            let par;
            // SAFETY: AT walks the tables and accesses nothing else.
            unsafe {
                asm!($instruction, "isb; mrs {1}, par_el1", in(reg) address, lateout(reg) par, options(nostack));
            }
            par
        }
    };
}

address_translate!(at_s1e2r, "at s1e2r, {0}");
address_translate!(at_s1e2w, "at s1e2w, {0}");
address_translate!(at_s1e1r, "at s1e1r, {0}");
address_translate!(at_s1e1w, "at s1e1w, {0}");
address_translate!(at_s1e0r, "at s1e0r, {0}");
address_translate!(at_s1e0w, "at s1e0w, {0}");
address_translate!(at_s12e1r, "at s12e1r, {0}");
address_translate!(at_s12e1w, "at s12e1w, {0}");
address_translate!(at_s12e0r, "at s12e0r, {0}");
address_translate!(at_s12e0w, "at s12e0w, {0}");

/// Has EL2 walk another table.
///
/// # Safety
/// The table maps what the guest uses: itself, its memory and UART as all its tables do.
pub unsafe fn set_el2(mair: u64, tcr: u64, ttbr0: u64, hcr: u64) {
    // SAFETY: as the caller promises. Nothing was written with the caches off.
    unsafe { switch_tables(mair, tcr, ttbr0, hcr, crate::boot::SCTLR, 0, 0) }
}

/// Sets up the EL1&0 translation regime and both its stages, and drops all that TLBs hold of it.
///
/// # Safety
/// Nothing runs there but what [`lower`] is called for.
pub unsafe fn set_el1([mair, tcr, ttbr0, ttbr1, sctlr, vtcr, vttbr, hcr]: [u64; 8]) {
    // SAFETY: EL2 does not use this regime.
    unsafe {
        asm!("msr sctlr_el1, {off}; isb; msr mair_el1, {0}; msr tcr_el1, {1}; msr ttbr0_el1, {2}; msr ttbr1_el1, {3}",
            "msr vtcr_el2, {5}; msr vttbr_el2, {6}; msr hcr_el2, {7}; isb; tlbi alle1; dsb nsh; msr sctlr_el1, {4}; isb",
            in(reg) mair, in(reg) tcr, in(reg) ttbr0, in(reg) ttbr1, in(reg) sctlr, in(reg) vtcr, in(reg) vttbr,
            in(reg) hcr, off = in(reg) SCTLR_EL1, options(nostack));
    }
}

/// SCTLR_EL1 with the MMU off: RES1 bits, I, C.
pub const SCTLR_EL1: u64 = 0x30d0_0800 | 1 << 12 | 1 << 2;

/// ID_AA64MMFR2_EL1.
pub fn mmfr2() -> u64 {
    let mmfr2;
    // SAFETY: reading it has no effect.
    unsafe { asm!("mrs {}, id_aa64mmfr2_el1", out(reg) mmfr2, options(nomem, nostack)) }
    mmfr2
}

/// Makes code that was stored visible to fetches of all PEs: the lines are cleaned one by one first.
pub fn clean_code(address: u64) {
    // SAFETY: cleaning changes no memory.
    unsafe { asm!("dc cvau, {0}; dsb ish", in(reg) address, options(nostack)) }
}

/// After the last of them.
pub fn forget_code() {
    // SAFETY: fetches read memory again.
    unsafe { asm!("ic ialluis; dsb ish; isb", options(nostack)) }
}

/// Reads a word of memory that only the guest's own maps make accessible.
///
/// # Safety
/// The address is mapped, as memory.
pub unsafe fn peek(address: u64) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { (address as *const u64).read_volatile() }
}

/// Writes one.
///
/// # Safety
/// The address is mapped, as memory that no Rust object lives in.
pub unsafe fn poke(address: u64, value: u64) {
    // SAFETY: as the caller promises.
    unsafe { (address as *mut u64).write_volatile(value) }
}

/// Starts PE 1 by PSCI's CPU_ON. 0 if it starts.
pub fn start_second() -> i64 {
    let entry = (second_start as *const () as u64).wrapping_add(MEMORY.distance());
    let result: i64;
    // SAFETY: the new PE runs Rust on a stack of its own, and shares what is shared by atomics.
    unsafe {
        asm!("dsb sy; smc #0", inout("x0") 0xc400_0003_u64 => result, in("x1") 1_u64, in("x2") entry, in("x3") 0_u64,
            clobber_abi("C"));
    }
    result
}

/// The PL011, once a table maps it.
pub struct Uart;

impl fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: every table of the guest maps the PL011. Bit 5 of its flags: no room.
            unsafe {
                while ((UART + 0x18) as *const u32).read_volatile() & 1 << 5 != 0 {}
                (UART as *mut u32).write_volatile(u32::from(byte));
            }
        }
        Ok(())
    }
}

/// The words that the guest was started with: the semihosting call SYS_GET_CMDLINE. `None` if there are none.
pub fn command_line(buffer: &mut [u8]) -> Option<&str> {
    let mut block = [buffer.as_mut_ptr() as u64, buffer.len() as u64];
    let result: u64;
    // SAFETY: the call writes into the buffer, as far as it goes, and its length into the block.
    unsafe { asm!("hlt #0xf000", inout("x0") 0x15_u64 => result, in("x1") &mut block, options(nostack)) }
    let text = buffer.get(..usize::try_from(block[1]).ok()?)?;
    core::str::from_utf8(text).ok().filter(|_| result == 0)
}

/// Ends the emulator with that status: the semihosting call SYS_EXIT.
pub extern "C" fn exit(code: u32) -> ! {
    let reason = [0x20026, u64::from(code)];
    // SAFETY: the call reads `reason` and does not return.
    unsafe { asm!("hlt #0xf000; 0: wfi; b 0b", in("w0") 0x18, in("x1") &reason, options(noreturn)) }
}

pub extern "C" fn unexpected(esr: u64, far: u64, elr: u64) -> ! {
    panic!("unexpected exception: ESR {esr:#x}, FAR {far:#x}, ELR {elr:#x}")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = fmt::write(&mut Uart, format_args!("FAIL {info}\n"));
    exit(2)
}
