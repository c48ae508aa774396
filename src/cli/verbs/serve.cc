#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>

#include "server/server.h"

#include "cli/options.h"
#include "cli/verb.h"

namespace limpid {

namespace {

constexpr std::chrono::milliseconds kPatience(1500);
constexpr const char* kNetworkGroup = "Network";

/// Values that were given replace those of the file.
struct Options {
  std::string config_path;
  ServerConfig given;
  std::vector<std::pair<CLI::Option*, std::function<void(ServerConfig&)>>> overrides;

  template <class T>
  CLI::Option* add(CLI::App& app, const char* name, T ServerConfig::*member, const char* text) {
    CLI::Option* option = app.add_option(name, given.*member, text);
    overrides.emplace_back(option, [this, member](ServerConfig& config) { config.*member = given.*member; });
    return option;
  }

  CLI::Option* add_flag(CLI::App& app, const char* name, bool ServerConfig::*member, const char* text) {
    CLI::Option* option = app.add_flag(name, given.*member, text);
    overrides.emplace_back(option, [this, member](ServerConfig& config) { config.*member = given.*member; });
    return option;
  }

  Result<ServerConfig> config() const {
    ServerConfig config;
    if (!config_path.empty()) {
      LIMPID_TRY(config, read_config(config_path));
    }
    for (const auto& [option, apply] : overrides) {
      if (option->count() > 0) apply(config);
    }
    return config;
  }
};

/// The signals that end the server; they are taken by sigwait in the main thread alone.
sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

/// Large blocks go back to the system as soon as they are free, and threads share their small ones: a server
/// lives long, and its memory is what cache_bytes says.
void keep_memory_tight() {
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_ARENA_MAX, 2);
}

Status run_serve(const Options& options) {
  keep_memory_tight();
  LIMPID_TRY(const ServerConfig config, options.config());
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts: they inherit it
  LIMPID_TRY(std::unique_ptr<Server> server, Server::start(config));
  fmt::print("{}\n", server->url());
  fmt::print("models: {}\nCtrl-C ends it\n", fmt::join(server->model_names(), ", "));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  if (!server->stop(kPatience))
    std::_Exit(0);  // a computation that cannot be interrupted holds nothing of value
  return {};
}

void add_compute_options(CLI::App& app, Options& options) {
  options
      .add(app, "--cache", &ServerConfig::cache_bytes,
           "Memory for runs that are kept, as 2G or 500M. Without it a quarter of memory, at most 1 GiB")
      ->transform(CLI::AsSizeValue(false))
      ->option_text("SIZE")
      ->group(kComputeGroup);
  options
      .add(app, "--memory", &ServerConfig::memory_bytes,
           "Memory that models and runs may take together. Without it: what is free")
      ->transform(CLI::AsSizeValue(false))
      ->option_text("SIZE")
      ->group(kComputeGroup);
  options.add(app, "--max-prompt-tokens", &ServerConfig::max_prompt_tokens, "Longer prompts are refused")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str()
      ->group(kComputeGroup);
  options.add(app, "--threads", &ServerConfig::threads, "Threads to use; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kComputeGroup);
  options.add(app, "--backend", &ServerConfig::backend, "cpu, or reference: slow scalar loops")
      ->capture_default_str()
      ->group(kComputeGroup);
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options
      ->add(app, "models", &ServerConfig::models,
            "Models that may be used, the default one first: GGUF files, Hugging Face folders, ids in its "
            "cache, names of Ollama. Without any, all that `limpid models` finds")
      ->option_text("[MODEL...]")
      ->group(kModelGroup);
  app.add_option("--config", options->config_path,
                 "Configuration in TOML (docs/serve.md); options win over it")
      ->option_text("FILE");
  options->add_flag(app, "--debug", &ServerConfig::debug,
                    "Answers /api/v1/status: memory, the cache, and what is computed");
  options
      ->add(app, "--host", &ServerConfig::host, "Address to listen on; one that others reach needs a token")
      ->capture_default_str()
      ->group(kNetworkGroup);
  options->add(app, "--port", &ServerConfig::port, "Port; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str()
      ->group(kNetworkGroup);
  options
      ->add(app, "--token", &ServerConfig::token,
            "Secret that every request needs. Users of this machine can see it in the list of processes; "
            "`token` in the configuration file they cannot")
      ->option_text("TEXT")
      ->group(kNetworkGroup);
  add_compute_options(app, *options);
  return [options] { return run_serve(*options); };
}

}  // namespace

extern const Verb k_serve;
const Verb k_serve = {"serve", "Serve the web app on this machine", "limpid serve", define,
                      "Prints the address where a browser finds the web app, and answers until it is "
                      "interrupted. The interface behind the page is described at /api/v1/openapi.json."};

}  // namespace limpid
