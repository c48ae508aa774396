//! What limpid needs of a tokenizer, in safe Rust.

use ahash::AHashMap;
use tokenizers::models::bpe::BPE;
use tokenizers::{AddedToken, Encoding, ModelWrapper, PreTokenizerWrapper, Token, Tokenizer};

pub type Outcome<T> = Result<T, String>;

pub struct Handle {
    inner: Tokenizer,
    size: u64,
}

#[derive(Default)]
pub struct TokenInfo {
    pub content: Option<String>,
    pub added: bool,
    pub special: bool,
}

fn text<E: ToString>(error: E) -> String {
    error.to_string()
}

fn parse(json: &[u8]) -> Outcome<Tokenizer> {
    let mut inner = Tokenizer::from_bytes(json).map_err(text)?;
    inner.with_truncation(None).map_err(text)?;
    inner.with_padding(None);
    Ok(inner)
}

impl Handle {
    pub fn from_json(json: &[u8]) -> Outcome<Handle> {
        let inner = parse(json)?;
        let largest = inner.get_vocab(true).into_values().max();
        let size = largest.map_or(0, |id| u64::from(id) + 1);
        Ok(Handle { inner, size })
    }

    pub fn from_bpe(parts: &[u8], tokens: &[&str], merges: &[&str]) -> Outcome<Handle> {
        let mut inner = parse(parts)?;
        let ModelWrapper::BPE(options) = inner.get_model() else {
            return Err("expected a BPE model".into());
        };
        let model = build_bpe(options, tokens, merges)?;
        inner.with_model(model);
        Ok(Handle { inner, size: tokens.len() as u64 })
    }

    pub fn add_tokens(&mut self, json: &[u8]) -> Outcome<()> {
        let tokens: Vec<AddedToken> = serde_json::from_slice(json).map_err(text)?;
        self.inner.add_tokens(&tokens);
        let added = self.inner.get_added_vocabulary().get_vocab().values().max();
        self.size = self.size.max(added.map_or(0, |id| u64::from(*id) + 1));
        Ok(())
    }

    pub fn set_prefix_space(&mut self, add: bool) {
        if let Some(PreTokenizerWrapper::ByteLevel(step)) = self.inner.get_pre_tokenizer() {
            let step = step.add_prefix_space(add);
            self.inner.with_pre_tokenizer(Some(step));
        }
    }

    pub fn encode(&self, input: &[u8]) -> Outcome<Vec<u32>> {
        let input = std::str::from_utf8(input).map_err(text)?;
        let encoding = self.inner.encode_fast(input, false).map_err(text)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Sends a stand-in token through the post-processor and returns what appears before it.
    pub fn prefix(&self) -> Outcome<Vec<u32>> {
        let stand_in = Token::new(u32::MAX, String::new(), (0, 0));
        let encoding = Encoding::from_tokens(vec![stand_in], 0);
        let processed = self.inner.post_process(encoding, None, true).map_err(text)?;
        let before = processed.get_ids().iter().copied().take_while(|id| *id != u32::MAX);
        Ok(before.collect())
    }

    pub fn token(&self, id: u32) -> TokenInfo {
        if let Some(token) = self.inner.get_added_vocabulary().get_added_tokens_decoder().get(&id) {
            return TokenInfo { content: Some(token.content.clone()), added: true, special: token.special };
        }
        TokenInfo { content: self.inner.id_to_token(id), ..TokenInfo::default() }
    }

    pub fn id(&self, content: &[u8]) -> Option<u32> {
        self.inner.token_to_id(std::str::from_utf8(content).ok()?)
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn decoder(&self) -> Outcome<String> {
        serde_json::to_string(&self.inner.get_decoder()).map_err(text)
    }
}

fn build_bpe(options: &BPE, tokens: &[&str], merges: &[&str]) -> Outcome<BPE> {
    let mut vocabulary = AHashMap::with_capacity(tokens.len());
    for (i, token) in tokens.iter().enumerate().filter(|(_, token)| !token.is_empty()) {
        let id = u32::try_from(i).map_err(text)?;
        if let Some(first) = vocabulary.insert(token.to_string(), id) {
            return Err(format!("tokens {first} and {id} are both '{token}'"));
        }
    }
    let merges = merges.chunks_exact(2).map(|pair| (pair[0].to_string(), pair[1].to_string())).collect();
    let mut builder = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .fuse_unk(options.fuse_unk)
        .byte_fallback(options.byte_fallback)
        .ignore_merges(options.ignore_merges);
    if let Some(unknown) = &options.unk_token {
        builder = builder.unk_token(unknown.clone());
    }
    builder.build().map_err(text)
}
