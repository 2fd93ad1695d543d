//! Says where libaigc lies: in AIGC_LIB_DIR if that is set, otherwise where pkg-config says.

use std::env;
use std::process::{exit, Command};

fn main() {
    println!("cargo:rerun-if-env-changed=AIGC_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    if let Ok(folder) = env::var("AIGC_LIB_DIR") {
        println!("cargo:rustc-link-search=native={}", folder);
        println!("cargo:rustc-link-lib=dylib=aigc");
        // For the tests and examples of this crate; a program of its own decides for itself where it looks.
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder);
        return;
    }
    let answer = Command::new("pkg-config").args(["--variable=libdir", "aigc"]).output();
    match answer {
        Ok(said) if said.status.success() => {
            let folder = String::from_utf8_lossy(&said.stdout);
            println!("cargo:rustc-link-search=native={}", folder.trim());
            println!("cargo:rustc-link-lib=dylib=aigc");
        }
        Ok(said) => fail(&String::from_utf8_lossy(&said.stderr)),
        Err(problem) => fail(&problem.to_string()),
    }
}

fn fail(why: &str) -> ! {
    eprintln!("libaigc was not found: pkg-config: {}", why.trim());
    eprintln!("Install it with bindings/c/install.sh, set PKG_CONFIG_PATH, or name its folder in AIGC_LIB_DIR.");
    exit(1)
}
