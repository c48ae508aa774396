// What a pickle's references to Python's functions, and calls of them, mean for weights. Internal to
// pickle.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "checkpoint/pickle.h"

namespace limpid {

/// The value of `module.name`; nullopt for all that weights do not need.
std::optional<PickleValue> pickle_global(std::string_view module, std::string_view name);

/// What a call or a persistent id gives: a new value, one that was there before, or what is wrong.
using PickleCall = std::variant<PickleValue, PickleRef, std::string>;

PickleCall call_pickle_function(const Pickle& pickle, PickleFunction function, const PickleTuple& arguments);

/// A storage from ('storage', type, key, location, number of elements).
PickleCall load_pickle_storage(const Pickle& pickle, const PickleValue& id);

}  // namespace limpid
