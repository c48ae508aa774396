//! Where Python's own functions differ from minijinja's, and a template's text would show it.

use minijinja::value::{from_args, Kwargs, Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Error, ErrorKind, State};
use minijinja_contrib::pycompat::unknown_method_callback;

const MAX_NESTING: usize = 64;
const MAX_INDENT: usize = 16;
const MAX_JSON: usize = 16 << 20;

fn invalid(problem: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}

/// What str.isspace says of a character: four separators more than Unicode's property.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

pub fn trim(value: &Value, characters: Option<&str>) -> String {
    let text = value.to_string();
    match characters {
        Some(characters) => text.trim_matches(|c| characters.contains(c)).to_string(),
        None => text.trim_matches(is_space).to_string(),
    }
}

/// Python writes microseconds and no time zone, where C's strftime has no microseconds and a time zone.
pub fn check_date_format(format: &str) -> Result<(), Error> {
    let mut rest = format;
    while let Some((_, conversion)) = rest.split_once('%') {
        let conversion = conversion.trim_start_matches(|c: char| "_-0^#:+".contains(c) || c.is_ascii_digit());
        if conversion.starts_with(['f', 'z', 'Z']) {
            return Err(invalid(format!("strftime_now: '%{}' is not supported", &conversion[..1])));
        }
        let mut characters = conversion.chars();
        characters.next();
        rest = characters.as_str();
    }
    Ok(())
}

/// What has a length and items: strings and dictionaries too.
pub fn is_sequence(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map)
}

/// The methods of strings, lists and dictionaries.
pub fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    if let (Some(text), []) = (value.as_str(), args) {
        match name {
            "strip" => return Ok(text.trim_matches(is_space).into()),
            "lstrip" => return Ok(text.trim_start_matches(is_space).into()),
            "rstrip" => return Ok(text.trim_end_matches(is_space).into()),
            "split" => {
                return Ok(text.split(is_space).filter(|word| !word.is_empty()).map(Value::from).collect())
            }
            "splitlines" => return Ok(lines(text).into_iter().map(Value::from).collect()),
            "title" => return Ok(title(text).into()),
            _ => {}
        }
    }
    if name == "split" && args.first().and_then(Value::as_str) == Some("") {
        return Err(invalid("split: the separator is empty".into()));
    }
    unknown_method_callback(state, value, name, args)
}

fn lines(text: &str) -> Vec<&str> {
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut result = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(ends) {
        let (line, tail) = rest.split_at(end);
        result.push(line);
        let mut characters = tail.chars();
        if characters.next() == Some('\r') && characters.clone().next() == Some('\n') {
            characters.next();
        }
        rest = characters.as_str();
    }
    if !rest.is_empty() {
        result.push(rest);
    }
    result
}

/// Upper case for the first letter of each run of letters, lower case for the others.
fn title(text: &str) -> String {
    let is_cased = |c: char| c.is_lowercase() || c.is_uppercase();
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let start = if is_cased(first) { 0 } else { rest.find(is_cased).unwrap_or(rest.len()) };
        let (between, run) = rest.split_at(start);
        let (run, tail) = run.split_at(run.find(|c| !is_cased(c)).unwrap_or(run.len()));
        result.push_str(between);
        if let Some(letter) = run.chars().next() {
            let mut upper = letter.to_uppercase();
            result.extend(upper.next().map(title_letter));
            result.extend(upper.flat_map(char::to_lowercase));
            // Of the whole run, because the last sigma of a word has a form of its own.
            result.extend(run.to_lowercase().chars().skip(letter.to_lowercase().count()));
        }
        rest = tail;
    }
    result
}

/// Upper case but for the letters that are two, of which only the first is.
fn title_letter(upper: char) -> char {
    match upper {
        '\u{1c4}' => '\u{1c5}',
        '\u{1c7}' => '\u{1c8}',
        '\u{1ca}' => '\u{1cb}',
        '\u{1f1}' => '\u{1f2}',
        other => other,
    }
}

