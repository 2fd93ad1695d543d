use std::ptr::null;

use crate::error::c_string;
use crate::{sys, text};

/// One configuration key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Such as "tencent.region".
    pub name: &'static str,
    /// "string", "secret", "bool", "int", "double", "duration_ms", "bytes" or "choice: a|b".
    pub kind: &'static str,
    /// Its default as text.
    pub default: &'static str,
    /// One sentence.
    pub text: &'static str,
}

/// One operation of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Whose it is.
    pub provider: &'static str,
    /// Its name here.
    pub name: &'static str,
    /// "submit" (costs money) or "fetch".
    pub kind: &'static str,
    /// The provider's own name of the call.
    pub wire_name: &'static str,
}

/// One field of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The neutral name.
    pub name: &'static str,
    /// "string", "int", "double", "bool", "json" or "image_url".
    pub kind: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// The provider's own name.
    pub wire_name: &'static str,
    /// One sentence.
    pub text: &'static str,
}

/// The version of the library that is loaded, "1.0.0".
pub fn version() -> &'static str {
    // SAFETY: the string is never freed.
    unsafe { text(sys::aigc_version_string()) }.unwrap_or("?")
}

/// One line of JSON: versions of the library and of what it uses.
pub fn build_info() -> &'static str {
    // SAFETY: the string is never freed.
    unsafe { text(sys::aigc_build_info()) }.unwrap_or("{}")
}

/// Every configuration key.
pub fn config_keys() -> Vec<Key> {
    let read = |index| {
        let (mut name, mut kind, mut value, mut about) = (null(), null(), null(), null());
        // SAFETY: the places are ours, and the strings are never freed.
        unsafe {
            let status = sys::aigc_config_describe(index, &mut name, &mut kind, &mut value, &mut about);
            let word = |value| text(value).unwrap_or("");
            (status == sys::AIGC_OK).then(|| Key {
                name: word(name),
                kind: word(kind),
                default: word(value),
                text: word(about),
            })
        }
    };
    (0..).map_while(read).collect()
}

/// Every operation of every provider.
pub fn operations() -> Vec<Operation> {
    let read = |index| {
        let (mut provider, mut name, mut kind, mut wire) = (null(), null(), null(), null());
        // SAFETY: the places are ours, and the strings are never freed.
        unsafe {
            let status = sys::aigc_operation_at(index, &mut provider, &mut name, &mut kind, &mut wire);
            let word = |value| text(value).unwrap_or("");
            (status == sys::AIGC_OK).then(|| Operation {
                provider: word(provider),
                name: word(name),
                kind: word(kind),
                wire_name: word(wire),
            })
        }
    };
    (0..).map_while(read).collect()
}

/// The fields of an operation; none if there is no such operation.
pub fn fields(provider: &str, operation: &str) -> Vec<Field> {
    let (provider, operation) = match (c_string("provider", provider), c_string("operation", operation)) {
        (Ok(provider), Ok(operation)) => (provider, operation),
        _ => return Vec::new(),
    };
    let read = |index| {
        let (mut name, mut kind, mut wire, mut about) = (null(), null(), null(), null());
        let mut required = 0;
        // SAFETY: the places are ours, and the strings that come out are never freed.
        unsafe {
            let (p, o) = (provider.as_ptr(), operation.as_ptr());
            let status =
                sys::aigc_request_describe(p, o, index, &mut name, &mut kind, &mut required, &mut wire, &mut about);
            let word = |value| text(value).unwrap_or("");
            (status == sys::AIGC_OK).then(|| Field {
                name: word(name),
                kind: word(kind),
                required: required != 0,
                wire_name: word(wire),
                text: word(about),
            })
        }
    };
    (0..).map_while(read).collect()
}
