//! The codes themselves, ascending: number, title, and what `ptdsl explain` says.

codes! {
    /// A file could not be read, is not UTF-8, or is larger than the compiler takes.
    Unreadable = 1, "file cannot be read";
    /// A file named by `use` could not be read, or far too many files are used.
    /// Wrong: `use "arm46.pt";`
    /// Mend: the path is relative to the file that holds the line; files of the embedded library are used by their name.
    UseNotFound = 2, "used file not found";
    /// Files use each other in a circle, so that none of them comes first.
    /// Wrong: `a.pt` says `use "b.pt";` and `b.pt` says `use "a.pt";`
    /// Mend: move what both need into a third file.
    UseCycle = 3, "files use each other";
    /// The file declares no format, so there is nothing to compile. Files with shared items are checked where they are used.
    /// Wrong: a file with nothing but `arch aarch64;`
    /// Mend: declare `format name: u64 { .. }`, or compile the file that uses this one.
    NoFormat = 4, "no format";
    /// An option that was switched on from outside is no `option .. of type` of any format in the file.
    /// Wrong: switching on `svpmbt` for a format with `option svpbmt of type;`
    /// Mend: correct the name. Options `of table` are not switched on here but when a table is created.
    UnknownSwitch = 5, "unknown option switched on";
    /// The text does not follow the grammar. The message names what could stand there.
    Syntax = 101, "syntax error";
    /// Brackets nest, or operators, `not` and `if` are chained, deeper than the compiler takes. No page-table format needs that; the
    /// bound keeps every pass over the tree from running out of stack.
    Nesting = 102, "nesting too deep";
    /// A number is malformed or does not fit into 64 bits. Numbers are decimal, hexadecimal (`0x1f`) or binary (`0b01`), with `_`
    /// between digits; only decimal ones take a size suffix (`4K`, `2M`, `1G`).
    Number = 103, "bad number";
    /// A string does not end on its line, or holds a backslash. Strings hold file names, the manual's spelling of names, and
    /// assembly, none of which needs an escape.
    Text = 104, "bad string";
    /// Two things in one block have the same name, or a thing of which there can be one stands twice.
    /// Wrong: `granule 4K; granule 16K;`
    /// Mend: remove or rename one. An inherited item is replaced, not repeated: that is no error.
    DuplicateItem = 201, "declared twice";
    /// After the colon stands neither `u32` nor `u64` nor a format that is known here.
    /// Wrong: `format sv48: sv93 { .. }`
    /// Mend: correct the name, or `use` the file that declares the parent.
    UnknownParent = 202, "unknown parent format";
    /// A format varies itself, directly or through others.
    /// Wrong: `format a: b { } format b: a { }`
    /// Mend: one of them must start from `u32` or `u64`.
    ParentCycle = 203, "format is its own parent";
    /// `without` drops an inherited item, but none of that name (or more than one) is inherited.
    /// Wrong: `without Blokc;`
    /// Mend: correct the name or remove the line. Levels, `input` and the like are replaced and cannot be dropped.
    NothingDropped = 204, "nothing to drop";
    /// Two used files that do not use each other declare the same thing; which one wins would hang on the order of lines.
    /// Wrong: `use "a.pt"; use "b.pt";`, both with `instruction isb = ..;`
    /// Mend: rename one, move it to a file that both use, or declare it where both are used and take it out of one of them.
    AmbiguousUse = 205, "declared by two used files";
    /// A level lists a descriptor kind that is not declared.
    /// Wrong: `level 3 { index VA[20:12]; Pgae }`
    /// Mend: correct the name or declare the kind.
    UnknownKind = 206, "unknown kind";
    /// `..Name;` takes in a `fields` block that is not declared, or one that takes in itself.
    /// Wrong: `leaf Page when [0] = 1 { ..Atributes; }`
    /// Mend: correct the name or declare `fields Name { .. }`.
    UnknownFields = 207, "unknown fields block";
    /// A field is named that no descriptor kind has, or none of the class that counts here.
    /// Wrong: `hardware sets AD;` for a field `AF`
    /// Mend: correct the name. `effective` combines a leaf's field with `path.` fields of tables; all else speaks of leaves.
    UnknownField = 208, "unknown field";
    /// A value is named that the field, or a row that the attribute, does not have.
    /// Wrong: `SH = iner` for `SH { non = 0, inner = 3 }`
    /// Mend: correct the name or write a number.
    UnknownValue = 209, "unknown value";
    /// An option is named that is not declared.
    /// Wrong: `set svpmbt;`
    /// Mend: declare it with `option name of type;` or `of table;`.
    UnknownOption = 210, "unknown option";
    /// An option is used where the other sort is needed. `set` and conditional bits need an option of the type, which is decided
    /// when the format is compiled; an option of the table is only known when a table is created.
    /// Wrong: `option ttl of table; set ttl;`
    /// Mend: change the declaration, or use the option in registers and operands only.
    WrongOption = 211, "wrong sort of option";
    /// A symbol in a bit number is not known, or a symbol stands where only numbers can.
    /// Wrong: `[47:m] PA[47:m];`
    /// Mend: in descriptor kinds `n` is the low bit of what an entry maps at the level; elsewhere write numbers.
    UnknownSymbol = 212, "unknown symbol";
    /// A sequence uses an instruction that is not declared.
    /// Wrong: `sequence publish leaf { store; dbs_ishst; }`
    /// Mend: correct the name or declare `instruction name = "..";`.
    UnknownInstruction = 213, "unknown instruction";
    /// A step of a sequence passes an operand that is not declared.
    /// Wrong: `tlbi_vae2is(av);`
    /// Mend: correct the name or declare `operand name { .. }`.
    UnknownOperand = 214, "unknown operand";
    /// An expression names something that is not known there. Registers know `width`, `root`, `root_level` and the output limit;
    /// operands also the input and `level`.
    /// Wrong: `TCR { [5:0] = 64 - widht; otherwise 0; }`
    /// Mend: use one of those.
    UnknownQuantity = 215, "unknown quantity";
    /// `forbid` names an attribute that is not declared.
    /// Wrong: `forbid port = rx with memory = device;`
    /// Mend: correct the name.
    UnknownAttribute = 216, "unknown attribute";
    /// A range speaks of an address that is not the one that counts here, or says no bits of it.
    /// Wrong: `input VA[38:0] ..; level 2 { index IPA[38:30]; .. }`
    /// Mend: indexes and `extend` speak of the input, `next` and leaves of the output.
    UnknownAddress = 217, "unknown address";
    /// A format lacks something that every format needs.
    /// Wrong: a format without `granule`
    /// Mend: declare what the message names, in the format or in a file that it uses.
    MissingItem = 218, "missing declaration";
    /// A name is taken by the language or cannot stand in Rust.
    /// Wrong: `instruction store = "..";`, `format Sv39: u64 { .. }`
    /// Mend: choose another name; formats are in `snake_case` because each becomes a Rust module.
    ReservedName = 219, "name cannot be used";
    /// Two names become one in the generated Rust, where `AttrIndx` turns into `attr_indx` and `AttrIndx`.
    /// Wrong: fields `XN` and `xn`
    /// Mend: rename one; `as "..."` keeps the manual's spelling.
    NamesCollide = 220, "names differ too little";
    /// The high bit of a range is lower than its low bit. Only where a symbol occurs may a range be empty, `[n-1:12]` at n = 12.
    /// Wrong: `[12:47] PA[47:12];`
    /// Mend: write the high bit first.
    RangeReversed = 301, "range upside down";
    /// A bit number lies beyond the word or the address.
    /// Wrong: `[64] XN;`
    /// Mend: bits count from 0; the highest of a `u64` is 63.
    BitOutOfWord = 302, "no such bit";
    /// A bit is named twice in one descriptor kind.
    /// Wrong: `[11:8] A; [8:0] B;`
    /// Mend: correct one of the ranges.
    BitsOverlap = 303, "bit named twice";
    /// A bit of a descriptor kind is neither named nor decided by the kind's guard.
    /// Wrong: `[63:2] software; [0] V;`
    /// Mend: name it; `ignored`, `res0` or `mbz` if it means nothing.
    BitsMissing = 304, "bit not named";
    /// A bit is named that the kind's guard has already decided: in every word of the kind it has one value.
    /// Wrong: `leaf Page when [0] = 1 { .. [0] V; }`
    /// Mend: leave it out.
    BitPinned = 305, "bit decided by the guard";
    /// Ranges stand out of order. They descend, as in the manual's picture of a register.
    /// Wrong: `[8] AF; [9] SH;`
    /// Mend: put the most significant first. `..Name;` may stand anywhere.
    BitsOrder = 306, "range out of order";
    /// A range of the word has another number of bits than what it holds.
    /// Wrong: `[47:12] PA[46:12];`
    /// Mend: correct one side.
    WidthMismatch = 307, "widths differ";
    /// The pieces of a field do not make up the field: one of its bits stands nowhere in the kind, or twice.
    /// Wrong: `[9] AP[2]; [5:4] AP[2:1];`
    /// Mend: name every bit from 0 up to the field's highest once.
    FieldPieces = 308, "field in pieces incomplete";
    /// Between the index of one level and that of the next bits are missing or used twice.
    /// Wrong: `level 2 { index VA[29:21]; .. } level 3 { index VA[19:12]; .. }`
    /// Mend: each level's index ends just above the next one's.
    LevelsNotContiguous = 401, "levels not contiguous";
    /// The lowest level's index does not end where the page offset begins, at log2 of the granule.
    /// Wrong: `granule 4K; level 3 { index VA[20:13]; .. }`
    /// Mend: correct the index or the granule.
    PageOffset = 402, "page offset not reached";
    /// The highest level's index does not begin at the input's top bit.
    /// Wrong: `input VA[47:0] ..; level 0 { index VA[46:39]; .. }`
    /// Mend: correct the index or the input.
    TopNotReached = 403, "input's top bit not reached";
    /// From the highest level down the numbers do not go by one, always up or always down.
    /// Wrong: levels 0, 1, 3
    /// Mend: number them as the manual does.
    LevelNumbers = 404, "level numbers out of order";
    /// A leaf does not carry some output bit between the bottom of what it maps and the output's top bit.
    /// Wrong: `output PA[47:0]; leaf Page .. { [46:12] PA[46:12]; .. }`
    /// Mend: add the missing bits, or lower the output's top bit.
    OutputMissing = 405, "output bits missing";
    /// A kind carries an address bit in two places.
    /// Wrong: `[47:12] PA[47:12]; [5] PA[12];`
    /// Mend: name one of the places otherwise.
    AddressTwice = 406, "address bit twice";
    /// A kind carries an address bit below what it maps (or below the next table's alignment), or above the output's top bit.
    /// Wrong: `leaf Block .. { [47:12] PA[47:12]; }` at a level where a block maps 2 MiB
    /// Mend: `[47:n] PA[47:n]; [n-1:12] res0;`
    AddressOutside = 407, "address bit that is always 0";
    /// A table descriptor does not carry some bit of the next table's address, from the table's size up to the output's top bit.
    /// Wrong: `[47:13] next PA[47:13];` with 4 KiB tables
    /// Mend: add the missing bits.
    NextMissing = 408, "bits of the next table missing";
    /// The input or output is not a range of numbers that ends at bit 0.
    /// Wrong: `input VA[47:12] extend 0;`
    /// Mend: `[hi:0]`: addresses are whole, with the page offset.
    AddressRange = 409, "address not from bit 0";
    /// `down to` gives a width that no table can have.
    /// Wrong: `input VA[47:0] down to 12 ..` with 4 KiB pages: no index bit is left
    /// Mend: a number above the page offset and at most the input's bits.
    DownTo = 410, "width out of range";
    /// `extend` says neither 0, nor 1, nor the input's top bit.
    /// Wrong: `input VA[38:0] extend VA[37];`
    /// Mend: `extend VA[38]`. For a table of fewer bits it is that table's top bit.
    ExtendBit = 411, "cannot extend by that";
    /// The sizes after `at most` do not ascend up to the output's size.
    /// Wrong: `output PA[47:0] at most PS { 48 = 5, 40 = 2 };`
    /// Mend: smallest first; the largest is the output's number of bits.
    OutputSizes = 412, "output sizes wrong";
    /// Two output sizes have one code.
    /// Wrong: `at most PS { 40 = 2, 48 = 2 }`
    /// Mend: correct one.
    LimitCodes = 413, "code used twice";
    /// The granule is not a power of two of at least one descriptor.
    /// Wrong: `granule 4000;`
    /// Mend: `granule 4K;`
    Granule = 414, "granule not a power of two";
    /// A kind of one class carries what belongs to another: a leaf has no `next`, a table no output, an invalid kind neither.
    /// Wrong: `leaf Page .. { [47:12] next PA[47:12]; .. }`
    /// Mend: `[47:12] PA[47:12];`
    WrongAddress = 415, "address of the wrong class";
    /// An output size goes with fewer input bits than any table has.
    /// Wrong: `input VA[47:0] extend 0; output PA[47:0] at most PS { 40 = 2 input 40, 48 = 5 };`
    /// Mend: `input VA[47:0] down to 25 extend 0;`, so that there are tables for that size.
    LimitInput = 416, "input bits that no table has";
    /// A word is of two kinds at one level.
    /// Wrong: `leaf Block when [0] = 1 ..  table Table when [1:0] = 3 ..` at one level
    /// Mend: narrow one guard. Kinds are not tried in order.
    KindsOverlap = 501, "kinds not told apart";
    /// A word is of no kind at a level, and nothing says that such words are reserved.
    /// Wrong: guards `[1:0] = 0` and `[1:0] = 3` only
    /// Mend: widen a guard, declare the missing kind, or write `otherwise reserved;`.
    KindsMissing = 502, "word of no kind";
    /// No word fulfils a guard.
    /// Wrong: `when [0] = 0 and [0] = 1`
    /// Mend: `or` instead of `and`, perhaps.
    GuardNeverTrue = 503, "guard never true";
    /// Guards are decided exactly, and these would take too long.
    /// Wrong: the parity of thirty bits, spelled out
    /// Mend: test fewer bits, or test them in ranges.
    GuardTooLarge = 504, "guard too large";
    /// A guard compares bits with a value that they cannot have.
    /// Wrong: `[1:0] = 4`, `[3:0] in 5..=3`
    /// Mend: correct the range or the value.
    GuardValue = 505, "bits cannot have that value";
    /// The last level has no leaf, or has a table kind, which would lead nowhere.
    /// Wrong: `level 3 { index VA[20:12]; Table, Page }`
    /// Mend: list leaves only.
    LastLevel = 506, "last level must map";
    /// A level other than the last has no table kind, so that the levels below cannot be reached.
    /// Wrong: `level 2 { index VA[29:21]; Block }` above a level 3
    /// Mend: list a table kind, or remove the levels below.
    NoWayDown = 507, "next level out of reach";
    /// A level lists a kind twice, or lists the invalid kind, which exists everywhere.
    /// Wrong: `level 1 { index VA[38:30]; Table, Table }`
    /// Mend: list it once.
    KindListedTwice = 508, "kind listed twice";
    /// The word of an empty slot is not of the invalid kind.
    /// Wrong: `invalid when [0] = 1 ..` at a level without `empty`, whose empty slots are 0
    /// Mend: correct the guard, or give the level an `empty` word.
    EmptyNotInvalid = 509, "empty slot not invalid";
    /// A leaf takes a number of slots that cannot be: no power of two of at least 2, or more than a table has.
    /// Wrong: `leaf LargePage repeats 12 when ..`
    /// Mend: correct the number; a leaf lies within one table.
    RepeatCount = 511, "cannot repeat that often";
    /// The values of a `for` variable are none, or far too many.
    /// Wrong: `leaf Sized for k in 8..=1 repeats 2**k when ..`
    /// Mend: write the smaller value first.
    EachRange = 512, "no values to repeat for";
    /// The leaves of a level take the same number of slots, so that nothing says which of them a mapping becomes, or all of
    /// them take several, so that a single slot cannot be mapped.
    /// Wrong: `leaf A repeats 16 when ..` and `group 16` at the same level
    /// Mend: correct one of the numbers, or list a leaf that takes one slot.
    RepeatSizes = 513, "sizes of leaves do not add up";
    /// A value does not fit the field.
    /// Wrong: `[9:8] SH { inner = 4 }`
    /// Mend: correct the value or the range.
    ValueTooLarge = 601, "value does not fit the field";
    /// Two names of one field have one value, or two of its values one name.
    /// Wrong: `SH { non = 0, inner = 0 }`
    /// Mend: correct one.
    ValueTwice = 602, "value named twice";
    /// A field would be written with a value that faults: with `else fault` only named values are legal.
    /// Wrong: `[1:0] T { a = 1, else fault }`, whose default is 0
    /// Mend: give a legal default, `[1:0] T = 1 { .. }`, or name the value.
    ValueFaults = 603, "value would fault";
    /// One field looks different in two kinds, or at two levels.
    /// Wrong: `SH` with two bits in one kind and three in another
    /// Mend: move it to a `fields` block that both take in, or rename one.
    FieldConflict = 604, "field declared in two ways";
    /// Two rows of an attribute set the same values, so that decoding could not tell them apart.
    /// Wrong: `r => AP = 1;  rx => AP = 1;`
    /// Mend: set a field that differs, or remove a row.
    RowsEqual = 605, "rows not told apart";
    /// The rows of an attribute do not all set the same fields.
    /// Wrong: `r => AP = 1, XN = 1;  rw => AP = 0;`
    /// Mend: give every row a value for every field.
    RowFields = 606, "rows set different fields";
    /// A field is set by two attributes, or twice in one row: their choices could contradict each other.
    /// Wrong: `prot { r => XN = 1; }` and `code { yes => XN = 0; }`
    /// Mend: one attribute with a row for every combination.
    FieldSetTwice = 607, "field set twice";
    /// A field that every leaf must have is missing from one.
    /// Wrong: an attribute that sets `SH`, which `Page` has and `Block` has not
    /// Mend: add the field to the leaf that the message names.
    FieldNotInLeaf = 608, "field missing from a leaf";
    /// A `forbid` line does not name two different attributes or more.
    /// Wrong: `forbid prot = r with prot = rx;`
    /// Mend: combine different attributes; a row that is always forbidden should not exist.
    ForbidShape = 609, "nothing combined";
    /// The `forbid` lines leave no combination of attributes.
    /// Wrong: forbidding both rows of `memory` with the only row of `prot`
    /// Mend: remove one of the lines.
    AllForbidden = 610, "everything forbidden";
    /// `effective` is not the field itself combined with `path.` fields by one operator.
    /// Wrong: `effective XN = path.XNTable;`
    /// Mend: `effective XN = XN | path.XNTable;` (or `&`).
    EffectiveForm = 611, "cannot combine like that";
    /// A table's field that restricts a leaf's has neither one bit nor as many bits as the leaf's.
    /// Wrong: `effective XN = XN | path.Mode;` with a `Mode` of two bits and an `XN` of one
    /// Mend: combine fields of one width.
    EffectiveWidth = 612, "widths do not combine";
    /// An attribute has two rows of one name, or none at all.
    /// Wrong: `attribute prot { r => XN = 1; r => XN = 0; }`
    /// Mend: rename one of them.
    RowNames = 613, "rows named wrongly";
    /// `accessed` or `dirty` does not name one bit that `hardware sets`.
    /// Wrong: `dirty S2AP = rw;` for a field of two bits
    /// Mend: `dirty S2AP[1] = 1;`, and name the field in `hardware sets`.
    FlagShape = 614, "no flag of hardware";
    /// A way through a third row names that row, or one row twice.
    /// Wrong: `rw and r through r;`
    /// Mend: name the rows between which no leaf changes at once, and another one that grants no more than each of them.
    DetourRows = 615, "detour through itself";
    /// The format lets a transition happen that no sequence covers.
    /// Wrong: leaves, but no `sequence invalidate leaf`
    /// Mend: declare it; the architecture's manual says what the transition needs.
    SequenceMissing = 701, "sequence missing";
    /// A sequence holds not exactly one `store`.
    /// Wrong: `sequence publish leaf { dsb_ishst; isb; }`
    /// Mend: write `store;` where the descriptor is written.
    StoreCount = 702, "not exactly one store";
    /// A step passes more or fewer operands than the instruction takes.
    /// Wrong: `instruction tlbi(x) = "..";` and the step `tlbi;`
    /// Mend: pass one operand for each parameter.
    ArgumentCount = 703, "wrong number of operands";
    /// The braces in an instruction's assembly do not match its parameters.
    /// Wrong: `instruction tlbi(x) = "tlbi vae2is, {y}";`
    /// Mend: write every parameter in braces, and nothing else.
    Placeholder = 705, "operands do not match the assembly";
    /// A bit of a register or operand is given twice.
    /// Wrong: `TCR { [7:0] = 1; [5] = 0; otherwise 0; }`
    /// Mend: correct one of the ranges.
    PartsOverlap = 706, "bit given twice";
    /// A bit of a register is not given.
    /// Wrong: `TTBR { [47:1] = root[47:1]; }`
    /// Mend: give it, or write `otherwise 0;`.
    RegisterBits = 707, "register bits missing";
    /// A value does not fit the bits that it is given to.
    /// Wrong: `[5:0] = 64;`, `[1:0] = level;` with levels up to 4
    /// Mend: widen the range or narrow the value.
    ValueDoesNotFit = 708, "value does not fit";
    /// A change of some leaf field falls in no class.
    /// Wrong: `change { AF => store; }` for leaves that have other fields, too
    /// Mend: name the field, or write `otherwise => break;`.
    ChangeMissing = 709, "change not classed";
    /// A change rule can never apply: an earlier one covers it.
    /// Wrong: `AF => store; AF 0 -> 1 => store, publish;`
    /// Mend: the special case comes first.
    ChangeShadowed = 710, "change classed twice";
    /// A change rule goes from a value to the same value, or to one that the field cannot have.
    /// Wrong: `AF 1 -> 1 => store;`
    /// Mend: correct the values.
    ChangeValues = 711, "no such change";
    /// The size of a group is not a power of two of at least 2, or exceeds a table.
    /// Wrong: `group 12 at level 3 when Contiguous = 1;`
    /// Mend: use the manual's number.
    GroupCount = 712, "group of that size cannot be";
    /// A group is declared at a level that does not exist or has no leaf, or that has a group already.
    /// Wrong: `group 16 at levels 0..=3 ..` where level 0 has tables only
    /// Mend: name levels that have leaves.
    GroupLevels = 713, "no groups at that level";
    /// The mark of a group does not mark: an attribute sets the field, or every plain leaf has the value.
    /// Wrong: `[52] Contiguous = 1;` and `group 16 .. when Contiguous = 1;`
    /// Mend: use a field that nothing else sets, with another default.
    GroupMark = 714, "group not marked";
    /// A register's slots and the attribute that selects them do not match: a row has no value, selects no slot or one outside the
    /// register, or two rows want different values in one slot.
    /// Wrong: `[8 * AttrIndx] = memory { normal = 0xff };` where `memory` has a row `device`, too
    /// Mend: one value for each row, and a slot for each index.
    SlotValues = 715, "slots do not match the attribute";
    /// A kind is declared, but no level lists it.
    /// Mend: list it at the levels where it exists, or remove it.
    KindUnused = 901, "kind at no level";
    /// `otherwise reserved` stands in a format whose kinds cover every word at every level.
    /// Mend: remove it, so that a later gap is found.
    ReservedUseless = 902, "nothing is reserved";
    /// A table below the root is larger than the granule, or smaller while others fill it.
    /// Mend: check the index ranges; the format works as it is if the architecture means it so.
    TableSize = 903, "table is no granule";
    /// An option, an instruction or an operand is never used.
    /// Mend: use it or remove it.
    Unused = 904, "never used";
    /// A `fields` block is taken in by no descriptor kind, so that nothing in it counts.
    /// Mend: write `..Name;` in a kind, or remove the block.
    FieldsUnused = 905, "fields in no kind";
    /// The root table is larger than 16 granules. Architectures that join tables at the root stop there: 4 for the guests of
    /// RISC-V, 16 for those of arm64.
    /// Mend: check the input's width and the root's index, or add a level; the format works as it is if the architecture
    /// means it so.
    RootSize = 906, "root beyond 16 granules";
}