/// json.dumps with the options that apply_chat_template gives the filter: ensure_ascii, indent, separators and
/// sort_keys, in this order or by name.
pub fn to_json(value: &Value, options: Rest<ValueOrKwargs>) -> Result<String, Error> {
    let options: Vec<Value> = options.0.into_iter().map(Value::from).collect();
    let is_named = options.last().is_some_and(Value::is_kwargs);
    let (places, named) = options.split_at(options.len() - usize::from(is_named));
    let (named,): (Kwargs,) = from_args(named)?;
    let option = |place: usize, name: &str| -> Result<Value, Error> {
        let by_name: Option<Value> = named.get(name)?;
        Ok(places.get(place).cloned().or(by_name).unwrap_or_default())
    };
    let ensure_ascii = option(0, "ensure_ascii")?.is_true();
    let indent = option(1, "indent")?;
    let separators = option(2, "separators")?;
    let sort_keys = option(3, "sort_keys")?.is_true();
    named.assert_all_used()?;
    let indent = if given(&indent) { Some(usize::try_from(indent)?) } else { None };
    if places.len() > 4 || indent.is_some_and(|indent| indent > MAX_INDENT) {
        return Err(invalid(format!("tojson: expected four options and an indent of at most {MAX_INDENT}")));
    }
    let [item, key] = match (given(&separators), indent) {
        (true, _) => [text_at(&separators, 0)?, text_at(&separators, 1)?],
        (false, Some(_)) => [",".into(), ": ".into()],
        (false, None) => [", ".into(), ": ".into()],
    };
    let mut writer = JsonWriter { ensure_ascii, sort_keys, indent, item, key, out: String::new() };
    writer.value(value, 0)?;
    Ok(writer.out)
}

fn given(option: &Value) -> bool {
    !option.is_undefined() && !option.is_none()
}

fn text_at(list: &Value, at: usize) -> Result<String, Error> {
    Ok(list.get_item_by_index(at)?.to_string())
}

struct JsonWriter {
    ensure_ascii: bool,
    sort_keys: bool,
    indent: Option<usize>,
    item: String,
    key: String,
    out: String,
}

impl JsonWriter {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_NESTING || self.out.len() > MAX_JSON {
            return Err(invalid("tojson: too many levels, or too much text".into()));
        }
        match value.kind() {
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&value.to_string()),
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Seq => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.list(('[', ']'), items, depth, |writer, item| writer.value(&item, depth + 1))?;
            }
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sort_keys {
                    keys.sort();
                }
                self.list(('{', '}'), keys, depth, |writer, key| {
                    writer.key(&key)?;
                    writer.out.push_str(&writer.key.clone());
                    writer.value(&value.get_item(&key)?, depth + 1)
                })?;
            }
            other => return Err(invalid(format!("tojson: JSON has no {other}"))),
        }
        Ok(())
    }

    fn key(&mut self, key: &Value) -> Result<(), Error> {
        match key.kind() {
            ValueKind::String => self.string(key.as_str().unwrap_or_default()),
            ValueKind::None | ValueKind::Bool | ValueKind::Number => {
                self.out.push('"');
                self.value(key, 0)?;
                self.out.push('"');
            }
            other => return Err(invalid(format!("tojson: expected a key, found a {other}"))),
        }
        Ok(())
    }

    fn list(
        &mut self,
        (open, close): (char, char),
        items: Vec<Value>,
        depth: usize,
        mut write: impl FnMut(&mut JsonWriter, Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.out.push(open);
        let is_empty = items.is_empty();
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.out.push_str(&self.item.clone());
            }
            self.new_line(depth + 1);
            write(self, item)?;
        }
        if !is_empty {
            self.new_line(depth);
        }
        self.out.push(close);
        Ok(())
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                c if c < ' '
                    || (self.ensure_ascii && !c.is_ascii())
                    || (self.ensure_ascii && c == '\u{7f}') =>
                {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}
