// How --help looks: one width everywhere, options in groups, texts wrapped. docs/reference/ is made from it
// (tools/reference_doc.py).
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace limpid {

/// For `app` and the sub-commands added to it later. `description`: paragraphs of text, one a line.
void set_help_format(CLI::App& app, std::string description = {});

}  // namespace limpid
