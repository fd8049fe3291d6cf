//! From PVH's 32-bit entry to long mode, with as many levels as the processor has.

use core::arch::global_asm;

global_asm!(
    // XEN_ELFNOTE_PHYS32_ENTRY.
    ".pushsection .note.pvh, \"a\", @note; .balign 4; .long 4, 8, 18; .asciz \"Xen\"; .quad _start; .popsection",
    ".pushsection .text.boot, \"ax\"; .global _start; .code32; _start:",
    // ebx: hvm_start_info; its 64-bit word at 24 is the address of the command line.
    "cld; mov esp, offset stack; mov ebp, [ebx + 24]",
    // PAE, and LA57 if CPUID has it.
    "mov eax, 7; xor ecx, ecx; cpuid; mov eax, 1 << 5; mov edx, offset boot_four",
    "test ecx, 1 << 16; jz 2f; or eax, 1 << 12; mov edx, offset boot_five; 2:",
    "mov cr4, eax; mov cr3, edx",
    // LME, NXE.
    "mov ecx, 0xc0000080; rdmsr; or eax, 1 << 8 | 1 << 11; wrmsr",
    // PG, WP, PE.
    "mov eax, 1 << 31 | 1 << 16 | 1; mov cr0, eax",
    "lgdt [boot_gdt_pointer]; push 8; mov eax, offset boot_long; push eax; retf",
    ".code64; boot_long: mov eax, 16; mov ds, eax; mov es, eax; mov ss, eax; mov fs, eax; mov gs, eax",
    "mov rsp, offset stack; mov rdi, offset bss; mov rcx, offset bss_end; sub rcx, rdi; xor eax, eax; rep stosb",
    // The TSS, whose address the descriptor holds in pieces.
    "mov rax, offset boot_tss; mov word ptr [boot_gdt + 42], ax; shr rax, 16; mov byte ptr [boot_gdt + 44], al",
    "mov byte ptr [boot_gdt + 47], ah; mov ax, 40; ltr ax",
    "mov edi, ebp; call {main}; mov edi, eax; call {exit}",
    // Exceptions: each pushes an error code if the processor did not, and its number.
    ".global exceptions; .balign 16; exceptions: .set vector, 0; .rept 33",
    ".balign 16; .if vector != 8 && vector != 10 && vector != 11 && vector != 12 && vector != 13 && vector != 14 \
        && vector != 17; push 0; .endif",
    "push vector; jmp 4f; .set vector, vector + 1; .endr",
    // On at RESUME with its stack; rdx: the number, rcx: the error code, r8: CR2.
    "4: pop rdx; pop rcx; mov r8, cr2; mov r9, [RESUME]; test r9, r9; jz 5f; mov rsp, [RESUME + 8]; jmp r9",
    "5: mov rdi, rdx; mov rsi, rcx; mov rdx, r8; mov rcx, [rsp]; mov rsp, offset stack; call {unexpected}",
    ".popsection",

    ".pushsection .data; .balign 4096; boot_five: .quad boot_four + 3; .fill 511, 8, 0",
    "boot_four: .quad boot_large + 3; .fill 511, 8, 0",
    "boot_large: .quad 0x83, 0x40000083, 0x80000083, 0xc0000083; .fill 508, 8, 0",
    // Null, code, data, user data, user code, TSS (two).
    ".balign 16; boot_gdt: .quad 0, 0xaf9b000000ffff, 0xcf93000000ffff, 0xcff3000000ffff, 0xaffb000000ffff",
    ".quad 0x890000000067, 0; boot_gdt_pointer: .word 55; .quad boot_gdt",
    ".balign 16; boot_tss: .long 0; .quad exception_stack; .fill 92, 1, 0",
    ".global RESUME; .balign 16; RESUME: .quad 0, 0; .popsection",
    main = sym crate::main,
    exit = sym crate::machine::exit,
    unexpected = sym crate::machine::unexpected,
);
