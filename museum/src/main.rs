//! Prints the museum's table, as the README shows it.

use std::process::ExitCode;

fn main() -> ExitCode {
    match ptdsl_museum::entries() {
        Ok(entries) => {
            // Markdown wants a line without text around a table.
            println!("\n{}", ptdsl_museum::table(&entries));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
