//! Says where libaigc lies: in AIGC_LIB_DIR if that is set, otherwise where pkg-config says, otherwise, in a clone of the
//! project, where bindings/c/build.sh has put it.

use std::env;
use std::path::Path;
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
        Ok(said) => in_the_clone(&String::from_utf8_lossy(&said.stderr)),
        Err(problem) => in_the_clone(&problem.to_string()),
    }
}

fn in_the_clone(why: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if let Ok(folder) = root.join(".build/dist/lib").canonicalize() {
        if folder.join("libaigc.so").exists() {
            println!("cargo:rerun-if-changed={}", folder.join("libaigc.so").display());
            println!("cargo:rustc-link-search=native={}", folder.display());
            println!("cargo:rustc-link-lib=dylib=aigc");
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
            return;
        }
    }
    fail(why)
}

fn fail(why: &str) -> ! {
    eprintln!("libaigc was not found: pkg-config: {}", why.trim());
    eprintln!("Install it with bindings/c/install.sh, set PKG_CONFIG_PATH, or name its folder in AIGC_LIB_DIR.");
    eprintln!("In a clone of the project bindings/c/build.sh builds it where it is found.");
    exit(1)
}
