//! Chat templates, rendered as Hugging Face's `apply_chat_template` renders them: Jinja with trimmed blocks,
//! loop controls, Python's methods, and three names that Jinja itself does not have.

use std::borrow::Cow;
use std::fmt;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind};

use crate::python;
use crate::tokenizer::Outcome;

/// Instructions plus one for each 64 bytes made: under a second and 128 MiB, for the most hostile template.
const FUEL: u64 = 2_000_000;
const MAX_RECURSION: usize = 300;
const MAX_MESSAGE: usize = 400;

/// Writes the time that a format of `strftime` asks for.
pub type Clock = Box<dyn Fn(&str) -> Outcome<String> + Send + Sync>;

pub struct Chat<'a> {
    pub messages: Vec<(&'a str, &'a str)>,  // role, content
    pub variables: Vec<(&'a str, &'a str)>, // bos_token and the like
    pub add_generation_prompt: bool,
    pub clock: Clock,
}

pub enum Failure {
    /// The template called raise_exception.
    Refused(String),
    Broken(String),
}

/// What the template said to raise_exception.
#[derive(Debug)]
struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

pub fn render(source: &str, chat: Chat) -> Result<String, Failure> {
    let source = source.replace("\r\n", "\n").replace('\r', "\n"); // as Jinja reads it
    let source = with_plain_generation(&source);
    let context = context(&chat);
    let environment = environment(chat.clock).map_err(failure)?;
    let template = environment.template_from_named_str("chat_template", &source).map_err(failure)?;
    template.render(context).map_err(failure)
}

fn environment<'a>(clock: Clock) -> Result<Environment<'a>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_RECURSION);
    environment.set_unknown_method_callback(python::method);
    environment.add_filter("trim", python::trim);
    environment.add_filter("tojson", python::to_json);
    environment.add_test("sequence", python::is_sequence);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", move |format: &str| {
        python::check_date_format(format)?;
        clock(format).map_err(|error| Error::new(ErrorKind::InvalidOperation, error))
    });
    environment.remove_global("debug"); // Jinja has none, and templates ask whether a name is defined
    Ok(environment)
}

fn context(chat: &Chat) -> Value {
    let message = |(role, content): &(&str, &str)| {
        Value::from_pairs([("role", Value::from(*role)), ("content", Value::from(*content))])
    };
    let messages: Value = chat.messages.iter().map(message).collect();
    let given = [
        ("messages", messages),
        ("tools", Value::from(())),
        ("documents", Value::from(())),
        ("add_generation_prompt", Value::from(chat.add_generation_prompt)),
    ];
    let named = chat.variables.iter().map(|(name, text)| (*name, Value::from(*text)));
    Value::from_pairs(given.into_iter().chain(named))
}

fn raise_exception(message: Value) -> Result<Value, Error> {
    let error = Error::new(ErrorKind::InvalidOperation, "raise_exception");
    Err(error.with_source(Refusal(message.to_string())))
}

/// Safe to print: no control characters, and not as long as a template may like.
fn printable(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let mut result: String = text.chars().take(MAX_MESSAGE).map(escape).collect();
    if text.chars().nth(MAX_MESSAGE).is_some() {
        result.push_str("...");
    }
    result
}

fn failure(error: Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut deepest = &error;
    while let Some(current) = cause {
        if let Some(refusal) = current.downcast_ref::<Refusal>() {
            return Failure::Refused(printable(&refusal.0));
        }
        deepest = current.downcast_ref::<Error>().unwrap_or(deepest);
        cause = current.source();
    }
    let line = deepest.line().map_or(String::new(), |line| format!("line {line}: "));
    let problem = match (deepest.kind(), deepest.detail()) {
        (ErrorKind::OutOfFuel, _) => "takes too long, or makes too much text".to_string(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    Failure::Broken(line + &printable(&problem))
}

/// `{% generation %}` marks what a model wrote, for training; for a text it is a scope and no more.
fn with_plain_generation(source: &str) -> Cow<'_, str> {
    if !source.contains("generation") {
        return Cow::Borrowed(source);
    }
    let mut result = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find('{') {
        let (text, tag) = rest.split_at(start);
        result.push_str(text);
        let size = tag_size(tag);
        let word = tag.strip_prefix("{%").map_or("", first_word);
        let size = if word == "raw" { raw_size(tag) } else { size };
        match word {
            "generation" | "endgeneration" => {
                let plain = if word == "generation" { "with" } else { "endwith" };
                result.push_str(&tag[..size].replacen(word, plain, 1));
            }
            _ => result.push_str(&tag[..size]),
        }
        rest = &tag[size..];
    }
    result.push_str(rest);
    Cow::Owned(result)
}

fn first_word(inside: &str) -> &str {
    let inside = inside.trim_start_matches(['-', '+']).trim_start();
    inside.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
}

/// Bytes of the tag, expression or comment that the text begins with; of a lone brace, one.
fn tag_size(text: &str) -> usize {
    let end = match text.as_bytes().get(1) {
        Some(b'%') => "%}",
        Some(b'{') => "}}",
        Some(b'#') => return text.find("#}").map_or(text.len(), |at| at + 2),
        _ => return 1,
    };
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(2) {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if text[at..].starts_with(end) => return at + 2,
            None => {}
        }
    }
    text.len()
}

/// Bytes of the raw block that the text begins with, without the tag that ends it.
fn raw_size(text: &str) -> usize {
    let mut at = tag_size(text);
    while let Some(next) = text[at..].find("{%") {
        if first_word(&text[at + next + 2..]) == "endraw" {
            return at + next;
        }
        at += next + 2;
    }
    text.len()
}
