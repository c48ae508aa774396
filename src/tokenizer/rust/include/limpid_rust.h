/* C interface of the Rust library limpid_rust: Hugging Face's tokenizers crate behind opaque handles, and
 * chat templates rendered by the minijinja crate.
 *
 * Functions that can fail return an error text: data is NULL on success, otherwise the caller frees it.
 * Nothing here prints, aborts or unwinds; a panic inside the crate comes back as an error text.
 * A const handle may be used by several threads at once.
 */
#ifndef LIMPID_RUST_H_
#define LIMPID_RUST_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct LimpidTokenizer LimpidTokenizer;

/* Borrowed bytes. */
typedef struct {
  const char* data;
  size_t size;
} LimpidView;

/* Owned bytes, UTF-8, not terminated; release with limpid_text_free. */
typedef struct {
  char* data;
  size_t size;
} LimpidText;

/* Owned token ids; release with limpid_ids_free. */
typedef struct {
  uint32_t* data;
  size_t size;
} LimpidIds;

typedef struct {
  LimpidText content; /* data is NULL when the id is not in the vocabulary */
  bool added;         /* matched as a whole in the text, before the model sees it */
  bool special;
} LimpidToken;

/* From the bytes of a tokenizer.json. Truncation and padding written in it are switched off. */
LimpidText limpid_tokenizer_from_json(LimpidView json, LimpidTokenizer** out);

/* From `parts`, a tokenizer.json whose BPE model has no vocabulary, plus the vocabulary as arrays: token i
 * has id i (an empty text leaves its id unused), merge i joins merges[2 i] and merges[2 i + 1], best first.
 */
LimpidText limpid_tokenizer_from_bpe(LimpidView parts, const LimpidView* tokens, size_t n_token,
                                     const LimpidView* merges, size_t n_merge, LimpidTokenizer** out);

/* Adds tokens given as a JSON array of the objects that "added_tokens" of a tokenizer.json holds (their
 * "id" is ignored: a text the vocabulary has keeps its id, another gets the next). Known ones are skipped. */
LimpidText limpid_tokenizer_add_tokens(LimpidTokenizer* tokenizer, LimpidView json);

/* Sets add_prefix_space of a ByteLevel pre-tokenizer; one inside a Sequence is left as it is. */
void limpid_tokenizer_set_prefix_space(LimpidTokenizer* tokenizer, bool add);

/* Ids of a UTF-8 text, without what the post-processor would put around it. */
LimpidText limpid_tokenizer_encode(const LimpidTokenizer* tokenizer, LimpidView text, LimpidIds* out);

/* Ids that the post-processor puts before a text. */
LimpidText limpid_tokenizer_prefix(const LimpidTokenizer* tokenizer, LimpidIds* out);

LimpidText limpid_tokenizer_token(const LimpidTokenizer* tokenizer, uint32_t id, LimpidToken* out);

/* Id of a token's text, -1 when there is none. */
int64_t limpid_tokenizer_id(const LimpidTokenizer* tokenizer, LimpidView content);

/* The largest id plus one. */
uint64_t limpid_tokenizer_size(const LimpidTokenizer* tokenizer);

/* The decoder as JSON, "null" when there is none. */
LimpidText limpid_tokenizer_decoder(const LimpidTokenizer* tokenizer, LimpidText* out);

/* What a chat template is given. `messages` holds the role and the content of each, one after the other,
 * `variables` names and texts (bos_token). `now` is what strftime_now tells. */
typedef struct {
  const LimpidView* messages;
  size_t n_message;
  const LimpidView* variables;
  size_t n_variable;
  bool add_generation_prompt;
  const struct tm* now;
} LimpidChat;

/* Renders a Jinja template. Work, memory and recursion are bounded. Sets *refused when the error text is what
 * the template itself gave to raise_exception. Error texts are printable. */
LimpidText limpid_chat_render(LimpidView source, const LimpidChat* chat, LimpidText* out, bool* refused);

void limpid_tokenizer_free(LimpidTokenizer* tokenizer);
void limpid_text_free(LimpidText text);
void limpid_ids_free(LimpidIds ids);

#ifdef __cplusplus
}
#endif

#endif /* LIMPID_RUST_H_ */
