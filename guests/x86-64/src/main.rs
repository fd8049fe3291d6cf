//! Boot test.
#![no_std]
#![no_main]
#![allow(unsafe_code)]

#[allow(unsafe_code)]
mod boot;
#[allow(unsafe_code)]
mod machine;

use core::fmt::Write;
use machine::*;

extern "C" fn main(command_line_: u64) -> u32 {
    let _ = writeln!(Serial, "hello {:?}", command_line(command_line_));
    catch_exceptions();
    let _ = writeln!(Serial, "{:x?} {:x?} {:x?}", load(false, 0x100000), load(false, 0x1_0000_0000), load(false, 0x1_0000_0000_0000));
    let r = routine(0x4000_0010);
    unsafe { set_word(0x4000_0010, r[0]); set_word(0x4000_0018, r[1]); }
    let _ = writeln!(Serial, "{:x?}", unsafe { fetch(false, 0x4000_0010) });
    let _ = writeln!(Serial, "{:x?}", unsafe { fetch(true, 0x4000_0010) });
    let _ = writeln!(Serial, "{:x?}", unsafe { fetch(false, 0x1_0000_0000_0000) });
    0
}
