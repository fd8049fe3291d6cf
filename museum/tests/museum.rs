//! The museum's tests: every entry, and that each class has one.

#[path = "../entries/k01_merged_by_one_address.rs"]
mod k01_merged_by_one_address;
#[path = "../entries/k01_split_in_one_store.rs"]
mod k01_split_in_one_store;
#[path = "../entries/k02_local_invalidation.rs"]
mod k02_local_invalidation;
#[path = "../entries/k02_operand_not_shifted.rs"]
mod k02_operand_not_shifted;
#[path = "../entries/k03_no_invalidation.rs"]
mod k03_no_invalidation;
#[path = "../entries/k03_racing_thread_skips.rs"]
mod k03_racing_thread_skips;
#[path = "../entries/k04_level_hint_for_a_table.rs"]
mod k04_level_hint_for_a_table;
#[path = "../entries/k05_range_operand.rs"]
mod k05_range_operand;
#[path = "../entries/k06_last_table_of_a_root.rs"]
mod k06_last_table_of_a_root;
#[path = "../entries/k07_end_of_the_address_space.rs"]
mod k07_end_of_the_address_space;
#[path = "../entries/k08_merged_pages_that_do_not_follow.rs"]
mod k08_merged_pages_that_do_not_follow;
#[path = "../entries/k08_output_from_a_cursor.rs"]
mod k08_output_from_a_cursor;
#[path = "../entries/k09_block_over_a_table.rs"]
mod k09_block_over_a_table;
#[path = "../entries/k10_freed_before_the_flush.rs"]
mod k10_freed_before_the_flush;
#[path = "../entries/k10_iommu_still_walks.rs"]
mod k10_iommu_still_walks;
#[path = "../entries/k11_missing_isb.rs"]
mod k11_missing_isb;
#[path = "../entries/k12_half_a_range.rs"]
mod k12_half_a_range;
#[path = "../entries/k12_wrong_rollback.rs"]
mod k12_wrong_rollback;
#[path = "../entries/k13_flag_lost_to_a_plain_store.rs"]
mod k13_flag_lost_to_a_plain_store;
#[path = "../entries/k13_table_installed_twice.rs"]
mod k13_table_installed_twice;
#[path = "../entries/k14_memory_type_in_place.rs"]
mod k14_memory_type_in_place;
#[path = "../entries/k15_split_with_other_attributes.rs"]
mod k15_split_with_other_attributes;
#[path = "../entries/k16_one_entry_of_a_group.rs"]
mod k16_one_entry_of_a_group;
#[path = "../entries/k17_data_walked_as_a_table.rs"]
mod k17_data_walked_as_a_table;
#[path = "../entries/k18_xn_for_pxn.rs"]
mod k18_xn_for_pxn;
#[path = "../entries/k19_not_canonical.rs"]
mod k19_not_canonical;
#[path = "../entries/k20_asid_used_again.rs"]
mod k20_asid_used_again;
#[path = "../entries/k21_repeated_invalidation.rs"]
mod k21_repeated_invalidation;
#[path = "../entries/k22_table_linked_before_it_is_filled.rs"]
mod k22_table_linked_before_it_is_filled;

use ptdsl_museum::{classes, entries};

#[test]
fn wrong_programs_do_not_compile_and_right_ones_do() {
    let cases = trybuild::TestCases::new();
    for entry in entries().expect("headers").iter().filter(|entry| entry.tests == ["program"]) {
        cases.compile_fail(&entry.file);
        cases.pass(entry.file.replace(".rs", ".right.rs"));
    }
}

#[test]
fn every_class_has_an_entry() {
    let entries = entries().expect("headers");
    for class in classes() {
        assert!(entries.iter().any(|entry| entry.class == class), "{class} has no entry");
    }
    assert!(entries.iter().all(|entry| classes().any(|class| class == entry.class)));
}

/// A file that is not mounted above, or a test that its header does not name, would show nothing.
#[test]
fn every_entry_is_run() {
    let mounted = include_str!("museum.rs");
    for entry in entries().expect("headers") {
        let Some(name) = entry.file.strip_prefix("entries/") else {
            assert_eq!(entry.tests, ["program"], "{}", entry.file);
            continue;
        };
        assert!(mounted.contains(&format!("\n#[path = \"../entries/{name}\"]\nmod ")), "{name}");
        let found: Vec<&str> = entry
            .text
            .split("#[test]\n")
            .skip(1)
            .filter_map(|rest| rest.split("fn ").nth(1)?.split('(').next())
            .collect();
        assert_eq!(found, entry.tests, "{name}");
        assert!(found.len() > 1, "{name}: the defect and what is right");
    }
}
