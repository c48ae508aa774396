// From a template and words to an example, as far as the tokenizer goes along.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyses/datasets/example_source.h"

namespace limpid {

struct Slot {
  std::string_view name;
  std::string text;
};

/// The pattern with every {name} replaced. CHECKs that each has a slot.
std::string fill(std::string_view pattern, std::span<const Slot> slots);

/// The id that `text` adds behind the prompt; nothing where it adds more, or changes what is before it.
std::optional<int> continuation(const DatasetVocabulary& vocabulary, std::string_view prompt,
                                std::span<const int> ids, std::string_view text);

/// Of `words`, those that are one token behind a blank.
std::vector<std::string_view> single_tokens(const DatasetVocabulary& vocabulary,
                                            std::span<const std::string_view> words);

/// Fills in ids, counterfactual_ids and changed. False where the two are not as long, or differ in other than
/// least .. most tokens.
bool set_ids(DatasetExample& example, const DatasetVocabulary& vocabulary, size_t least, size_t most);

/// Fills in target_id and versus_id, and the lists of these alone. False where one is not a single token.
bool set_answers(DatasetExample& example, const DatasetVocabulary& vocabulary);

/// Adds the position of the token that ends with a slot of the pattern, for each slot of `names`. False where
/// a token goes on behind the slot.
bool add_positions(DatasetExample& example, const DatasetVocabulary& vocabulary, std::span<const Slot> slots,
                   std::span<const std::string_view> names);

/// One of request.templates, or of all: a number from 1.
int draw_template(std::mt19937_64& random, const DatasetRequest& request, size_t n_pattern);

}  // namespace limpid
