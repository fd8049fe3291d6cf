//! Reads the code of a linked program: are the tables cleaned to the point of coherency before the MMU is on?
//!
//! QEMU has no caches, so a run cannot show it. The instructions can.

/// Instructions with an operand in the low 5 bits.
const OPERAND: u32 = 0x1f;
const DC_CIVAC: u32 = 0xd50b_7e20;
const DC_CVAC: u32 = 0xd50b_7a20;
const MSR_SCTLR_EL2: u32 = 0xd51c_1000;
const DSB_SY: u32 = 0xd503_3f9f;

/// Checks that on the straight way to the write of SCTLR_EL2 a loop cleans lines by address and a DSB SY waits for it.
/// Returns what was found.
///
/// # Errors
/// What is missing, or why the file could not be read.
pub(super) fn cleaned_before_mmu(elf: &[u8]) -> Result<String, String> {
    judge(&code(elf).ok_or("it is no 64-bit little-endian ELF file with code")?)
}

fn judge(code: &[u32]) -> Result<String, String> {
    // A write of XZR switches nothing on.
    let on = |word: u32| word & !OPERAND == MSR_SCTLR_EL2 && word & OPERAND != OPERAND;
    let mut writes = (0..code.len()).filter(|&at| on(code[at]));
    let on = writes.next().ok_or("SCTLR_EL2 is never written")?;
    if writes.next().is_some() {
        return Err("SCTLR_EL2 is written in more than one place; one of them could do without".to_owned());
    }
    // Back to the last instruction that never falls through: from there every instruction is on the way.
    let start = (0..on).rfind(|&at| leaves(code[at])).map_or(0, |at| at + 1);
    let way = &code[start..on];
    let clean = way
        .iter()
        .position(|word| matches!(word & !OPERAND, DC_CIVAC | DC_CVAC))
        .ok_or("no DC CIVAC and no DC CVAC on the way")?;
    let name = if way[clean] & !OPERAND == DC_CIVAC { "dc civac" } else { "dc cvac" };
    let branch = (clean + 1..way.len())
        .find(|&at| back(way[at]).is_some_and(|words| words <= at && at - words <= clean))
        .ok_or("the cleaning is no loop")?;
    if !way[branch..].contains(&DSB_SY) {
        return Err("no DSB SY after the cleaning".to_owned());
    }
    Ok(format!("{name} in a loop and dsb sy before the MMU is on"))
}

/// Whether execution never goes on behind it: B, BR, RET, ERET.
fn leaves(word: u32) -> bool {
    word & 0xfc00_0000 == 0x1400_0000
        || matches!(word & 0xffff_fc1f, 0xd61f_0000 | 0xd65f_0000)
        || word == 0xd69f_03e0
}

/// How many words a conditional branch (B.cond, CBZ, CBNZ) goes back.
fn back(word: u32) -> Option<usize> {
    if word & 0xff00_0010 != 0x5400_0000 && word & 0x7e00_0000 != 0x3400_0000 {
        return None;
    }
    let words = (word as i32) << 8 >> 13; // imm19 in bits 23:5, signed
    usize::try_from(-words).ok().filter(|&words| words > 0)
}

/// The words of the executable segments.
fn code(elf: &[u8]) -> Option<Vec<u32>> {
    if elf.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let number = |at: usize, bytes: usize| {
        let field = elf.get(at..at.checked_add(bytes)?)?;
        let value = field.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        usize::try_from(value).ok()
    };
    let (table, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let mut words = Vec::new();
    for index in 0..count {
        let header = table.checked_add(index * size)?;
        let (kind, flags) = (number(header, 4)?, number(header.checked_add(4)?, 4)?);
        // PT_LOAD with PF_X.
        if kind == 1 && flags & 1 == 1 {
            let (offset, length) = (number(header.checked_add(8)?, 8)?, number(header.checked_add(32)?, 8)?);
            let bytes = elf.get(offset..offset.checked_add(length)?)?;
            words.extend(
                bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])),
            );
        }
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RET: u32 = 0xd65f_03c0;
    const NOP: u32 = 0xd503_201f;
    const ADD_X4: u32 = 0x8b06_0084;
    const CMP: u32 = 0xeb05_009f;
    /// `b.lo` three words back.
    const LOOP: u32 = 0x54ff_ffa3;
    const SOUND: [u32; 8] = [RET, DC_CIVAC | 4, ADD_X4, CMP, LOOP, DSB_SY, NOP, MSR_SCTLR_EL2 | 3];

    fn without(index: usize) -> Vec<u32> {
        let mut code = SOUND.to_vec();
        code[index] = NOP;
        code
    }

    #[test]
    fn a_loop_and_a_barrier_before_the_mmu_pass() {
        assert_eq!(judge(&SOUND).as_deref(), Ok("dc civac in a loop and dsb sy before the MMU is on"));
        let mut code = SOUND;
        code[1] = DC_CVAC | 4;
        assert!(judge(&code).is_ok_and(|text| text.starts_with("dc cvac ")));
    }

    #[test]
    fn each_missing_piece_fails() {
        for index in [1, 4, 5, 7] {
            assert!(judge(&without(index)).is_err(), "word {index}");
        }
    }

    #[test]
    fn cleaning_off_the_way_does_not_count() {
        // Behind the write of SCTLR_EL2, and before an instruction that leaves.
        let mut late = without(1);
        late.extend(&SOUND[..6]);
        assert!(judge(&late).is_err());
        let mut early = SOUND[..6].to_vec();
        early.extend([RET, NOP, MSR_SCTLR_EL2]);
        assert!(judge(&early).is_err());
    }

    #[test]
    fn a_second_way_to_switch_the_mmu_on_fails() {
        let twice = [SOUND, SOUND].concat();
        assert!(judge(&twice).is_err_and(|reason| reason.contains("more than one place")));
    }

    #[test]
    fn switching_the_mmu_off_does_not_count() {
        let mut code = SOUND.to_vec();
        code.insert(0, MSR_SCTLR_EL2 | OPERAND);
        assert!(judge(&code).is_ok());
        code[8] |= OPERAND;
        assert!(judge(&code).is_err());
    }

    #[test]
    fn branches_are_read_with_their_sign() {
        assert_eq!(back(LOOP), Some(3));
        assert_eq!(back(0x5400_0043), None); // b.lo two words on
        assert_eq!(back(0xb4ff_ffe0), Some(1)); // cbz x0, one back
        assert_eq!(back(NOP), None);
    }

    #[test]
    fn what_is_no_program_is_refused() {
        for bytes in [&b""[..], b"\x7fELF\x02\x01", b"#!/bin/sh\n"] {
            assert!(cleaned_before_mmu(bytes).is_err());
        }
        let mut wild = vec![0xff; 64];
        wild[..6].copy_from_slice(b"\x7fELF\x02\x01");
        assert!(cleaned_before_mmu(&wild).is_err());
    }
}
