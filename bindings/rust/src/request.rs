use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::error::{c_string, done, made};
use crate::{sys, Result};

/// A set of settings, for `Client::new`. One thread at a time: it can be sent to another, not shared.
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<aigc::Config>();
/// ```
pub struct Config(NonNull<sys::aigc_config>, PhantomData<std::cell::Cell<()>>);

// SAFETY: promise 3: a configuration may be used by one thread after another. It is not Sync.
unsafe impl Send for Config {}

impl Config {
    /// All defaults.
    pub fn new() -> Result<Config> {
        // SAFETY: both places are ours.
        let raw = made(|out, error| unsafe { sys::aigc_config_new(out, error) })?;
        Ok(Config(raw, PhantomData))
    }

    /// Sets a key, such as "tencent.region".
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Config> {
        let (name, value) = (c_string("configuration key", key)?, c_string(key, value)?);
        // SAFETY: the handle is ours alone, and the strings are copied by the call.
        done(|error| unsafe { sys::aigc_config_set(self.0.as_ptr(), name.as_ptr(), value.as_ptr(), error) })?;
        Ok(self)
    }

    /// The value of a key, or its default. `None` for an unknown key and for every secret.
    pub fn get(&mut self, key: &str) -> Option<&str> {
        let key = c_string("configuration key", key).ok()?;
        // SAFETY: the string lives as long as the handle, which outlives the borrow.
        unsafe { crate::text(sys::aigc_config_get(self.0.as_ptr(), key.as_ptr())) }
    }

    pub(crate) fn raw(&self) -> *const sys::aigc_config {
        self.0.as_ptr()
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: the last use.
        unsafe { sys::aigc_config_free(self.0.as_ptr()) }
    }
}

/// A value of a request's field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Value<'a> {
        Value::Text(value)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Value<'a> {
        Value::Text(value)
    }
}
impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Whole(value)
    }
}
impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Value::Whole(value.into())
    }
}
impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Value::Whole(value.into())
    }
}
impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Number(value)
    }
}
/// The shortest decimal that gives the same `f32`: 0.8 is sent as 0.8. As `f64` it would have digits that nobody wrote.
impl From<f32> for Value<'_> {
    fn from(value: f32) -> Self {
        Value::Number(value.to_string().parse().unwrap_or(f64::from(value)))
    }
}
impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

/// What to generate. It can be submitted any number of times: each time is a new job and a new bill. One thread at a time:
/// it can be sent to another, not shared.
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<aigc::Request>();
/// ```
pub struct Request(NonNull<sys::aigc_request>, PhantomData<std::cell::Cell<()>>);

// SAFETY: promise 3: a request may be used by one thread after another. It is not Sync.
unsafe impl Send for Request {}

impl Request {
    /// An empty request for an operation of a provider.
    pub fn new(provider: &str, operation: &str) -> Result<Request> {
        let (provider, operation) = (c_string("provider", provider)?, c_string("operation", operation)?);
        // SAFETY: both places are ours, and the strings are copied by the call.
        let raw =
            made(|out, error| unsafe { sys::aigc_request_new(provider.as_ptr(), operation.as_ptr(), out, error) })?;
        Ok(Request(raw, PhantomData))
    }

    /// Sets a field by its neutral name, such as "prompt".
    pub fn set<'a>(&mut self, name: &str, value: impl Into<Value<'a>>) -> Result<&mut Request> {
        let key = c_string("field", name)?;
        let (raw, key) = (self.0.as_ptr(), key.as_ptr());
        // SAFETY, four times: the handle is ours alone, and the strings are copied by the call.
        match value.into() {
            Value::Text(text) => {
                let text = c_string(name, text)?;
                done(|error| unsafe { sys::aigc_request_set_string(raw, key, text.as_ptr(), error) })?
            }
            Value::Whole(number) => done(|error| unsafe { sys::aigc_request_set_int(raw, key, number, error) })?,
            Value::Number(number) => done(|error| unsafe { sys::aigc_request_set_double(raw, key, number, error) })?,
            Value::Bool(flag) => done(|error| unsafe { sys::aigc_request_set_bool(raw, key, flag.into(), error) })?,
        }
        Ok(self)
    }

    /// Sets a field from JSON text: one by its neutral name, or any field of the body as "body.Name".
    pub fn set_json(&mut self, name: &str, json: &str) -> Result<&mut Request> {
        let (key, json) = (c_string("field", name)?, c_string(name, json)?);
        // SAFETY: as above.
        done(|error| unsafe { sys::aigc_request_set_json(self.0.as_ptr(), key.as_ptr(), json.as_ptr(), error) })?;
        Ok(self)
    }

    /// Adds a reference picture that the provider can reach. `reference_type` is Tencent's ReferenceType.
    pub fn add_image(&mut self, url: &str, reference_type: Option<&str>) -> Result<&mut Request> {
        let url = c_string("image URL", url)?;
        let kind = reference_type.map(|kind| c_string("reference type", kind)).transpose()?;
        let kind = kind.as_ref().map_or(std::ptr::null(), |kind| kind.as_ptr());
        // SAFETY: as above; no reference type is NULL.
        done(|error| unsafe { sys::aigc_request_add_image_url(self.0.as_ptr(), url.as_ptr(), kind, error) })?;
        Ok(self)
    }

    /// Sets how the library treats the job: "follow" ("true" or "false"), "deadline_ms",
    /// "traceparent", "tracestate".
    pub fn set_option(&mut self, name: &str, value: &str) -> Result<&mut Request> {
        let (key, value) = (c_string("option", name)?, c_string(name, value)?);
        // SAFETY: as above.
        done(|error| unsafe { sys::aigc_request_set_option(self.0.as_ptr(), key.as_ptr(), value.as_ptr(), error) })?;
        Ok(self)
    }

    pub(crate) fn raw(&self) -> *const sys::aigc_request {
        self.0.as_ptr()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // SAFETY: the last use.
        unsafe { sys::aigc_request_free(self.0.as_ptr()) }
    }
}
