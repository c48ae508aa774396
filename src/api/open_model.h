// From the names that a user gives to an open checkpoint.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "limpid/session.h"

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

/// The budget of a run in bytes: what was asked for, or nine tenths of what the machine has free, less the
/// room that the file's pages take while it is read (but at least half of that): weights that push them out
/// have to be read twice.
size_t memory_budget(const OpenOptions& options, const Checkpoint& checkpoint);

/// What a model is called that was asked for as `name` and lies at `path`: the name, or of a path its file
/// stem or folder name.
std::string display_name(std::string_view name, const std::filesystem::path& path);

/// `model`: as locate_model takes it. `adapter`: a folder of a LoRA adapter, or an id of one in the local
/// cache; empty for none. Errors: as locate_model, open_checkpoint and add_adapter.
Result<Checkpoint> open_model(std::string_view model, std::string_view adapter);

}  // namespace limpid
