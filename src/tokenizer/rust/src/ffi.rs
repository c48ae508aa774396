//! The C interface: raw pointers in and out, panics turned into error texts.

use std::ffi::{c_char, c_void, CString};
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::ptr::{null_mut, slice_from_raw_parts_mut};
use std::sync::Once;

use crate::chat;
use crate::tokenizer::{Handle, Outcome};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    data: *const u8,
    size: usize,
}

#[repr(C)]
pub struct Text {
    data: *mut u8,
    size: usize,
}

#[repr(C)]
pub struct Ids {
    data: *mut u32,
    size: usize,
}

#[repr(C)]
pub struct TokenOut {
    content: Text,
    added: bool,
    special: bool,
}

#[repr(C)]
pub struct Chat {
    messages: *const View,
    n_message: usize,
    variables: *const View,
    n_variable: usize,
    add_generation_prompt: bool,
    now: *const c_void,
}

/// A C++ string_view may be empty with a null pointer, which a Rust slice must not have.
unsafe fn slice<'a, T>(data: *const T, size: usize) -> &'a [T] {
    if size == 0 {
        return &[];
    }
    std::slice::from_raw_parts(data, size)
}

impl View {
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        slice(self.data, self.size)
    }
}

fn own<T>(values: Vec<T>) -> (*mut T, usize) {
    let size = values.len();
    (Box::into_raw(values.into_boxed_slice()).cast::<T>(), size)
}

impl Text {
    const NONE: Text = Text { data: null_mut(), size: 0 };

    fn new(text: String) -> Text {
        let (data, size) = own(text.into_bytes());
        Text { data, size }
    }
}

impl Ids {
    fn new(ids: Vec<u32>) -> Ids {
        let (data, size) = own(ids);
        Ids { data, size }
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    format!("the library failed: {}", text.unwrap_or_default())
}

/// Runs `work`; an error or a panic becomes the returned text. The default panic hook would print.
fn guarded(work: impl FnOnce() -> Outcome<()>) -> Text {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => Text::NONE,
        Ok(Err(error)) => Text::new(error),
        Err(payload) => Text::new(panic_text(payload.as_ref())),
    }
}

unsafe fn strings<'a>(views: &[View], what: &str) -> Outcome<Vec<&'a str>> {
    let decode = |(i, view): (usize, &View)| {
        std::str::from_utf8(view.bytes()).map_err(|error| format!("{what} {i}: {error}"))
    };
    views.iter().enumerate().map(decode).collect()
}

unsafe fn pairs<'a>(views: *const View, n: usize, what: &str) -> Outcome<Vec<(&'a str, &'a str)>> {
    let texts = strings(slice(views, 2 * n), what)?;
    Ok(texts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

extern "C" {
    fn strftime(out: *mut c_char, size: usize, format: *const c_char, time: *const c_void) -> usize;
}

/// The C library's `struct tm`, which outlives the call that it was given to.
struct Time(*const c_void);
unsafe impl Send for Time {}
unsafe impl Sync for Time {}

impl Time {
    fn write(&self, format: &str) -> Outcome<String> {
        // An empty result is no failure; with a blank before it, 0 bytes can only mean one.
        let blank = CString::new(format!(" {format}")).map_err(|error| error.to_string())?;
        let mut out = vec![0u8; 512];
        let size = unsafe { strftime(out.as_mut_ptr().cast(), out.len(), blank.as_ptr(), self.0) };
        out.truncate(size);
        let text = String::from_utf8(out).map_err(|error| error.to_string())?;
        text.strip_prefix(' ').map(str::to_string).ok_or("strftime_now: the date is too long".into())
    }
}

#[no_mangle]
pub unsafe extern "C" fn limpid_chat_render(
    template: View,
    chat: *const Chat,
    out: *mut Text,
    refused: *mut bool,
) -> Text {
    guarded(|| {
        let template = strings(&[template], "template")?[0];
        let time = Time((*chat).now);
        let input = chat::Chat {
            messages: pairs((*chat).messages, (*chat).n_message, "message")?,
            variables: pairs((*chat).variables, (*chat).n_variable, "variable")?,
            add_generation_prompt: (*chat).add_generation_prompt,
            clock: Box::new(move |format| time.write(format)),
        };
        match chat::render(template, input) {
            Ok(text) => *out = Text::new(text),
            Err(chat::Failure::Broken(problem)) => return Err(problem),
            Err(chat::Failure::Refused(reason)) => {
                *refused = true;
                return Err(reason);
            }
        }
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_from_json(json: View, out: *mut *mut Handle) -> Text {
    guarded(|| {
        *out = Box::into_raw(Box::new(Handle::from_json(json.bytes())?));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_from_bpe(
    parts: View,
    tokens: *const View,
    n_token: usize,
    merges: *const View,
    n_merge: usize,
    out: *mut *mut Handle,
) -> Text {
    guarded(|| {
        let tokens = strings(slice(tokens, n_token), "token")?;
        let merges = strings(slice(merges, 2 * n_merge), "half merge")?;
        *out = Box::into_raw(Box::new(Handle::from_bpe(parts.bytes(), &tokens, &merges)?));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_add_tokens(handle: *mut Handle, json: View) -> Text {
    guarded(|| (*handle).add_tokens(json.bytes()))
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_set_prefix_space(handle: *mut Handle, add: bool) {
    (*handle).set_prefix_space(add);
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_encode(handle: *const Handle, text: View, out: *mut Ids) -> Text {
    guarded(|| {
        *out = Ids::new((*handle).encode(text.bytes())?);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_prefix(handle: *const Handle, out: *mut Ids) -> Text {
    guarded(|| {
        *out = Ids::new((*handle).prefix()?);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_token(handle: *const Handle, id: u32, out: *mut TokenOut) -> Text {
    guarded(|| {
        let token = (*handle).token(id);
        *out = TokenOut {
            content: token.content.map_or(Text::NONE, Text::new),
            added: token.added,
            special: token.special,
        };
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_id(handle: *const Handle, content: View) -> i64 {
    let look_up = || (*handle).id(content.bytes()).map_or(-1, i64::from);
    catch_unwind(AssertUnwindSafe(look_up)).unwrap_or(-1)
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_size(handle: *const Handle) -> u64 {
    (*handle).size()
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_decoder(handle: *const Handle, out: *mut Text) -> Text {
    guarded(|| {
        *out = Text::new((*handle).decoder()?);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn limpid_tokenizer_free(handle: *mut Handle) {
    if !handle.is_null() {
        drop(Box::from_raw(handle));
    }
}

#[no_mangle]
pub unsafe extern "C" fn limpid_text_free(text: Text) {
    if !text.data.is_null() {
        drop(Box::from_raw(slice_from_raw_parts_mut(text.data, text.size)));
    }
}

#[no_mangle]
pub unsafe extern "C" fn limpid_ids_free(ids: Ids) {
    if !ids.data.is_null() {
        drop(Box::from_raw(slice_from_raw_parts_mut(ids.data, ids.size)));
    }
}
