//! What the PE says of a walk, in words: PAR_EL1 and syndromes, for the report of a difference.

use core::fmt;

use crate::pe::Attempt;
use crate::regime::status;

/// PAR_EL1 of the last address translation instruction.
pub fn par(f: &mut dyn fmt::Write, par: u64) -> fmt::Result {
    write!(f, "    last PAR_EL1 {par:#x}: ")?;
    if par & 1 == 1 {
        write!(f, "F 1, FST {:#08b}, ", par >> 1 & 0x3f)?;
        end(f, par >> 1)?;
        return writeln!(f, ", stage {}, PTW {}", 1 + (par >> 9 & 1), par >> 8 & 1);
    }
    let shareability = ["non", "reserved", "outer", "inner"][(par >> 7 & 3) as usize];
    writeln!(f, "F 0, PA {:#x}, ATTR {:#04x}, SH {shareability}", par & 0xf_ffff_ffff_f000, par >> 56)
}

/// The last access.
pub fn attempt(f: &mut dyn fmt::Write, attempt: &Attempt) -> fmt::Result {
    let Attempt { value, esr, far, stage2 } = *attempt;
    if esr == 0 {
        return writeln!(f, "    last access: done, x0 {value:#x}");
    }
    let class = match esr >> 26 & 0x3f {
        0x20 => "instruction abort from a lower EL",
        0x21 => "instruction abort",
        0x24 => "data abort from a lower EL",
        0x25 => "data abort",
        _ => "no abort",
    };
    write!(f, "    last access: ESR {esr:#x}: EC {:#x}, {class}, WnR {}, ", esr >> 26 & 0x3f, esr >> 6 & 1)?;
    end(f, esr)?;
    writeln!(f, "; FAR {far:#x}{}", if stage2 { "; taken to EL2" } else { "" })
}

/// Where a walk ended, by its status code.
fn end(f: &mut dyn fmt::Write, code: u64) -> fmt::Result {
    match status(code) {
        Some((why, level)) => write!(f, "{why:?} fault at level {level}"),
        None => write!(f, "no fault of tables"),
    }
}
