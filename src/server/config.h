// What a server offers and allows: from a TOML file, and from options of the command line, which win.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace limpid {

struct ServerConfig {
  std::string host = "127.0.0.1";
  int port = 7860;                      // 0: any free one
  std::string token = {};               // asked for of every request; needed unless host is loopback
  std::vector<std::string> hosts = {};  // names, beside localhost and addresses, that requests may be sent to
  std::vector<std::string> models = {};           // as a MODEL argument; empty: those found on this machine
  std::optional<std::string> default_model = {};  // one of the models, as it is called there
  bool demo = false;   // for visitors: no models that merely lie on the machine, no files
  bool debug = false;  // answers /status
  std::vector<std::string> sample_prompts = {
      "When Mary and John went to the store, John gave a drink to", "The capital of France is",
      "5 + 4 = 9, 2 + 3 =", "The war lasted from the year 1732 to the year 17"};
  std::optional<bool> upload_allowed = {};  // the page reads prompts from files; without it: unless demo
  size_t max_prompt_tokens = 1024;
  size_t max_generated_tokens = 512;
  size_t max_sweep_runs = 10000;
  size_t cache_bytes = 0;   // of the runs that are kept; 0: a quarter of memory, at most 1 GiB
  size_t memory_bytes = 0;  // models and runs; 0: what the machine has free
  int threads = 0;          // 0: one per core
  std::string backend = "cpu";
  size_t computations = 1;  // at a time
  size_t max_waiting = 16;  // computations
  size_t max_streams = 32;  // of server-sent events

  bool offers_upload() const { return upload_allowed.value_or(!demo); }
};

/// Errors: kNotFound and kIo for the file; kInvalidArgument for what is no TOML, an unknown key, and a value
/// of another type or range, with its line.
Result<ServerConfig> read_config(const std::filesystem::path& path);

/// What must hold of the whole. Errors: kInvalidArgument for an address that others reach without a token, or
/// a token that is too short.
Status check_config(const ServerConfig& config);

}  // namespace limpid
