ptdsl::ptdsl! {
    format broken: u64 {
        granule 4K
        arch aarch64;
    }
}

ptdsl::ptdsl! {
    format unfinished: u64 {
        input VA[47:0] extend
    }
}

fn main() {}
