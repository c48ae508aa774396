// How --help looks.
#pragma once

namespace CLI {
class App;
}

namespace limpid {

/// Makes the usage line name positionals as their option text says ("[MODEL] PROMPT"). Before any sub-command
/// is added, since those take over the formatter.
void set_help_format(CLI::App& app);

}  // namespace limpid
